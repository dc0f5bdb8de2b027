/**
 * A readout that is linear in time: logits are a weighted sum of spikes over the steps, in one product a sample
 * (docs/internals/plan.md).
 *
 *     logits = scale·(W·S + b·Σ_s k_s);   S_n = Σ_t k_{t+delay}·o_{n,t};   δo_{n,t} = k_{t+delay}·δS_n;   δS = Wᵀ·δlogits
 */
import { madd, sumLanes } from "./lanes";
import { MOST_PLAIN, narrowed, RUN, upperHalf } from "./long_sums";

/**
 * Weighs a population's outputs, and counts its spikes: S_n = Σ_t shares[t]·o_{n,t}; see long_sums.ts.
 *
 * @param distances f32 `[steps][units]`, u' − θ; a unit spikes where it is above 0.
 * @param outputs f32 likewise, o; 0: 1 at a spike.
 * @param shares f32 `[steps]`.
 * @param sums f32 `[units]`, S, written.
 * @param counts i32 `[units]`, written.
 * @param units A multiple of 4.
 * @returns The number of all spikes.
 */
export function weighSpikes(
  distances: usize,
  outputs: usize,
  steps: i32,
  units: i32,
  shares: usize,
  sums: usize,
  counts: usize,
): i32 {
  const row = <usize> units << 2, zero = f32x4.splat(0);
  const run = steps > MOST_PLAIN ? RUN : steps;
  let all = i32x4.splat(0);
  for (let column: usize = 0; column < row; column += 16) {
    let count = i32x4.splat(0), sum = zero;
    let low = f64x2.splat(0), high = low;
    let at = column;
    for (let step = 0; step < steps;) {
      sum = zero;
      for (const end = min(step + run, steps); step < end; step++, at += row) {
        const fires = f32x4.gt(v128.load(distances + at), zero);
        const share = v128.load32_splat(shares + (<usize> step << 2));
        // True is −1.
        count = i32x4.sub(count, fires);
        if (outputs == 0) sum = f32x4.add(sum, v128.and(share, fires));
        else sum = madd(share, v128.load(outputs + at), sum);
      }
      if (steps > MOST_PLAIN) {
        low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
        high = f64x2.add(high, f64x2.promote_low_f32x4(upperHalf(sum)));
      }
    }
    v128.store(sums + column, steps > MOST_PLAIN ? narrowed(low, high) : sum);
    v128.store(counts + column, count);
    all = i32x4.add(all, count);
  }
  return (i32x4.extract_lane(all, 0) + i32x4.extract_lane(all, 1)) +
    (i32x4.extract_lane(all, 2) + i32x4.extract_lane(all, 3));
}

/**
 * The product of one row: y = scale·(Σ_n x_n·W[:, n] + share·b).
 *
 * @param x f32 `[inputs]`.
 * @param weights f32 `[inputs][units]`, by input.
 * @param bias f32 `[units]`.
 * @param y f32 `[units]`, written.
 * @param inputs A multiple of 4.
 * @param units A multiple of 4.
 */
export function multiplyRow(
  x: usize,
  weights: usize,
  bias: usize,
  share: f32,
  scale: f32,
  y: usize,
  inputs: i32,
  units: i32,
): void {
  const row = <usize> units << 2, end = x + (<usize> inputs << 2);
  for (let column: usize = 0; column < row; column += 16) {
    // Four sums side by side: a multiply-add waits for the one before.
    let a = f32x4.mul(f32x4.splat(share), v128.load(bias + column));
    let b = f32x4.splat(0), c = b, d = b;
    for (let at = x, w = weights + column; at < end; at += 16, w += row << 2) {
      a = madd(v128.load32_splat(at), v128.load(w), a);
      b = madd(v128.load32_splat(at, 4), v128.load(w + row), b);
      c = madd(v128.load32_splat(at, 8), v128.load(w + 2 * row), c);
      d = madd(v128.load32_splat(at, 12), v128.load(w + 3 * row), d);
    }
    v128.store(y + column, f32x4.mul(f32x4.splat(scale), f32x4.add(f32x4.add(a, b), f32x4.add(c, d))));
  }
}

/**
 * The backward pass of one row: δx = Wᵀ·δy, ∂L/∂W[:, n] += x_n·δy, ∂L/∂b += share·δy.
 *
 * @param gradients f32 `[units]`, δy; those of the padding are 0.
 * @param inputGradients f32 `[inputs]`, δx, written.
 */
export function multiplyRowBack(
  x: usize,
  weights: usize,
  gradients: usize,
  share: f32,
  inputs: i32,
  units: i32,
  inputGradients: usize,
  weightGradients: usize,
  biasGradients: usize,
): void {
  const row = <usize> units << 2;
  for (let input = 0; input < inputs; input += 4, x += 16, inputGradients += 16) {
    const xs = v128.load(x);
    const x0 = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0), x1 = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
    const x2 = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2), x3 = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let column: usize = 0; column < row; column += 16) {
      const delta = v128.load(gradients + column), w = weights + column, g = weightGradients + column;
      a = madd(v128.load(w), delta, a);
      b = madd(v128.load(w + row), delta, b);
      c = madd(v128.load(w + 2 * row), delta, c);
      d = madd(v128.load(w + 3 * row), delta, d);
      v128.store(g, madd(x0, delta, v128.load(g)));
      v128.store(g + row, madd(x1, delta, v128.load(g + row)));
      v128.store(g + 2 * row, madd(x2, delta, v128.load(g + 2 * row)));
      v128.store(g + 3 * row, madd(x3, delta, v128.load(g + 3 * row)));
    }
    v128.store(inputGradients, f32x4(sumLanes(a), sumLanes(b), sumLanes(c), sumLanes(d)));
    weights += row << 2, weightGradients += row << 2;
  }
  for (let column: usize = 0; column < row; column += 16) {
    const b = biasGradients + column, delta = v128.load(gradients + column);
    v128.store(b, madd(f32x4.splat(share), delta, v128.load(b)));
  }
}

/**
 * Spreads a row over the steps: rows[t] = shares[t]·row.
 *
 * @param rows f32 `[steps][units]`, written.
 * @param units A multiple of 4.
 */
export function spreadRow(row: usize, shares: usize, steps: i32, units: i32, rows: usize): void {
  const bytes = <usize> units << 2;
  for (let step = 0; step < steps; step++, shares += 4) {
    const share = v128.load32_splat(shares);
    for (let column: usize = 0; column < bytes; column += 16, rows += 16) {
      v128.store(rows, f32x4.mul(share, v128.load(row + column)));
    }
  }
}
