/**
 * Selects the units that may spike in a sample; the others need no currents, because they have neither outputs nor a gradient.
 *
 * For a hidden layer fed by the noise encoder, u'_t before a unit's first spike is Σ_{s ≤ t} d^s·(Σ_k w_k·x_k·r_k + b) with
 * independent draws r of mean ½. Its mean is the unit's mean current times g_t = Σ_{s ≤ t} d^s; around the mean it is a sum
 * of independent, strictly sub-Gaussian terms, with standard deviation σ·q_t, q_t² = Σ_{s ≤ t} d^(2s) and
 * σ² = Σ_k (w_k·x_k)² / 12. So
 *
 *     P(u'_t > θ) ≤ exp(−Z_t² / 2),   Z_t = (θ − mean·g_t) / (σ·q_t)
 *
 * and a unit is skipped where Z_t is at least the given bound at every step. docs/performance.md derives this and counts the spikes
 * that were missed.
 */
import { madd, sumLanes } from "./lanes";

/**
 * Lists the units whose Z_t is below the bound at some step, in ascending order.
 *
 * @param x f32 `[inputs]`, features, times `scale`.
 * @param scale A power of two: the multiplication is exact.
 * @param weights f32 `[⌈units / 4⌉ · 4][inputs]`, bias f32 likewise; rows past `units` are readable.
 * @param inputs A multiple of 4.
 * @param gains f32 `[⌈steps / 4⌉ · 4]`, g_t; the entries past the last step repeat it.
 * @param deviations f32, q_t, likewise.
 * @param threshold θ.
 * @param bound The least Z at which a unit is skipped.
 * @param selected i32 `[⌈units / 8⌉ · 8]`, written; padded to a multiple of 8 with `units`, a row of zeros.
 * @returns Number of units listed.
 */
export function selectUnits(
  x: usize,
  scale: f32,
  weights: usize,
  bias: usize,
  units: i32,
  inputs: i32,
  gains: usize,
  deviations: usize,
  steps: i32,
  threshold: f32,
  bound: f32,
  selected: usize,
): i32 {
  const row = <usize> inputs << 2;
  const toMean: f32 = 0.5 / scale, toDeviation = bound / (scale * sqrt<f32>(12));
  const end = x + row;
  let count = 0;
  for (let unit = 0; unit < units; unit += 4, weights += row << 2, bias += 16) {
    let mean0 = f32x4.splat(0), mean1 = mean0, mean2 = mean0, mean3 = mean0;
    let square0 = mean0, square1 = mean0, square2 = mean0, square3 = mean0;
    for (let at = x, w = weights; at < end; at += 16, w += 16) {
      const xs = v128.load(at);
      let product = f32x4.mul(xs, v128.load(w));
      mean0 = f32x4.add(mean0, product), square0 = madd(product, product, square0);
      product = f32x4.mul(xs, v128.load(w + row));
      mean1 = f32x4.add(mean1, product), square1 = madd(product, product, square1);
      product = f32x4.mul(xs, v128.load(w + row * 2));
      mean2 = f32x4.add(mean2, product), square2 = madd(product, product, square2);
      product = f32x4.mul(xs, v128.load(w + row * 3));
      mean3 = f32x4.add(mean3, product), square3 = madd(product, product, square3);
    }
    for (let lane = 0; lane < 4 && unit + lane < units; lane++) {
      const mean = sumLanes(mean0) * toMean + load<f32>(bias + (<usize> lane << 2));
      const deviation = sqrt<f32>(sumLanes(square0)) * toDeviation;
      if (maySpike(mean, deviation, gains, deviations, steps, threshold)) {
        store<i32>(selected + (<usize> count << 2), unit + lane);
        count++;
      }
      mean0 = mean1, mean1 = mean2, mean2 = mean3;
      square0 = square1, square1 = square2, square2 = square3;
    }
  }
  for (let i = count; (i & 7) != 0; i++) store<i32>(selected + (<usize> i << 2), units);
  return count;
}

/**
 * Whether mean·g_t + deviation·q_t reaches the threshold at some step. Mean and threshold are moved towards each other by 1e-4, far
 * more than the rounding error of a potential, which decides where the deviation is 0.
 */
function maySpike(
  mean: f32,
  deviation: f32,
  gains: usize,
  deviations: usize,
  steps: i32,
  threshold: f32,
): bool {
  const m = f32x4.splat(mean + 1e-4 * abs(mean)), s = f32x4.splat(deviation);
  const theta = f32x4.splat(threshold - 1e-4 * abs(threshold));
  const end = gains + (<usize> steps << 2);
  for (; gains < end; gains += 16, deviations += 16) {
    const highest = madd(m, v128.load(gains), f32x4.mul(s, v128.load(deviations)));
    if (v128.any_true(f32x4.ge(highest, theta))) return true;
  }
  return false;
}
