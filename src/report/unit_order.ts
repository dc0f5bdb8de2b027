/**
 * The order in which units are shown: the busiest first, and apart those with nothing to see, which never fired or whose weights still
 * are the noise that they began with.
 */

/** Weights of a layer's units, a row each. */
export interface UnitRows {
  /** `[units, inputs]` */
  readonly weights: Float32Array;
  readonly units: number;
  /** Firing rates; missing where none were recorded. */
  readonly rates?: Float64Array | undefined;
  /** The weights before training; missing where they are not known. */
  readonly first?: Float32Array | undefined;
}

/** The units in their order. */
export interface UnitOrder {
  /** Units with something to see. */
  readonly shown: readonly number[];
  /** Units without. */
  readonly folded: readonly number[];
}

/** A unit's weights are noise if less than this share of their length was learned: a tenth is hardly seen in a picture. */
const LEARNED = 0.1;
/** Fewer weights than these may point where the first ones did by chance. */
const LEAST_WEIGHTS = 9;

/** Orders units by rate, or by number where there are no rates. @param most Maximum number of units; the busiest are kept. */
export function orderUnits(rows: UnitRows, most: number): UnitOrder {
  const { units, rates } = rows;
  const all = Array.from({ length: units }, (_, unit) => unit);
  const sorted = rates ? all.sort((a, b) => rates[b]! - rates[a]! || a - b) : all;
  const isEmpty = (unit: number) => rates?.[unit] === 0 || isNoise(rows, unit);
  const shown = sorted.filter((unit) => !isEmpty(unit)).slice(0, most);
  return { shown, folded: sorted.filter(isEmpty).slice(0, most - shown.length) };
}

/**
 * Whether a unit's weights w still are the first ones v, whatever their scale: |w − s·v| < 0.1·|w| for the best s, or
 * cos² > 1 − 0.1² for the angle between the two.
 */
export function isNoise({ weights, units, first }: UnitRows, unit: number): boolean {
  const inputs = weights.length / units;
  if (first?.length !== weights.length || inputs < LEAST_WEIGHTS) return false;
  let product = 0, now = 0, before = 0;
  for (let i = unit * inputs; i < (unit + 1) * inputs; i++) {
    product += weights[i]! * first[i]!;
    now += weights[i]! ** 2;
    before += first[i]! ** 2;
  }
  return product > 0 && product ** 2 > (1 - LEARNED ** 2) * now * before;
}
