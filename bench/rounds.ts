/**
 * Interleaving: every round measures each subject once, so that what the machine does meanwhile meets all of them.
 *
 * @module
 */

/** Something to be measured: one call, one sample. */
export type Subject = () => number | Promise<number>;

/** When to stop. */
export interface Budget {
  /** No round begins after as many seconds, but for the least ones. */
  readonly seconds: number;
  /** Rounds that are made in any case. */
  readonly atLeast: number;
}

/**
 * Measures subjects in turn, every other round in reverse order, until the time is up.
 *
 * @param subjects What to call; each returns its sample.
 * @returns Each subject's samples, one a round: samples of equal index belong to the same round.
 */
export async function interleave(subjects: readonly Subject[], budget: Budget): Promise<number[][]> {
  const samples: number[][] = subjects.map(() => []);
  const order = subjects.map((_, i) => i);
  const started = performance.now();
  for (
    let round = 0;
    round < budget.atLeast || performance.now() - started < 1000 * budget.seconds;
    round++
  ) {
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
