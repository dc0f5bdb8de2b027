/**
 * What repeated measurements come to: a median, and where eight tenths of them lie.
 *
 * Means are of no use here: on a shared machine a few samples are far too slow, and none is too fast.
 *
 * @module
 */

/** Repeated measurements of one quantity, in one line. */
export interface Summary {
  readonly median: number;
  /** A tenth of the samples lies below. */
  readonly p10: number;
  /** A tenth of the samples lies above. */
  readonly p90: number;
}

/** Sums samples up. @throws {RangeError} when there are none. */
export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError("no samples to sum up");
  const sorted = samples.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p10: quantile(sorted, 0.1), p90: quantile(sorted, 0.9) };
}

/** The median alone. */
export function median(samples: readonly number[]): number {
  return summarize(samples).median;
}

/** Sample by sample, `over[i] / under[i]`: both were measured in the same round. */
export function pairedRatios(over: readonly number[], under: readonly number[]): number[] {
  return over.slice(0, under.length).map((value, i) => value / under[i]!);
}

/** Between the two nearest samples, linearly. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!, above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
