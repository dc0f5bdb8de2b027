/**
 * Products with spikes that are listed by step: `counts` i32 `[steps]`, `units` i32 and `outputs` f32 `[steps][capacity]`, units
 * ascending. A step's currents are summed in registers, 32 at a time, from the rows of the units that spiked.
 */
import { madd } from "./lanes";

/**
 * Currents of a layer fed by spikes: I_t = b + Σ_n o_{n, t−delay}·W[:, n]. Sums run by unit, as those of `sparseProduct`.
 *
 * @param weights f32 `[inputs][width]`, by input.
 * @param bias f32 `[width]`.
 * @param currents f32 `[steps][width]`, written.
 * @param width Units of the layer that is fed: a multiple of 4.
 */
export function sparseProductRows(
  counts: usize,
  units: usize,
  outputs: usize,
  capacity: i32,
  delay: i32,
  weights: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  width: i32,
): void {
  const row = <usize> width << 2, entries = <usize> capacity << 2;
  for (let step = 0; step < steps; step++, currents += row) {
    const from = step - delay;
    if (from < 0) {
      memory.copy(currents, bias, row);
      continue;
    }
    const list = <usize> from * entries;
    const count = load<i32>(counts + (<usize> from << 2));
    sumRows(units + list, outputs + list, count, weights, bias, currents, row);
  }
}

/**
 * to = bias + Σ_i values[i]·weights[units[i]], in this order.
 *
 * @param bias f32, as many as a row; 0: none.
 * @param row Bytes of a row: a multiple of 16.
 */
export function sumRows(
  units: usize,
  values: usize,
  count: i32,
  weights: usize,
  bias: usize,
  to: usize,
  row: usize,
): void {
  const end = <usize> count << 2;
  let column: usize = 0;
  for (; column + 128 <= row; column += 128) {
    let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    if (bias != 0) {
      const from = bias + column;
      a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
      e = v128.load(from, 64), f = v128.load(from, 80), g = v128.load(from, 96), h = v128.load(from, 112);
    }
    for (let at: usize = 0; at < end; at += 4) {
      const o = v128.load32_splat(values + at);
      const w = weights + column + <usize> load<i32>(units + at) * row;
      a = madd(o, v128.load(w), a), b = madd(o, v128.load(w, 16), b);
      c = madd(o, v128.load(w, 32), c), d = madd(o, v128.load(w, 48), d);
      e = madd(o, v128.load(w, 64), e), f = madd(o, v128.load(w, 80), f);
      g = madd(o, v128.load(w, 96), g), h = madd(o, v128.load(w, 112), h);
    }
    const t = to + column;
    v128.store(t, a), v128.store(t, b, 16), v128.store(t, c, 32), v128.store(t, d, 48);
    v128.store(t, e, 64), v128.store(t, f, 80), v128.store(t, g, 96), v128.store(t, h, 112);
  }
  for (; column < row; column += 16) {
    let a = bias != 0 ? v128.load(bias + column) : f32x4.splat(0);
    for (let at: usize = 0; at < end; at += 4) {
      const w = weights + column + <usize> load<i32>(units + at) * row;
      a = madd(v128.load32_splat(values + at), v128.load(w), a);
    }
    v128.store(to + column, a);
  }
}
