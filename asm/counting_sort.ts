/** Lists by key from lists by something else: what is counted first has its place among all. */

/**
 * Turns counts into places: `starts[k + 1]` holds how often key k occurs, and then how many entries lie before its first one.
 *
 * An entry of key k goes to place `starts[k + 1]`, which then moves on by one: after all entries `starts[k]` is where those of key k
 * begin, and `starts[k + 1]` where they end.
 *
 * @param starts i32 `[keys + 1]`; the first stays 0.
 */
export function placesOfCounts(starts: usize, keys: i32): void {
  let total = 0;
  for (let place = starts + 4, end = place + (<usize> keys << 2); place < end; place += 4) {
    const count = load<i32>(place);
    store<i32>(place, total);
    total += count;
  }
}
