/**
 * Diagnosis of a training run from the metrics of its batches and the activity of its layers after training.
 *
 * Each finding is a fact with its numbers. The remedy depends on the run's options; the command line names it.
 * The bounds are rules of thumb. They lie between the values of presets, deep and recurrent networks that learn and those of
 * the same networks where they do not (`tests/training/diagnosis_test.ts`).
 */
import type { Chance } from "../network/loss.ts";
import { populationsFrom } from "../network/paths.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { isLearned, structureOf } from "../network/structure.ts";
import type { LayerActivity } from "./activity.ts";
import type { BatchMetrics } from "./batch_metrics.ts";
import { learningStatusOf } from "./guessing.ts";
import type { Score } from "./score.ts";

/** A finding. Layers count from 1, in the order of the network's description; the output layer is the one that is read out. */
export type Finding =
  /** The network is no better than a constant answer, or far too confident in wrong ones. */
  | {
    readonly kind: "guessing" | "overconfident";
    readonly loss: number;
    readonly chance: number;
  }
  /** The loss fell to `from`, and later rose to `to`, a mean over some batches of which this is the first. */
  | {
    readonly kind: "jumpingLoss";
    readonly from: number;
    readonly to: number;
    readonly epoch: number;
    readonly batch: number;
  }
  /** In a share of the batches the layer's gradient was {@linkcode EXPLODED} times the output layer's or more; the largest of them. */
  | {
    readonly kind: "explodingGradient";
    readonly layer: number;
    /** `null` where it was infinite or NaN. */
    readonly norm: number | null;
    readonly top: number | null;
    readonly epoch: number;
    readonly batch: number;
    readonly share: number;
  }
  /** In the second half of the batches the layer's gradient was next to nothing beside the output layer's. */
  | {
    readonly kind: "vanishingGradient";
    readonly layer: number;
    /** Each layer's norm, over the output layer's, in the order of the description; medians of the second half. */
    readonly ratios: readonly number[];
    /** The layer's, over the output layer's, when training began. */
    readonly first: number;
  }
  /** Currents and weights have exploded. */
  | { readonly kind: "exploded"; readonly layer: number; readonly current: number; readonly weight: number }
  /** Many units never fired, and some or all of these have no gradient. */
  | {
    readonly kind: "silent";
    readonly layer: number;
    readonly silent: number;
    readonly withoutGradient: number;
    readonly units: number;
  }
  /** Units fire at hardly any step. */
  | { readonly kind: "rare"; readonly layer: number; readonly firingRate: number }
  /** Units fire at most steps. */
  | {
    readonly kind: "saturated";
    readonly layer: number;
    readonly firingRate: number;
    readonly saturated: number;
    readonly units: number;
  };

/** The data to diagnose. */
export interface Learned {
  /** Activity of all layers, after training. */
  readonly layers: readonly LayerActivity[];
  readonly spec: NetworkSpec;
  /** Metrics of all batches, in order. */
  readonly history: readonly BatchMetrics[];
  /** Score on the test set, after training. */
  readonly test: Score;
  /** The score of guessing on the test set. */
  readonly chance: Chance;
}

/**
 * A layer's gradient has exploded if it is this many times the output layer's in at least this share of the batches. Gradients of the
 * presets are up to 20 times as long; in deep networks that learn well one in ten may reach the bound.
 */
export const EXPLODED = 100;
const OFTEN_EXPLODED = 0.2;
/** A gradient has vanished at this share of the output layer's or less. */
const VANISHED = 0.02;
/** A gradient has also vanished at this share, where it has fallen by so much since training began. */
const FALLEN = 0.1;
const FALL = 100;
/** A loss has jumped if it is this many times the lowest one before, and higher by this share of guessing's loss. */
const JUMP = 1.5;
const JUMP_OF_CHANCE = 0.5;
/** Losses are averaged over at least this many samples; a run is divided into at most this many stretches. */
const STRETCH = 100;
const MOST_STRETCHES = 50;
/** A layer counts as silent or saturated when more than this share of its units is. */
export const MANY_SILENT = 0.3;
export const MANY_SATURATED = 0.05;
/** Firing rates, as a share of steps, outside of which learning is hard in practice. */
const RARE = 0.005;
export const OFTEN = 0.5;
/** Currents have exploded at this many times the threshold. */
const HUGE = 1000;

/** Diagnoses a run. Findings that explain most come first; a network that learned as it should has none. */
export function diagnose(learned: Learned): Finding[] {
  const { spec } = learned, top = structureOf(spec).readout.index;
  const activity = learned.layers.flatMap((layer, i) =>
    findingsOf(layer, i !== top && populationsFrom(spec, i).has(top))
  );
  const jump = jumpOf(learned);
  const status = learningStatusOf(learned.test, learned.chance);
  const { loss } = learned.test, chance = learned.chance.loss;
  return [
    ...explodedGradients(learned),
    ...(jump ? [jump] : []),
    ...vanishedGradients(learned),
    ...activity,
    ...(status === "guessing" ? [{ kind: "guessing", loss, chance } as const] : []),
    ...(status === "sure of wrong answers" ? [{ kind: "overconfident", loss, chance } as const] : []),
  ];
}

/** Gradient norms of a batch, by layer. */
type LayerNorms = Pick<BatchMetrics, "epoch" | "batch"> & { readonly norms: readonly (number | null)[] };

/** Whether a layer has parameters, and with them a gradient. */
function hasGradient(spec: NetworkSpec, layer: number): boolean {
  return structureOf(spec).tensors.some((tensor) => tensor.population === layer && isLearned(tensor));
}

/** Gradient norms of the batches that recorded them. */
function normsOf(history: readonly BatchMetrics[]): LayerNorms[] {
  return history.flatMap(({ epoch, batch, gradientNorms: norms }) =>
    norms && norms.length > 0 ? [{ epoch, batch, norms }] : []
  );
}

/** Finds the layer whose gradient exploded the most, if one did. */
function explodedGradients(learned: Learned): Finding[] {
  const batches = normsOf(learned.history), least = OFTEN_EXPLODED * batches.length;
  const top = structureOf(learned.spec).readout.index;
  if (!hasGradient(learned.spec, top)) return [];
  const layers = batches[0]?.norms.length ?? 0;
  const found = Array.from({ length: layers }, (_, i) => {
    const exploded = batches.map((batch) => {
      const norm = batch.norms[i] ?? null, ofTop = batch.norms[top] ?? null;
      const lost = norm === null || ofTop === null;
      const ratio = lost ? Infinity : norm === 0 || i === top ? 0 : norm / ofTop;
      return { ...batch, norm, top: ofTop, ratio };
    }).filter(({ ratio }) => ratio >= EXPLODED);
    return { layer: i + 1, exploded };
  }).filter(({ exploded }) =>
    exploded.length > 0 && (exploded.length >= least || exploded.some(({ ratio }) => ratio === Infinity))
  );
  if (found.length === 0) return [];
  const largest = (batches: (typeof found)[number]["exploded"]) =>
    batches.reduce((most, each) => each.ratio > most.ratio ? each : most);
  const { layer, exploded } = found.reduce((most, each) =>
    largest(each.exploded).ratio > largest(most.exploded).ratio ? each : most
  );
  const { norm, top: ofTop, epoch, batch } = largest(exploded);
  const share = exploded.length / batches.length;
  return [{ kind: "explodingGradient", layer, norm, top: ofTop, epoch, batch, share }];
}

/** Finds the first layer whose gradient vanished in the backward pass, if no silent layers cut it off from the output layer. */
function vanishedGradients(learned: Learned): Finding[] {
  const batches = normsOf(learned.history), { spec, layers } = learned, top = structureOf(spec).readout.index;
  const begun = ratiosOf(batches.slice(0, Math.ceil(batches.length / 50)), top);
  const ratios = ratiosOf(batches.slice(Math.floor(batches.length / 2)), top);
  if (!begun || !ratios) return [];
  // Below a silent layer hardly any gradient is left: the silent layer is the finding.
  const isSilent = (layer: number) => layer !== top && layers[layer]?.silent === layers[layer]?.units;
  const isCutOff = (layer: number) => !populationsFrom(spec, layer, isSilent).has(top);
  const layer = ratios.findIndex((ratio, i) => {
    const hasFallen = ratio <= FALLEN && ratio <= begun[i]! / FALL;
    return (ratio <= VANISHED || hasFallen) && hasGradient(spec, i) && !isCutOff(i);
  });
  if (layer < 0) return [];
  return [{ kind: "vanishingGradient", layer: layer + 1, ratios, first: begun[layer]! }];
}

/** Each layer's median norm relative to the output layer's; undefined where the output layer's is 0. */
function ratiosOf(batches: readonly LayerNorms[], top: number): number[] | undefined {
  const medians = mediansOf(batches), ofTop = medians[top];
  return ofTop !== undefined && ofTop > 0 && Number.isFinite(ofTop)
    ? medians.map((median) => median / ofTop)
    : undefined;
}

function mediansOf(batches: readonly LayerNorms[]): number[] {
  return Array.from(
    { length: batches[0]?.norms.length ?? 0 },
    (_, i) => medianOf(batches.map(({ norms }) => norms[i] ?? Infinity)),
  );
}

/** Each layer's median norm in the second half of the batches, in the order of the description; `null` where it is not finite. */
export function typicalNorms(history: readonly BatchMetrics[]): (number | null)[] {
  const batches = normsOf(history);
  return mediansOf(batches.slice(Math.floor(batches.length / 2)))
    .map((median) => Number.isFinite(median) ? median : null);
}

/** The median, the upper of the two middle numbers of an even count; NaN of none. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Finds the largest jump of the loss, if there is one. */
function jumpOf({ history, chance }: Learned): Finding | undefined {
  let least = Infinity;
  let jump: Extract<Finding, { kind: "jumpingLoss" }> | undefined;
  for (const { loss, epoch, batch } of stretchesOf(history)) {
    const isJump = loss >= JUMP * least && loss - least >= JUMP_OF_CHANCE * chance.loss && chance.loss > 0;
    if (isJump && (!jump || loss - least > jump.to - jump.from)) {
      jump = { kind: "jumpingLoss", from: least, to: loss, epoch, batch };
    }
    least = Math.min(least, loss);
  }
  return jump;
}

/** Mean losses over stretches of batches. */
function stretchesOf(history: readonly BatchMetrics[]) {
  const all = history.reduce((sum, { samples }) => sum + samples, 0);
  const size = Math.max(STRETCH, all / MOST_STRETCHES);
  const stretches: { loss: number; epoch: number; batch: number }[] = [];
  let samples = 0, sum = 0, first: BatchMetrics | undefined;
  for (const metrics of history) {
    first ??= metrics;
    samples += metrics.samples;
    sum += metrics.loss * metrics.samples;
    if (samples < size) continue;
    stretches.push({ loss: sum / samples, epoch: first.epoch, batch: first.batch });
    samples = sum = 0, first = undefined;
  }
  return stretches; // the remaining batches are too few for a mean
}

/**
 * Findings of one layer.
 *
 * @param isHidden Its spikes reach the output layer. Others may be silent: the output layer's spikes only reset the potentials that are
 * read out, and no answer depends on a branch that is not read.
 */
function findingsOf(activity: LayerActivity, isHidden: boolean): Finding[] {
  const { layer, firingRate, silent, saturated, withoutGradient, threshold, units, steps, current } =
    activity;
  if (firingRate === null || silent === null || saturated === null || threshold === null) return [];
  const findings: Finding[] = [];
  if (!(current.largest <= HUGE * Math.max(1, Math.abs(threshold)))) {
    findings.push({ kind: "exploded", layer, current: current.largest, weight: activity.largestWeight });
  }
  if (isHidden && silent > MANY_SILENT * units) {
    findings.push({ kind: "silent", layer, silent, withoutGradient: withoutGradient ?? 0, units });
  } else if (isHidden && firingRate < RARE) {
    findings.push({ kind: "rare", layer, firingRate });
  }
  if (steps > 1 && !activity.firesMany && (saturated > MANY_SATURATED * units || firingRate > OFTEN)) {
    findings.push({ kind: "saturated", layer, firingRate, saturated, units });
  }
  return findings;
}
