/**
 * Two pieces of work under way at a time, so that no thread waits for this one.
 *
 * @module
 */

/**
 * Starts each item's work when the one before the last is done, and reports results in order.
 *
 * @param signal Once it is aborted no further item is started; what is under way is finished and reported.
 * @throws The signal's reason where it stopped the work before the last item; whatever `start` or `report` throws.
 */
export async function pipelined<Item, Result>(
  items: readonly Item[],
  start: (item: Item) => Promise<Result>,
  report: (result: Result) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const underWay: Promise<Result>[] = [];
  let stopped = false;
  for (const item of items) {
    if (underWay.length === 2) await report(await underWay.shift()!);
    stopped = signal?.aborted === true;
    if (stopped) break;
    const work = start(item);
    // It may fail while a report is awaited, which may throw too: then nobody asks for it any more.
    work.catch(() => {});
    underWay.push(work);
  }
  while (underWay.length > 0) await report(await underWay.shift()!);
  if (stopped) signal?.throwIfAborted();
}
