/** Split of a data set into training and validation samples. */
import { OptionError } from "../errors.ts";
import { checkObject, checkWhole } from "../misuse.ts";
import { shuffledOrder } from "../random.ts";

/** Indices into a data set. */
export interface SampleSplit {
  /** Training samples. */
  readonly training: Uint32Array;
  /** Validation samples, measured after each epoch; empty without a validation share. */
  readonly validation: Uint32Array;
}

/** Options of {@linkcode splitSamples}. */
export interface SplitOptions {
  /** Seed of the split, which is a pure function of it. */
  readonly seed: number;
  /** Use only the first N of the shuffled samples. @default {all} */
  readonly limit?: number;
  /** The share of these that is held back, above 0 and below 1. @default {none} */
  readonly validation?: number;
}

/**
 * Splits a data set of `count` samples.
 *
 * @throws {OptionError} when a number is out of its range, or the share leaves nothing to train on or to validate with.
 *
 * @example
 * ```ts
 * import { splitSamples } from "@spikelet/spikelet";
 *
 * const { training, validation } = splitSamples(60_000, { seed: 0, validation: 0.1 });
 * console.log(training.length, validation.length); // 54000 6000
 * ```
 */
export function splitSamples(count: number, options: SplitOptions): SampleSplit {
  checkObject("options", options, "an object with a seed");
  const { seed, limit = count, validation } = options;
  for (const [name, value] of Object.entries({ count, limit, seed })) checkWhole(name, value, 0);
  const taken = Math.min(limit, count);
  const chosen = taken < count || validation !== undefined
    ? shuffledOrder(count, seed, 0).slice(0, taken)
    : Uint32Array.from({ length: count }, (_, i) => i);
  if (validation === undefined) return { training: chosen, validation: new Uint32Array() };
  const held = Math.round(validation * taken);
  if (!(held >= 1 && held < taken)) {
    throw new OptionError(
      `a validation share of ${validation}: of ${taken} samples this holds back ${held}; expected at least 1, and some to train on`,
    );
  }
  return { training: chosen.slice(0, taken - held), validation: chosen.slice(taken - held) };
}
