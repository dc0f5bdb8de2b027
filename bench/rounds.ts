/**
 * Measures in turns: every round measures each subject once, so that other work of the machine affects all of them. Summaries are
 * a median and the range of eight tenths. Means are of no use on a shared machine, where a few samples are far too slow and
 * none is too fast.
 */

/** Something to be measured: one call, one sample. */
export type Subject = () => number | Promise<number>;

/**
 * Measures subjects in turn, every other round in reverse order.
 *
 * @param budget No round begins after so many seconds, but for the least ones.
 * @returns Each subject's samples, one a round: samples of equal index belong to the same round.
 */
export async function interleave(
  subjects: readonly Subject[],
  budget: { readonly seconds: number; readonly rounds: number },
): Promise<number[][]> {
  const samples: number[][] = subjects.map(() => []);
  const order = [...subjects.keys()], end = performance.now() + 1000 * budget.seconds;
  for (let round = 0; round < budget.rounds || performance.now() < end; round++) {
    for (const i of round % 2 === 0 ? order : order.toReversed()) samples[i]!.push(await subjects[i]!());
  }
  return samples;
}

/** Seconds that some work takes. */
export async function secondsOf(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** The value below which a share of the samples lies; between the two nearest ones linearly. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b), at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? NaN, above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** The median, and the range in which eight tenths of the samples lie. */
export function summarize(samples: readonly number[]) {
  return { median: median(samples), p10: quantile(samples, 0.1), p90: quantile(samples, 0.9) };
}

/** Round by round, `over[i] / under[i]`. */
export function pairedRatios(over: readonly number[], under: readonly number[]): number[] {
  return over.slice(0, under.length).map((value, i) => value / under[i]!);
}
