/**
 * The product of matmul.ts for inputs that are mostly zero, such as spikes: only nonzero inputs are multiplied.
 *
 * Sums run over inputs in ascending order, as in matmul.ts, and the omitted terms are zeros: the currents are the same numbers.
 */
import { madd } from "./lanes";

/**
 * Counts the inputs that are not zero at each step.
 *
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4]`.
 * @param counts i32 `[⌈steps / 4⌉ · 4]`, written; 0 past the last step.
 * @returns Their number over all `steps`.
 */
export function countInputs(x: usize, steps: i32, inputs: i32, counts: usize): i32 {
  const zero = f32x4.splat(0);
  for (let step = 0; step < steps; step += 4) {
    let count = i32x4.splat(0);
    for (const end = x + (<usize> inputs << 4); x < end; x += 16) {
      count = i32x4.sub(count, f32x4.ne(v128.load(x), zero));
    }
    v128.store(counts + (<usize> step << 2), count);
  }
  const padded = steps + 3 & ~3;
  let total = 0;
  for (let step = 0; step < steps; step++) total += load<i32>(counts + (<usize> step << 2));
  for (let step = steps; step < padded; step++) store<i32>(counts + (<usize> step << 2), 0);
  return total;
}

/**
 * Lists the inputs that are not zero, step after step, in ascending order.
 *
 * @param x f32 X, as above.
 * @param counts i32, from {@linkcode countInputs}.
 * @param entries `[total + ⌈steps / 4⌉ · 4]`, written: a u32, the offset of the input's weights in a panel, and an f32, its value.
 * Each step's entries are followed by an unused one.
 */
export function listInputs(x: usize, steps: i32, inputs: i32, counts: usize, entries: usize): void {
  const zero = f32x4.splat(0);
  for (let step = 0; step < steps; step += 4, counts += 16) {
    let next0 = entries, next1 = after(next0, counts), next2 = after(next1, counts + 4);
    let next3 = after(next2, counts + 8);
    entries = after(next3, counts + 12);
    const rows = steps - step < 4 ? (1 << (steps - step)) - 1 : 15;
    for (let place = 0; place < inputs << 5; place += 32, x += 16) {
      const v = v128.load(x);
      const mask = i32x4.bitmask(f32x4.ne(v, zero)) & rows;
      if (mask == 0) continue;
      // All four are stored and only the pointers of those that are not 0 advance: a branch could not be predicted.
      store<i32>(next0, place), v128.store_lane<f32>(next0, v, 0, 4);
      store<i32>(next1, place), v128.store_lane<f32>(next1, v, 1, 4);
      store<i32>(next2, place), v128.store_lane<f32>(next2, v, 2, 4);
      store<i32>(next3, place), v128.store_lane<f32>(next3, v, 3, 4);
      next0 += (mask & 1) << 3, next1 += (mask & 2) << 2;
      next2 += (mask & 4) << 1, next3 += mask & 8;
    }
  }
}

/** Address of the next step's entries. */
function after(entries: usize, count: usize): usize {
  return entries + (<usize> load<i32>(count) + 1 << 3);
}

/**
 * f32 product over listed inputs: I[t, n] = b[n] + Σ X[t, k]·W[n, k] over the k listed at t.
 *
 * @param counts i32 `[steps]`, entries: from {@linkcode listInputs}.
 * @param panels f32 `[⌈units / 8⌉][inputs][8]`.
 * @param bias f32 `[⌈units / 8⌉][8]`.
 * @param currents f32 `[⌈units / 8⌉][⌈steps / 4⌉ · 4][8]`, written; rows past the last step are not.
 */
export function matmulSparse(
  counts: usize,
  entries: usize,
  panels: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
  units: i32,
): void {
  const panel = <usize> inputs << 5, rows = <usize> (steps + 3 & ~3) << 5;
  // Four panels at a time: eight independent sums, since each addition depends on the one before.
  for (; units > 24; units -= 32, panels += panel << 2, bias += 128, currents += rows << 2) {
    sum32(counts, entries, panels, panel, bias, currents, rows, steps);
  }
  for (; units > 0; units -= 8, panels += panel, bias += 32, currents += rows) {
    sum8(counts, entries, panels, bias, currents, steps);
  }
}

function sum32(
  counts: usize,
  entries: usize,
  first: usize,
  panel: usize,
  bias: usize,
  currents: usize,
  rows: usize,
  steps: i32,
): void {
  const second = first + panel, third = second + panel, fourth = third + panel;
  const to2 = currents + rows, to3 = to2 + rows, to4 = to3 + rows;
  for (let step: usize = 0; step < <usize> steps; step++, entries += 8) {
    let a = v128.load(bias), b = v128.load(bias, 16), c = v128.load(bias, 32), d = v128.load(bias, 48);
    let e = v128.load(bias, 64), f = v128.load(bias, 80), g = v128.load(bias, 96), h = v128.load(bias, 112);
    for (const end = entries + (<usize> load<i32>(counts + (step << 2)) << 3); entries < end; entries += 8) {
      const place = <usize> load<u32>(entries), v = v128.load32_splat(entries, 4);
      a = madd(v, v128.load(first + place), a), b = madd(v, v128.load(first + place, 16), b);
      c = madd(v, v128.load(second + place), c), d = madd(v, v128.load(second + place, 16), d);
      e = madd(v, v128.load(third + place), e), f = madd(v, v128.load(third + place, 16), f);
      g = madd(v, v128.load(fourth + place), g), h = madd(v, v128.load(fourth + place, 16), h);
    }
    const row = step << 5;
    v128.store(currents + row, a), v128.store(currents + row, b, 16);
    v128.store(to2 + row, c), v128.store(to2 + row, d, 16);
    v128.store(to3 + row, e), v128.store(to3 + row, f, 16);
    v128.store(to4 + row, g), v128.store(to4 + row, h, 16);
  }
}

function sum8(counts: usize, entries: usize, panel: usize, bias: usize, currents: usize, steps: i32): void {
  const b0 = v128.load(bias), b1 = v128.load(bias, 16);
  for (; steps > 0; steps--, counts += 4, currents += 32, entries += 8) {
    let a = b0, b = b1;
    for (const end = entries + (<usize> load<i32>(counts) << 3); entries < end; entries += 8) {
      const place = panel + <usize> load<u32>(entries), v = v128.load32_splat(entries, 4);
      a = madd(v, v128.load(place), a), b = madd(v, v128.load(place, 16), b);
    }
    v128.store(currents, a), v128.store(currents, b, 16);
  }
}
