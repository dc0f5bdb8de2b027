/** A network's class probabilities, step by step. */
import type { SampleTrace } from "../engine/engine.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";

/** log softmax, in float64, relative to the largest logit so that nothing overflows. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const highest = values.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const logSum = Math.log(values.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
  return values.map((logit) => logit - highest - logSum);
}

/**
 * The probabilities after each step, as if the readout ended there.
 *
 * @returns `[steps, classes]`, zeros before the first step that is read; undefined for a network of one step.
 */
export function decisionOf(spec: NetworkSpec, trace: SampleTrace): Float64Array | undefined {
  const { steps, readout } = spec, { delay } = readout, { index, units } = structureOf(spec).readout;
  if (steps === 1) return undefined;
  const source = (readout.from === "state" ? trace.potentials : trace.outputs)[index]!;
  const decisions = new Float64Array(steps * units), logits = new Float64Array(units);
  for (let t = readout.begin; t < steps; t++) {
    for (let unit = 0; unit < units; unit++) {
      const handed = t >= delay ? source[(t - delay) * units + unit]! : 0;
      if (readout.reduce === "last" || t === readout.begin) logits[unit] = handed;
      else if (readout.reduce === "max") logits[unit] = Math.max(logits[unit]!, handed);
      else logits[unit]! += handed;
    }
    const read = readout.reduce === "mean" ? logits.map((sum) => sum / (t - readout.begin + 1)) : logits;
    logSoftmax(read).forEach((log, unit) => decisions[t * units + unit] = Math.exp(log));
  }
  return decisions;
}
