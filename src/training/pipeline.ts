/** A pipeline with two items in flight, so that no worker waits for the main thread. */

/**
 * Starts an item as soon as fewer than two are in flight, and reports results in order.
 *
 * @param signal Once aborted, no further item starts; items in flight are finished and reported.
 * @throws The signal's reason where it stopped the work before the last item; whatever `start` or `report` throws.
 */
export async function pipelined<Item, Result>(
  items: readonly Item[],
  start: (item: Item) => Promise<Result>,
  report: (result: Result) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const inFlight: Promise<Result>[] = [];
  let stopped = false;
  for (const item of items) {
    if (inFlight.length === 2) await report(await inFlight.shift()!);
    stopped = signal?.aborted === true;
    if (stopped) break;
    const work = start(item);
    // An item may fail while a report is awaited. If the report throws too, the item's rejection is never awaited.
    work.catch(() => {});
    inFlight.push(work);
  }
  while (inFlight.length > 0) await report(await inFlight.shift()!);
  if (stopped) signal?.throwIfAborted();
}
