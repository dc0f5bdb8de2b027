/**
 * What stands out in how a network learned: from the lines of its batches, and from a look at its layers in the end.
 *
 * Each finding is a fact with its numbers. What to do about it depends on how it was asked for, and is the command line's to say.
 * The bounds are rules of thumb. They were set between what presets, deep and recurrent networks show while they learn, and what
 * the same networks show where they do not (`tests/training/diagnosis_test.ts`).
 *
 * @module
 */
import type { Chance } from "../network/loss.ts";
import type { LayerActivity } from "./activity.ts";
import type { BatchMetrics } from "./batch_metrics.ts";
import { learningStatusOf } from "./guessing.ts";
import type { Score } from "./score.ts";

/** Something that stands out. Layers count from 1. */
export type Finding =
  /** No better than a constant answer, or far too sure of wrong ones. */
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
  /** In a share of the batches the layer's gradient was {@linkcode EXPLODED} times the top layer's or more; the largest of them. */
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
  /** In the second half of the batches the layer's gradient was next to nothing beside the top layer's. */
  | {
    readonly kind: "vanishingGradient";
    readonly layer: number;
    /** Each layer's norm, over the top layer's, from the lowest one up; medians of the second half. */
    readonly ratios: readonly number[];
    /** The layer's, over the top layer's, when training began. */
    readonly first: number;
  }
  /** Currents and weights have grown out of all proportion. */
  | { readonly kind: "exploded"; readonly layer: number; readonly current: number; readonly weight: number }
  /** Many units never fired; of these some or all have no gradient. */
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

/** What is looked at. */
export interface Learned {
  /** Of all layers, after training. */
  readonly layers: readonly LayerActivity[];
  /** Of all batches, in order. */
  readonly history: readonly BatchMetrics[];
  /** On the test set, after training. */
  readonly test: Score;
  /** What guessing comes to there. */
  readonly chance: Chance;
}

/**
 * A gradient so many times the top layer's has exploded on its way down, if it is in at least this share of the batches. The presets'
 * are up to 20 times as long; of deep networks that learn well one in ten may be that long.
 */
export const EXPLODED = 100;
const OFTEN_EXPLODED = 0.2;
/** A gradient of this share of the top layer's, or less, has vanished. */
const VANISHED = 0.02;
/** Or one of this share, where it has fallen by so much since training began. */
const FALLEN = 0.1;
const FALL = 100;
/** A loss that is so many times the least one before has jumped, if it is higher by this share of guessing's too. */
const JUMP = 1.5;
const JUMP_OF_CHANCE = 0.5;
/** A loss is a mean over at least so many samples, and at most so many stretches of the run are looked at. */
const STRETCH = 100;
const MOST_STRETCHES = 50;
/** A layer is told to be silent or saturated when more than this share of its units is. */
const MANY_SILENT = 0.3;
const MANY_SATURATED = 0.05;
/** Firing rates, as a share of steps, outside of which learning is hard in practice. */
const RARE = 0.005;
const OFTEN = 0.5;
/** Currents so many times the threshold have exploded. */
const HUGE = 1000;

/** Finds what stands out, what explains most first. None stands out where a network learned as it should. */
export function diagnose(learned: Learned): Finding[] {
  const activity = learned.layers.flatMap((layer, i) => findingsOf(layer, i === learned.layers.length - 1));
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

/** The norms of each batch that has some. */
function normsOf({ history }: Pick<Learned, "history">) {
  return history.flatMap(({ epoch, batch, gradientNorms: norms }) =>
    norms && norms.length > 0 ? [{ epoch, batch, norms, top: norms.at(-1) ?? null }] : []
  );
}

/** The layer whose gradient exploded the most, if one did. */
function explodedGradients(learned: Learned): Finding[] {
  const batches = normsOf(learned), least = OFTEN_EXPLODED * batches.length;
  const layers = batches[0]?.norms.length ?? 0;
  const found = Array.from({ length: layers }, (_, i) => {
    const exploded = batches.map((batch) => {
      const norm = batch.norms[i] ?? null, { top } = batch;
      const lost = norm === null || top === null;
      const ratio = lost ? Infinity : norm === 0 || i === layers - 1 ? 0 : norm / top;
      return { ...batch, norm, ratio };
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
  const { norm, top, epoch, batch } = largest(exploded);
  const share = exploded.length / batches.length;
  return [{ kind: "explodingGradient", layer, norm, top, epoch, batch, share }];
}

/** The lowest layer whose gradient vanished, if one did for no other reason than its way down. */
function vanishedGradients(learned: Learned): Finding[] {
  const batches = normsOf(learned), layers = batches[0]?.norms.length ?? 0;
  const begun = ratiosOf(batches.slice(0, Math.ceil(batches.length / 50)), layers);
  const ratios = ratiosOf(batches.slice(Math.floor(batches.length / 2)), layers);
  if (!begun || !ratios) return [];
  // Behind a layer in which nobody fires there is next to nothing left: that layer is what stands out.
  const isCutOff = (from: number) =>
    learned.layers.slice(from, -1).some(({ silent, units }) => silent === units);
  const layer = ratios.findIndex((ratio, i) => {
    const hasFallen = ratio <= FALLEN && ratio <= begun[i]! / FALL;
    return (ratio <= VANISHED || hasFallen) && !isCutOff(i);
  });
  if (layer < 0) return [];
  return [{ kind: "vanishingGradient", layer: layer + 1, ratios, first: begun[layer]! }];
}

/** Each layer's median norm over the top layer's; undefined where that is nothing. */
function ratiosOf(batches: ReturnType<typeof normsOf>, layers: number): number[] | undefined {
  const medians = mediansOf(batches, layers), top = medians.at(-1);
  return top !== undefined && top > 0 && Number.isFinite(top)
    ? medians.map((median) => median / top)
    : undefined;
}

function mediansOf(batches: ReturnType<typeof normsOf>, layers: number): number[] {
  return Array.from({ length: layers }, (_, i) => medianOf(batches.map(({ norms }) => norms[i] ?? Infinity)));
}

/** Each layer's median norm in the second half of the batches, from the lowest one up; `null` where it is not finite. */
export function typicalNorms(history: readonly BatchMetrics[]): (number | null)[] {
  const batches = normsOf({ history });
  return mediansOf(batches.slice(Math.floor(batches.length / 2)), batches[0]?.norms.length ?? 0)
    .map((median) => Number.isFinite(median) ? median : null);
}

/** The median of some numbers, the upper one of two; NaN where there are none. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** The highest rise of the loss, if it is one. */
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
  return stretches; // what is left over is too few to tell
}

/** What stands out in a layer. Of the top layer it is the potentials that are read: it may be silent. */
function findingsOf(activity: LayerActivity, isTop: boolean): Finding[] {
  const { layer, firingRate, silent, saturated, withoutGradient, threshold, units, steps, current } =
    activity;
  if (firingRate === null || silent === null || saturated === null || threshold === null) return [];
  const findings: Finding[] = [];
  if (!(current.largest <= HUGE * Math.max(1, Math.abs(threshold)))) {
    findings.push({ kind: "exploded", layer, current: current.largest, weight: activity.largestWeight });
  }
  if (isTop) {
    // Its spikes reset what is read, and are handed on to nobody.
  } else if (silent > MANY_SILENT * units) {
    findings.push({ kind: "silent", layer, silent, withoutGradient: withoutGradient ?? 0, units });
  } else if (firingRate < RARE) {
    findings.push({ kind: "rare", layer, firingRate });
  }
  if (steps > 1 && (saturated > MANY_SATURATED * units || firingRate > OFTEN)) {
    findings.push({ kind: "saturated", layer, firingRate, saturated, units });
  }
  return findings;
}
