/**
 * Packing, unpacking and weight gradient of a layer whose inputs are f32 rows `[steps][inputs]` (spikes that are not sparse) and
 * whose weights lie by input, `[inputs][units]`. Its products are matmul.ts's: the forward pass multiplies by panels of W, the
 * backward pass by panels of Wᵀ, both packed once a batch.
 */
import { transpose4 } from "./encoders/direct";
import { madd } from "./lanes";
import { addParts, addTotals, MOST_PLAIN, RUN } from "./long_sums";

/**
 * Packs weights that lie by input into panels of 8 units.
 *
 * @param weights f32 `[inputs][units]`.
 * @param units A multiple of 4; where it is not one of 8, the last panel's second half is 0.
 * @param panels f32 `[⌈units / 8⌉][inputs][8]`, written.
 */
export function packRows(weights: usize, inputs: i32, units: i32, panels: usize): void {
  const row = <usize> units << 2;
  const zero = f32x4.splat(0);
  for (let column: usize = 0; column < row; column += 32) {
    let from = weights + column;
    const isWhole = column + 16 < row;
    for (let input = 0; input < inputs; input++, from += row, panels += 32) {
      v128.store(panels, v128.load(from));
      v128.store(panels, isWhole ? v128.load(from, 16) : zero, 16);
    }
  }
}

/**
 * Unpacks the panels of a product to rows.
 *
 * @param panels f32 `[⌈units / 8⌉][steps][8]`.
 * @param steps Rows of a panel.
 * @param count Rows to unpack.
 * @param units A multiple of 4.
 * @param rows f32 `[count][units]`, written.
 */
export function panelsToRows(panels: usize, steps: i32, count: i32, units: i32, rows: usize): void {
  const row = <usize> units << 2;
  for (let column: usize = 0; column < row; column += 32) {
    let from = panels, to = rows + column;
    const isWhole = column + 16 < row;
    for (let step = 0; step < count; step++, from += 32, to += row) {
      v128.store(to, v128.load(from));
      if (isWhole) v128.store(to, v128.load(from, 16), 16);
    }
    panels += <usize> steps << 5;
  }
}

/**
 * Adds a sample's weight gradient: ∂L/∂W[:, k] += Σ_t x_{t,k}·δI_t. Sums over many steps run as long_sums.ts says.
 *
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4 steps]`.
 * @param currentGradients f32 `[⌈steps / 4⌉ · 4][units]`, δI_t; rows past the last step are 0.
 * @param inputs A multiple of 4.
 * @param units A multiple of 4.
 * @param weightGradients f32 `[inputs][units]`, added to.
 */
export function matmulGradient(
  x: usize,
  currentGradients: usize,
  steps: i32,
  inputs: i32,
  units: i32,
  weightGradients: usize,
): void {
  const row = <usize> units << 2, block = <usize> inputs << 4;
  for (let input = 0; input < inputs; input += 4, x += 64, weightGradients += row << 2) {
    let column: usize = 0;
    for (; column + 32 <= row; column += 32) {
      const deltas = currentGradients + column, to = weightGradients + column;
      if (steps > MOST_PLAIN) longGradient(x, block, deltas, row, steps, to, 32);
      else gradient4x8(x, block, deltas, row, steps, to, row);
    }
    if (column < row) {
      const deltas = currentGradients + column, to = weightGradients + column;
      if (steps > MOST_PLAIN) longGradient(x, block, deltas, row, steps, to, 16);
      else gradient4x4(x, block, deltas, row, steps, to, row);
    }
  }
}

/**
 * `panelGradients` for samples with few inputs that are 0: ∂L/∂W[n, k] += Σ_samples δ[n]·x[k] over tiles of four inputs.
 *
 * @param x f32 X, `[samples / 4][inputs][4 samples]`.
 * @param deltas f32 `[samples][width]`; rows past the last sample count nothing, since their x is 0.
 * @param samples A multiple of 4.
 * @param from The first of the inputs, `to` behind the last one: multiples of 4.
 * @param gradients f32 `[to − from][width]`, added to.
 */
export function panelTileGradients(
  x: usize,
  inputs: i32,
  deltas: usize,
  samples: i32,
  from: i32,
  to: i32,
  width: i32,
  gradients: usize,
): void {
  const row = <usize> width << 2, block = <usize> inputs << 4;
  x += <usize> from << 4;
  for (let input = from; input < to; input += 4, x += 64, gradients += row << 2) {
    let column: usize = 0;
    for (; column + 32 <= row; column += 32) {
      gradient4x8(x, block, deltas + column, row, samples, gradients + column, row);
    }
    if (column < row) gradient4x4(x, block, deltas + column, row, samples, gradients + column, row);
  }
}

/** A tile's sums over many steps: parts f32 `[4][8]`, totals f64 `[4][8]`. */
const PARTS = memory.data(128, 16), TOTALS = memory.data(256, 16);

/** Sums a tile over many steps: the kernels below sum parts, which are added in float64. @param width Bytes of a row. */
function longGradient(
  x: usize,
  block: usize,
  deltas: usize,
  row: usize,
  steps: i32,
  to: usize,
  width: usize,
): void {
  const count = <i32> width; // 4 · width / 4
  memory.fill(PARTS, 0, width << 2);
  memory.fill(TOTALS, 0, width << 3);
  for (; steps > 0; steps -= RUN, x += block * (RUN >> 2), deltas += row * RUN) {
    const n = min(RUN, steps);
    if (width == 32) gradient4x8(x, block, deltas, row, n, PARTS, 32);
    else gradient4x4(x, block, deltas, row, n, PARTS, 16);
    addParts(PARTS, TOTALS, count);
  }
  for (let input: usize = 0; input < 4; input++, to += row) {
    addTotals(TOTALS + 2 * input * width, to, <i32> (width >> 2));
  }
}

/**
 * Writes a sample's inputs as rows, multiplied by its features: x_t = X_t ⊙ features.
 *
 * With these rows as δI and δI as X, `matmulGradient` gives the gradient of weights that lie by unit.
 *
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4 steps]`.
 * @param features f32 `[inputs]`.
 * @param inputs A multiple of 4.
 * @param rows f32 `[⌈steps / 4⌉ · 4][inputs]`, written.
 */
export function inputRows(x: usize, features: usize, steps: i32, inputs: i32, rows: usize): void {
  const row = <usize> inputs << 2;
  for (let step = 0; step < steps; step += 4, rows += row << 2) {
    for (let to = rows, feature = features, end = rows + row; to < end; to += 16, feature += 16, x += 64) {
      transpose4(x, 16, to, row);
      const f = v128.load(feature);
      v128.store(to, f32x4.mul(f, v128.load(to)));
      v128.store(to + row, f32x4.mul(f, v128.load(to + row)));
      v128.store(to + 2 * row, f32x4.mul(f, v128.load(to + 2 * row)));
      v128.store(to + 3 * row, f32x4.mul(f, v128.load(to + 3 * row)));
    }
  }
}

/**
 * `inputRows` for draws in integers, X_t = v_t + 128½.
 *
 * @param x i8 v, `[⌈steps / 4⌉][inputs / 4][4 steps][4 inputs]`.
 */
export function inputRowsI8(x: usize, features: usize, steps: i32, inputs: i32, rows: usize): void {
  const row = <usize> inputs << 2;
  const middle = f32x4.splat(128.5);
  for (let step = 0; step < steps; step += 4, rows += row << 2) {
    for (let to = rows, feature = features, end = rows + row; to < end; to += 16, feature += 16, x += 16) {
      const f = v128.load(feature);
      let lane: usize = 0;
      for (let at = to; lane < 16; lane += 4, at += row) {
        const v = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x + lane)));
        v128.store(at, f32x4.mul(f, f32x4.add(f32x4.convert_i32x4_s(v), middle)));
      }
    }
  }
}

/** Four inputs × 8 units: 8 multiply-adds for 6 loads. @param stride Bytes from a row of `to` to the next. */
function gradient4x8(
  x: usize,
  block: usize,
  deltas: usize,
  row: usize,
  steps: i32,
  to: usize,
  stride: usize,
): void {
  let a0 = v128.load(to), b0 = v128.load(to, 16);
  let a1 = v128.load(to + stride), b1 = v128.load(to + stride, 16);
  let a2 = v128.load(to + 2 * stride), b2 = v128.load(to + 2 * stride, 16);
  let a3 = v128.load(to + 3 * stride), b3 = v128.load(to + 3 * stride, 16);
  for (let step = 0; step < steps; step += 4, x += block) {
    for (let lane: usize = 0; lane < 16; lane += 4, deltas += row) {
      const d = v128.load(deltas), e = v128.load(deltas, 16);
      let s = v128.load32_splat(x + lane);
      a0 = madd(s, d, a0), b0 = madd(s, e, b0);
      s = v128.load32_splat(x + lane, 16);
      a1 = madd(s, d, a1), b1 = madd(s, e, b1);
      s = v128.load32_splat(x + lane, 32);
      a2 = madd(s, d, a2), b2 = madd(s, e, b2);
      s = v128.load32_splat(x + lane, 48);
      a3 = madd(s, d, a3), b3 = madd(s, e, b3);
    }
  }
  v128.store(to, a0), v128.store(to, b0, 16);
  v128.store(to + stride, a1), v128.store(to + stride, b1, 16);
  v128.store(to + 2 * stride, a2), v128.store(to + 2 * stride, b2, 16);
  v128.store(to + 3 * stride, a3), v128.store(to + 3 * stride, b3, 16);
}

/** Four inputs × 4 units. */
function gradient4x4(
  x: usize,
  block: usize,
  deltas: usize,
  row: usize,
  steps: i32,
  to: usize,
  stride: usize,
): void {
  let a0 = v128.load(to), a1 = v128.load(to + stride);
  let a2 = v128.load(to + 2 * stride), a3 = v128.load(to + 3 * stride);
  for (let step = 0; step < steps; step += 4, x += block) {
    for (let lane: usize = 0; lane < 16; lane += 4, deltas += row) {
      const d = v128.load(deltas);
      a0 = madd(v128.load32_splat(x + lane), d, a0);
      a1 = madd(v128.load32_splat(x + lane, 16), d, a1);
      a2 = madd(v128.load32_splat(x + lane, 32), d, a2);
      a3 = madd(v128.load32_splat(x + lane, 48), d, a3);
    }
  }
  v128.store(to, a0), v128.store(to + stride, a1);
  v128.store(to + 2 * stride, a2), v128.store(to + 3 * stride, a3);
}
