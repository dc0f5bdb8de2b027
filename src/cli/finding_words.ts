/** What stands out in how a network learned, in sentences, and what helps against it. */
import { percent, short } from "../text/figures.ts";
import { kindOf } from "../network/neurons.ts";
import { structureOf } from "../network/structure.ts";
import { numberOfLayer } from "../network/words.ts";
import { EXPLODED, type Finding } from "../training/diagnosis.ts";
import type { ExplainedLayer } from "../runs/run_summary.ts";
import type { Advice, AdvisedOptions, Remedy } from "./advice.ts";

/** A finding in words. */
export interface FindingWords {
  /** Sentences. */
  readonly says: readonly string[];
  /** Remedies, the most helpful first; undefined where the command has none. */
  readonly helps: readonly Remedy[];
}

/** The run that a finding is about. */
export interface FindingContext {
  readonly layers: readonly ExplainedLayer[];
  readonly findings: readonly Finding[];
  /** The run's options. */
  readonly options: AdvisedOptions;
  readonly advice: Advice;
}

/** Puts a finding into words. */
export function describeFinding(finding: Finding, context: FindingContext): FindingWords {
  const { layers, options: { spec }, advice } = context;
  const nameOf = (layer: number) => `Layer ${numberOfLayer(spec, layer - 1)}`;
  switch (finding.kind) {
    case "explodingGradient":
      return describeExploding(finding, context);
    case "vanishingGradient":
      return describeVanishing(finding, context);
    case "jumpingLoss": {
      const { from, to, epoch, batch } = finding;
      return {
        says: [
          `The loss jumped from ${short(from)} to ${
            short(to)
          } around batch ${batch} of epoch ${epoch}: steps led astray.`,
        ],
        helps: [advice.optimizer(), advice.clip(), advice.lowerRate()],
      };
    }
    case "exploded": {
      const { layer, current, weight } = finding;
      return {
        says: [
          `${nameOf(layer)}: currents of up to ${short(current)} and weights of up to ${
            short(weight)
          }: training has run away.`,
        ],
        helps: [advice.lowerRate(), advice.clip()],
      };
    }
    case "silent":
      return describeSilent(finding, context);
    case "rare": {
      const { layer, firingRate } = finding;
      return {
        says: [
          `${nameOf(layer)}: units fire at ${
            percent(firingRate)
          } of the steps only, so little reaches the layer above.`,
          ...needed(layers[layer - 1]!),
        ],
        helps: louder(layer, advice),
      };
    }
    case "saturated": {
      const { layer, firingRate, saturated, units } = finding;
      return {
        says: [
          `${nameOf(layer)}: units fire at ${
            percent(firingRate)
          } of the steps, ${saturated} of ${units} at every one:`,
          "a unit that always fires carries no information.",
        ],
        helps: [
          advice.threshold(layer, "higher"),
          advice.penalty(layer),
          advice.decay(layer, "lower"),
          advice.lowerRate(),
        ],
      };
    }
    case "guessing": {
      const { loss, chance } = finding;
      const isFar = loss > 1.5 * chance;
      return {
        says: [
          `Nothing was learned: the test loss is ${short(loss)}, and guessing comes to ${short(chance)}.`,
          ...(isFar ? ["It is far above that: training has run away."] : []),
        ],
        helps: isFar
          ? [advice.optimizer(), advice.clip(), advice.lowerRate()]
          : [advice.epochs(), advice.optimizer(), advice.higherRate(), advice.lowerRate()],
      };
    }
    case "overconfident": {
      const { loss, chance } = finding;
      return {
        says: [
          `The test loss, ${short(loss)}, is above that of guessing, ${
            short(chance)
          }, though many answers are right:`,
          "where it is wrong, it is far too sure.",
        ],
        helps: [advice.patience(), advice.weightDecay(), advice.lowerRate()],
      };
    }
    default:
      return finding satisfies never;
  }
}

/**
 * Whether another finding is why this one is there: then what helps against that is what helps. Long steps leave layers silent,
 * saturated and without a gradient; a network of which anything else stands out has not learned because of it.
 */
export function isExplained(finding: Finding, findings: readonly Finding[]): boolean {
  const others = findings.filter((other) => other !== finding);
  switch (finding.kind) {
    case "explodingGradient":
    case "exploded":
      return false;
    case "jumpingLoss":
      return others.some(({ kind }) => kind === "explodingGradient");
    case "vanishingGradient":
    case "silent":
    case "rare":
    case "saturated":
      return others.some(({ kind }) =>
        kind === "explodingGradient" || kind === "jumpingLoss" || kind === "exploded"
      );
    case "guessing":
    case "overconfident":
      return others.length > 0;
    default:
      return finding satisfies never;
  }
}

function describeExploding(
  { layer, norm, top, epoch, batch, share }: Extract<Finding, { kind: "explodingGradient" }>,
  { options: { spec }, advice }: FindingContext,
): FindingWords {
  const { isRecurrent, neuron } = structureOf(spec).populations[layer - 1]!;
  const name = `Layer ${numberOfLayer(spec, layer - 1)}`;
  const where = `in batch ${batch} of epoch ${epoch}`;
  const way = isRecurrent ? ` through ${spec.steps} steps` : "";
  return {
    says: norm === null || top === null ? [`${name}: its gradient was infinite or no number ${where}.`] : [
      `${name}: its gradient's norm was ${short(norm)} ${where}, ${
        short(norm / top)
      } times the output layer's,`,
      `and ${EXPLODED} times or more in ${
        percent(share)
      } of the batches: it explodes in the backward pass${way}.`,
    ],
    helps: [
      advice.narrowSurrogate(layer),
      advice.clip(),
      ...(neuron.kind === "lif" ? [] : [advice.lowerRate()]),
    ],
  };
}

function describeVanishing(
  { layer, ratios, first }: Extract<Finding, { kind: "vanishingGradient" }>,
  { options: { spec }, advice }: FindingContext,
): FindingWords {
  const { readout } = structureOf(spec), name = `Layer ${numberOfLayer(spec, layer - 1)}`;
  const ratio = ratios[layer - 1]!;
  const list = ratios.filter((_, i) => i !== readout.index).map(short).join(", ");
  const hasFallen = first >= 100 * ratio;
  return {
    says: [
      ratio === 0
        ? `${name}: it has no gradient, though the output layer has one`
        : `${name}: its gradient's norm is ${short(ratio)} times the output layer's`,
      `(layer by layer: ${list}): it vanishes on its way down, so the layer hardly learns.`,
      ...(hasFallen
        ? [`When training began it was ${short(first)} times the output layer's: steps were too long then.`]
        : []),
    ],
    helps: hasFallen
      ? [advice.optimizer(), advice.clip(), advice.lowerRate()]
      : [advice.wideSurrogate(layer), advice.start(), advice.rateTarget(layer)],
  };
}

/** Silent units, and whether they can come back: that is for their surrogate derivative to say. */
function describeSilent(
  { layer, silent, withoutGradient, units }: Extract<Finding, { kind: "silent" }>,
  { layers, options, advice }: FindingContext,
): FindingWords {
  const { neuron } = structureOf(options.spec).populations[layer - 1]!;
  const begin = `Layer ${numberOfLayer(options.spec, layer - 1)}: ${silent} of ${units} units never fired.`,
    far = needed(layers[layer - 1]!);
  if (neuron.kind !== "lif") {
    return {
      says: [
        `${begin} A ${neuron.kind} unit that never fires has no gradient, so it stays silent; one long step can do that to it.`,
        ...far,
      ],
      helps: [...louder(layer, advice), advice.lowerRate(), advice.seed()],
    };
  }
  const { surrogate: { kind, slope } } = neuron, reach = kindOf(neuron).gradientReach(neuron);
  if (reach === Infinity) {
    return {
      says: [
        `${begin} They have a gradient still, for ${kind} is above 0 at any distance from the threshold: they may begin to fire.`,
        ...far,
      ],
      helps: [advice.epochs(), ...louder(layer, advice), advice.rateTarget(layer)],
    };
  }
  return {
    says: [
      `${begin} The derivative ${kind} of slope ${short(slope)} is 0 from ${
        short(reach)
      } below the threshold on:`,
      withoutGradient === 0
        ? "each of them came nearer at some step, so they have a gradient still, and may begin to fire."
        : `${withoutGradient} of them never came nearer, so they have no gradient and stay silent.`,
      ...far,
    ],
    helps: [advice.wideSurrogate(layer), ...louder(layer, advice), advice.seed()],
  };
}

/** What makes a layer fire more. */
function louder(layer: number, advice: Advice): Remedy[] {
  return [advice.start(), advice.threshold(layer, "lower"), advice.decay(layer, "higher"), advice.steps()];
}

/** How far the currents are from those that make a unit fire. */
function needed({ current: { mean, deviation }, steadyCurrent }: ExplainedLayer): string[] {
  if (steadyCurrent === null) return [];
  return [
    `Its currents are ${short(mean)} ± ${short(deviation)}; a steady ${
      short(steadyCurrent)
    } reaches the threshold by the last step.`,
  ];
}
