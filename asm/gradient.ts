/**
 * Weight gradients of a layer fed by dense inputs, from its spikes alone (SPEC.md, exact):
 *
 *     X̃_t = X_t + d·X̃_{t-1};   ∂L/∂W_n += x ⊙ Σ_spikes c_{n,t}·X̃_tᵀ
 *
 * where a sample's inputs at step t are x ⊙ X_t: for the noise encoder X are the draws and x the features, for a sequence X is
 * the sequence and x is 1.
 * The trace X̃ never exists as a whole: 48 inputs at a time it is made for all steps in `scratch`, which stays in the first
 * cache, and every unit's spikes are summed over it at once, in twelve accumulators.
 */
import { madd } from "./lanes";

/**
 * Adds a sample's weight gradient.
 *
 * @param features f32 `[inputs]`, x.
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4]`.
 * @param inputs A multiple of 4.
 * @param decay d of the trace; 0 where every step is a coefficient (`everyStep`).
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
  let last = -1;
  for (let slot = 0; slot < slots; slot++) {
    const n = load<i32>(counts + (<usize> slot << 2));
    if (n > 0) last = max(last, load<i32>(spikeSteps + (<usize> (slot * capacity + n - 1) << 2)));
  }
  if (last < 0) return;
  const block = <usize> inputs << 4;
  for (let input = 0; input < inputs;) {
    const left = inputs - input;
    const width = left >= 48 ? 48 : left >= 16 ? 16 : 4;
    traceColumns(x + (<usize> input << 4), block, width, last + 1, decay, scratch);
    for (let slot = 0; slot < slots; slot++) {
      const n = load<i32>(counts + (<usize> slot << 2));
      if (n == 0) continue;
      const row = <usize> load<i32>(unit + (<usize> slot << 2)) * inputs + input;
      const to = weightGradients + (row << 2);
      const at = <usize> (slot * capacity) << 2;
      if (width == 48) {
        sumSpikes48(scratch, spikeSteps, coefficients, at, n, features + (<usize> input << 2), to);
      } else if (width == 16) {
        sumSpikes16(scratch, spikeSteps, coefficients, at, n, features + (<usize> input << 2), to);
      } else sumSpikes4(scratch, spikeSteps, coefficients, at, n, features + (<usize> input << 2), to);
    }
    input += width;
  }
}

/**
 * The trace of `width` inputs for the first `steps` steps: `scratch` f32 `[steps][width]`.
 *
 * A trace is a chain of multiply-adds, each waiting for the last: so eight inputs run side by side.
 *
 * @param width A multiple of 8, or 4.
 */
function traceColumns(x: usize, block: usize, width: i32, steps: i32, decay: f32, scratch: usize): void {
  const d = f32x4.splat(decay);
  const row = <usize> width << 2;
  for (let column: usize = 0; column < row; column += 32) {
    let from = x + (column << 2), to = scratch + column;
    let left = f32x4.splat(0), right = left;
    const second: usize = row > 16 ? 16 : 0; // a lone vector is its own neighbour
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

/** `to` f32 `[48]` += x ⊙ Σ c·trace[step] over one unit's spikes, in their order. */
function sumSpikes48(
  trace: usize,
  steps: usize,
  coefficients: usize,
  at: usize,
  count: i32,
  x: usize,
  to: usize,
): void {
  let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
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
  x: usize,
  to: usize,
): void {
  let a = f32x4.splat(0), b = a, c = a, d = a;
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
  x: usize,
  to: usize,
): void {
  let a = f32x4.splat(0);
  for (; count > 0; count--, at += 4) {
    const row = trace + (<usize> load<i32>(steps + at) << 4);
    const s = v128.load32_splat(coefficients + at);
    a = madd(s, v128.load(row), a);
  }
  addProduct(x, a, to);
}

/** Four of `to` += x·sum. */
function addProduct(x: usize, sum: v128, to: usize): void {
  v128.store(to, madd(v128.load(x), sum, v128.load(to)));
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
