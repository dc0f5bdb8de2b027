/**
 * Weight gradients of a layer fed by dense inputs, from its spikes alone (exact; docs/internals/plan.md):
 *
 *     X̃_t = X_t + d·X̃_{t-1};   ∂L/∂W_n += x ⊙ Σ_spikes c_{n,t}·X̃_tᵀ
 *
 * where a sample's inputs at step t are x ⊙ X_t: for the noise encoder X are the draws and x the features, for a sequence X is
 * the sequence and x is 1. `scratch` holds the trace X̃ of 48 inputs at a time, for all steps, so that it stays in the L1 cache;
 * every unit's spikes are summed over it in twelve accumulators.
 */
import { madd } from "./lanes";
import { addParts, MOST_PLAIN, narrow, RUN, sumColumn } from "./long_sums";

/**
 * Adds a sample's weight gradient, inputs in float32.
 *
 * @param features f32 `[inputs]`, x.
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4]`.
 * @param inputs A multiple of 4.
 * @param decay d of the trace.
 * @param unit i32 `[slots]`, counts i32 `[slots]`, spikeSteps i32 and coefficients f32 `[slots][capacity]`.
 * @param weightGradients f32 `[units][inputs]`, added to.
 * @param scratch f32 `[⌈steps / 4⌉ · 4][48]`, written.
 */
export function traceGradient(
  features: usize,
  x: usize,
  inputs: i32,
  decay: f32,
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  coefficients: usize,
  slots: i32,
  capacity: i32,
  weightGradients: usize,
  scratch: usize,
): void {
  const steps = lastSpike(counts, spikeSteps, slots, capacity) + 1;
  if (steps == 0) return;
  const row = <usize> inputs << 2;
  for (let input = 0; input < inputs;) {
    const width = blockWidth(inputs - input);
    traceColumns(x + (<usize> input << 4), row << 2, width, steps, decay, scratch);
    // deno-fmt-ignore
    sumUnits(width, scratch, unit, counts, spikeSteps, coefficients, 0, slots, capacity,
      features + (<usize> input << 2), weightGradients + (<usize> input << 2), row);
    input += width;
  }
}

/**
 * `traceGradient` for draws in integers, X_t = v_t + 128½: the trace is that of v, and the constant adds Σ c·128½·Σ d^s, which is
 * 128½ times this sample's ∂L/∂b.
 *
 * @param features f32 `[inputs]`, x / 256.
 * @param x i8 v, `[⌈steps / 4⌉][inputs / 4][4 steps][4 inputs]`.
 * @param sums f32 `[slots]`, this sample's ∂L/∂b.
 */
export function traceGradientI8(
  features: usize,
  x: usize,
  inputs: i32,
  decay: f32,
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  coefficients: usize,
  sums: usize,
  slots: i32,
  capacity: i32,
  weightGradients: usize,
  scratch: usize,
): void {
  const steps = lastSpike(counts, spikeSteps, slots, capacity) + 1;
  if (steps == 0) return;
  const row = <usize> inputs << 2;
  for (let input = 0; input < inputs;) {
    const width = blockWidth(inputs - input);
    traceColumnsI8(x + (<usize> input << 2), row, width, steps, decay, scratch);
    // deno-fmt-ignore
    sumUnits(width, scratch, unit, counts, spikeSteps, coefficients, sums, slots, capacity,
      features + (<usize> input << 2), weightGradients + (<usize> input << 2), row);
    input += width;
  }
}

/** The last step at which any unit spikes; −1: there is no spike. */
function lastSpike(counts: usize, spikeSteps: usize, slots: i32, capacity: i32): i32 {
  let last = -1;
  for (let slot = 0; slot < slots; slot++) {
    const n = load<i32>(counts + (<usize> slot << 2));
    if (n > 0) last = max(last, load<i32>(spikeSteps + (<usize> (slot * capacity + n - 1) << 2)));
  }
  return last;
}

/** Number of inputs of the next block. */
function blockWidth(left: i32): i32 {
  return left >= 48 ? 48 : left >= 16 ? 16 : 4;
}

/** Sums one block of inputs for all units. @param sums 0: X has no constant part. */
function sumUnits(
  width: i32,
  trace: usize,
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  coefficients: usize,
  sums: usize,
  slots: i32,
  capacity: i32,
  x: usize,
  to: usize,
  row: usize,
): void {
  for (let slot = 0; slot < slots; slot++) {
    const place = <usize> slot << 2;
    const n = load<i32>(counts + place);
    if (n == 0) continue;
    const at = <usize> (slot * capacity) << 2;
    const constant: f32 = sums != 0 ? 128.5 * load<f32>(sums + place) : 0;
    const gradients = to + <usize> load<i32>(unit + place) * row;
    if (n > MOST_PLAIN) sumManySpikes(width, trace, spikeSteps, coefficients, at, n, constant, x, gradients);
    else if (width == 48) sumSpikes48(trace, spikeSteps, coefficients, at, n, constant, x, gradients);
    else if (width == 16) sumSpikes16(trace, spikeSteps, coefficients, at, n, constant, x, gradients);
    else sumSpikes4(trace, spikeSteps, coefficients, at, n, constant, x, gradients);
  }
}

/** One unit's sums over many spikes: ones and parts f32 `[48]`, totals f64 `[48]`. */
const ONES = memory.data(192, 16), PARTS = memory.data(192, 16), TOTALS = memory.data(384, 16);

/** Sums one unit with many spikes: the kernels below sum parts, which are added in float64 (long_sums.ts). */
function sumManySpikes(
  width: i32,
  trace: usize,
  steps: usize,
  coefficients: usize,
  at: usize,
  count: i32,
  constant: f32,
  x: usize,
  to: usize,
): void {
  const row = <usize> width << 2;
  for (let i: usize = 0; i < row; i += 16) {
    v128.store(ONES + i, f32x4.splat(1));
    v128.store(PARTS + i, f32x4.splat(0));
  }
  memory.fill(TOTALS, 0, 2 * row);
  for (; count > 0; count -= RUN, at += <usize> RUN << 2) {
    const n = min(RUN, count);
    if (width == 48) sumSpikes48(trace, steps, coefficients, at, n, 0, ONES, PARTS);
    else if (width == 16) sumSpikes16(trace, steps, coefficients, at, n, 0, ONES, PARTS);
    else sumSpikes4(trace, steps, coefficients, at, n, 0, ONES, PARTS);
    addParts(PARTS, TOTALS, width);
  }
  for (let i: usize = 0; i < row; i += 16) {
    addProduct(x + i, f32x4.add(f32x4.splat(constant), narrow(TOTALS + 2 * i)), to + i);
  }
}

/**
 * Writes the trace of `width` inputs for the first `steps` steps to `scratch`, f32 `[steps][width]`. Each multiply-add of a trace
 * depends on the one before, so two vectors of inputs run side by side.
 *
 * @param width A multiple of 8, or 4.
 */
function traceColumns(x: usize, block: usize, width: i32, steps: i32, decay: f32, scratch: usize): void {
  const d = f32x4.splat(decay);
  const row = <usize> width << 2;
  for (let column: usize = 0; column < row; column += 32) {
    let from = x + (column << 2), to = scratch + column;
    let left = f32x4.splat(0), right = left;
    const second: usize = row > 16 ? 16 : 0; // with one vector, both are the same
    for (let step = 0; step < steps; step += 4, from += block) {
      let a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), e = v128.load(from, 48);
      let ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      let AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      let ce = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
      let CE = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
      const x0 = v128.shuffle<f32>(ab, ce, 0, 1, 4, 5), x1 = v128.shuffle<f32>(ab, ce, 2, 3, 6, 7);
      const x2 = v128.shuffle<f32>(AB, CE, 0, 1, 4, 5), x3 = v128.shuffle<f32>(AB, CE, 2, 3, 6, 7);
      const next = from + (second << 2);
      a = v128.load(next), b = v128.load(next, 16), c = v128.load(next, 32), e = v128.load(next, 48);
      ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      ce = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
      CE = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
      right = madd(d, right, v128.shuffle<f32>(ab, ce, 0, 1, 4, 5));
      left = madd(d, left, x0);
      v128.store(to + second, right), v128.store(to, left);
      to += row;
      right = madd(d, right, v128.shuffle<f32>(ab, ce, 2, 3, 6, 7));
      left = madd(d, left, x1);
      v128.store(to + second, right), v128.store(to, left);
      to += row;
      right = madd(d, right, v128.shuffle<f32>(AB, CE, 0, 1, 4, 5));
      left = madd(d, left, x2);
      v128.store(to + second, right), v128.store(to, left);
      to += row;
      right = madd(d, right, v128.shuffle<f32>(AB, CE, 2, 3, 6, 7));
      left = madd(d, left, x3);
      v128.store(to + second, right), v128.store(to, left);
      to += row;
    }
  }
}

/** `traceColumns` for draws in integers. */
function traceColumnsI8(x: usize, block: usize, width: i32, steps: i32, decay: f32, scratch: usize): void {
  const d = f32x4.splat(decay);
  const row = <usize> width << 2;
  for (let column: usize = 0; column < row; column += 32) {
    let from = x + column, to = scratch + column;
    let left = f32x4.splat(0), right = left;
    const second: usize = row > 16 ? 16 : 0;
    for (let step = 0; step < steps; step += 4, from += block) {
      const l = v128.load(from), r = v128.load(from + second);
      let l2 = i16x8.extend_low_i8x16_s(l), r2 = i16x8.extend_low_i8x16_s(r);
      right = madd(d, right, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(r2)));
      left = madd(d, left, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(l2)));
      v128.store(to + second, right), v128.store(to, left);
      to += row;
      right = madd(d, right, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(r2)));
      left = madd(d, left, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(l2)));
      v128.store(to + second, right), v128.store(to, left);
      to += row;
      l2 = i16x8.extend_high_i8x16_s(l), r2 = i16x8.extend_high_i8x16_s(r);
      right = madd(d, right, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(r2)));
      left = madd(d, left, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(l2)));
      v128.store(to + second, right), v128.store(to, left);
      to += row;
      right = madd(d, right, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(r2)));
      left = madd(d, left, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(l2)));
      v128.store(to + second, right), v128.store(to, left);
      to += row;
    }
  }
}

/** `to` f32 `[48]` += x ⊙ (constant + Σ c·trace[step]) over one unit's spikes, in their order. */
function sumSpikes48(
  trace: usize,
  steps: usize,
  coefficients: usize,
  at: usize,
  count: i32,
  constant: f32,
  x: usize,
  to: usize,
): void {
  let a = f32x4.splat(constant), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
  for (; count > 0; count--, at += 4) {
    const row = trace + <usize> load<i32>(steps + at) * 192;
    const s = v128.load32_splat(coefficients + at);
    a = madd(s, v128.load(row), a), b = madd(s, v128.load(row, 16), b);
    c = madd(s, v128.load(row, 32), c), d = madd(s, v128.load(row, 48), d);
    e = madd(s, v128.load(row, 64), e), f = madd(s, v128.load(row, 80), f);
    g = madd(s, v128.load(row, 96), g), h = madd(s, v128.load(row, 112), h);
    i = madd(s, v128.load(row, 128), i), j = madd(s, v128.load(row, 144), j);
    k = madd(s, v128.load(row, 160), k), l = madd(s, v128.load(row, 176), l);
  }
  addProduct(x, a, to);
  addProduct(x + 16, b, to + 16);
  addProduct(x + 32, c, to + 32);
  addProduct(x + 48, d, to + 48);
  addProduct(x + 64, e, to + 64);
  addProduct(x + 80, f, to + 80);
  addProduct(x + 96, g, to + 96);
  addProduct(x + 112, h, to + 112);
  addProduct(x + 128, i, to + 128);
  addProduct(x + 144, j, to + 144);
  addProduct(x + 160, k, to + 160);
  addProduct(x + 176, l, to + 176);
}

/** As `sumSpikes48`, for 16 inputs. */
function sumSpikes16(
  trace: usize,
  steps: usize,
  coefficients: usize,
  at: usize,
  count: i32,
  constant: f32,
  x: usize,
  to: usize,
): void {
  let a = f32x4.splat(constant), b = a, c = a, d = a;
  for (; count > 0; count--, at += 4) {
    const row = trace + (<usize> load<i32>(steps + at) << 6);
    const s = v128.load32_splat(coefficients + at);
    a = madd(s, v128.load(row), a), b = madd(s, v128.load(row, 16), b);
    c = madd(s, v128.load(row, 32), c), d = madd(s, v128.load(row, 48), d);
  }
  addProduct(x, a, to);
  addProduct(x + 16, b, to + 16);
  addProduct(x + 32, c, to + 32);
  addProduct(x + 48, d, to + 48);
}

/** As `sumSpikes48`, for 4 inputs. */
function sumSpikes4(
  trace: usize,
  steps: usize,
  coefficients: usize,
  at: usize,
  count: i32,
  constant: f32,
  x: usize,
  to: usize,
): void {
  let a = f32x4.splat(constant);
  for (; count > 0; count--, at += 4) {
    const row = trace + (<usize> load<i32>(steps + at) << 4);
    const s = v128.load32_splat(coefficients + at);
    a = madd(s, v128.load(row), a);
  }
  addProduct(x, a, to);
}

/** Adds x·sum to four of `to`. */
function addProduct(x: usize, sum: v128, to: usize): void {
  v128.store(to, madd(v128.load(x), sum, v128.load(to)));
}

/**
 * Adds bias gradients from δI at every step: ∂L/∂b += Σ_t δI_t. Sums over many steps run as long_sums.ts says.
 *
 * @param currentGradients f32 `[steps][units]`.
 * @param biasGradients f32 `[units]`, added to.
 * @param units A multiple of 4.
 */
export function sumSteps(currentGradients: usize, steps: i32, units: i32, biasGradients: usize): void {
  const row = <usize> units << 2;
  for (let column: usize = 0; column < row; column += 16) {
    let sum = v128.load(biasGradients + column);
    let at = currentGradients + column;
    if (steps > MOST_PLAIN) sum = f32x4.add(sum, sumColumn(at, row, steps));
    else for (let step = 0; step < steps; step++, at += row) sum = f32x4.add(sum, v128.load(at));
    v128.store(biasGradients + column, sum);
  }
}
