/**
 * Weight gradients of a layer fed by dense inputs, from its spikes alone (SPEC.md, exact):
 *
 *     X̃_t = x_t + d·X̃_{t-1};   ∂L/∂W_n += Σ_spikes c_{n,t}·X̃_tᵀ
 *
 * The trace X̃ never exists as a whole: 32 inputs at a time it is made for all steps in `scratch`, which stays in the first
 * cache, and every unit's spikes are summed over it at once, in eight accumulators.
 */
import { madd } from "./lanes";
import { transpose4 } from "./encode";

/**
 * Adds a sample's weight gradient.
 *
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4]`.
 * @param inputs A multiple of 4.
 * @param decay d of the trace; 0 where every step is a coefficient (`everyStep`).
 * @param unit i32 `[slots]`, counts i32 `[slots]`, spikeSteps i32 and coefficients f32 `[slots][capacity]`.
 * @param weightGradients f32 `[units][inputs]`, added to.
 * @param scratch f32 `[⌈steps / 4⌉ · 4][32]`, written.
 */
export function traceGradient(
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
  let last = -1;
  for (let slot = 0; slot < slots; slot++) {
    const n = load<i32>(counts + (<usize> slot << 2));
    if (n > 0) last = max(last, load<i32>(spikeSteps + (<usize> (slot * capacity + n - 1) << 2)));
  }
  if (last < 0) return;
  const row = <usize> inputs << 2;
  const block = row << 2;
  let input = 0;
  for (; input + 32 <= inputs; input += 32) {
    traceColumns(x + (<usize> input << 4), block, 32, last + 1, decay, scratch);
    for (let slot = 0; slot < slots; slot++) {
      const n = load<i32>(counts + (<usize> slot << 2));
      if (n == 0) continue;
      const to = weightGradients + <usize> load<i32>(unit + (<usize> slot << 2)) * row + (<usize> input << 2);
      sumSpikes32(scratch, spikeSteps, coefficients, <usize> (slot * capacity) << 2, n, to);
    }
  }
  for (; input < inputs; input += 4) {
    traceColumns(x + (<usize> input << 4), block, 4, last + 1, decay, scratch);
    for (let slot = 0; slot < slots; slot++) {
      const n = load<i32>(counts + (<usize> slot << 2));
      if (n == 0) continue;
      const to = weightGradients + <usize> load<i32>(unit + (<usize> slot << 2)) * row + (<usize> input << 2);
      sumSpikes4(scratch, spikeSteps, coefficients, <usize> (slot * capacity) << 2, n, to);
    }
  }
}

/** The trace of `width` inputs (a multiple of 4) for the first `steps` steps: `scratch` f32 `[steps][width]`. */
function traceColumns(x: usize, block: usize, width: i32, steps: i32, decay: f32, scratch: usize): void {
  const d = f32x4.splat(decay);
  const row = <usize> width << 2;
  for (let column: usize = 0; column < row; column += 16) {
    let from = x + (column << 2), to = scratch + column;
    let trace = f32x4.splat(0);
    for (let step = 0; step < steps; step += 4, from += block) {
      const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), e = v128.load(from, 48);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const ce = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
      const CE = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
      trace = madd(d, trace, v128.shuffle<f32>(ab, ce, 0, 1, 4, 5));
      v128.store(to, trace);
      to += row;
      trace = madd(d, trace, v128.shuffle<f32>(ab, ce, 2, 3, 6, 7));
      v128.store(to, trace);
      to += row;
      trace = madd(d, trace, v128.shuffle<f32>(AB, CE, 0, 1, 4, 5));
      v128.store(to, trace);
      to += row;
      trace = madd(d, trace, v128.shuffle<f32>(AB, CE, 2, 3, 6, 7));
      v128.store(to, trace);
      to += row;
    }
  }
}

/** `to` f32 `[32]` += Σ c·trace[step] over one unit's spikes, in their order. */
function sumSpikes32(trace: usize, steps: usize, coefficients: usize, at: usize, count: i32, to: usize): void {
  let a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48);
  let e = v128.load(to, 64), f = v128.load(to, 80), g = v128.load(to, 96), h = v128.load(to, 112);
  for (; count > 0; count--, at += 4) {
    const row = trace + (<usize> load<i32>(steps + at) << 7);
    const s = v128.load32_splat(coefficients + at);
    a = madd(s, v128.load(row), a), b = madd(s, v128.load(row, 16), b);
    c = madd(s, v128.load(row, 32), c), d = madd(s, v128.load(row, 48), d);
    e = madd(s, v128.load(row, 64), e), f = madd(s, v128.load(row, 80), f);
    g = madd(s, v128.load(row, 96), g), h = madd(s, v128.load(row, 112), h);
  }
  v128.store(to, a), v128.store(to, b, 16), v128.store(to, c, 32), v128.store(to, d, 48);
  v128.store(to, e, 64), v128.store(to, f, 80), v128.store(to, g, 96), v128.store(to, h, 112);
}

/** As `sumSpikes32`, for 4 inputs. */
function sumSpikes4(trace: usize, steps: usize, coefficients: usize, at: usize, count: i32, to: usize): void {
  let sum = v128.load(to);
  for (; count > 0; count--, at += 4) {
    const row = trace + (<usize> load<i32>(steps + at) << 4);
    sum = madd(v128.load32_splat(coefficients + at), v128.load(row), sum);
  }
  v128.store(to, sum);
}

/**
 * Adds a sample's weight gradient where its input is the same at every step: ∂L/∂W_n += (Σ_t δI_{n,t})·xᵀ.
 *
 * @param x f32 `[inputs]`.
 * @param sums f32 `[units]`, Σ_t δI_{n,t} of this sample; units whose sum is 0 are passed over.
 * @param weightGradients f32 `[units][inputs]`, added to.
 * @param inputs A multiple of 4.
 */
export function outerGradient(x: usize, sums: usize, weightGradients: usize, units: i32, inputs: i32): void {
  const row = <usize> inputs << 2;
  for (let unit = 0; unit < units; unit++, sums += 4, weightGradients += row) {
    if (load<f32>(sums) == 0) continue;
    const s = v128.load32_splat(sums);
    for (let at: usize = 0; at < row; at += 16) {
      const g = weightGradients + at;
      v128.store(g, madd(s, v128.load(x + at), v128.load(g)));
    }
  }
}

/**
 * Bias gradients where δI is dense: ∂L/∂b += Σ_t δI_t.
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
    for (let step = 0; step < steps; step++, at += row) sum = f32x4.add(sum, v128.load(at));
    v128.store(biasGradients + column, sum);
  }
}
