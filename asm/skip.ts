/**
 * Which units may spike at all in a sample: the others need no currents, for nothing reads them and they have no gradient.
 *
 * For a hidden layer fed by the noise encoder, u'_t before a unit's first spike is Σ_{s ≤ t} d^s·(Σ_k w_k·x_k·r_k + b) with
 * independent draws r of mean ½. Its mean is the unit's mean current times g_t = Σ_{s ≤ t} d^s; around the mean it is a sum
 * of independent, strictly sub-Gaussian terms, of standard deviation at most σ·q_t with q_t² = Σ_{s ≤ t} d^(2s) and
 * σ² = ‖w‖²·max|x|² / 12. So
 *
 *     P(u'_t > θ) ≤ exp(−Z_t² / 2),   Z_t = (θ − mean·g_t) / (σ·q_t)
 *
 * and a unit is left out where Z_t is at least the given bound at every step. docs/performance.md derives this and counts
 * what it missed.
 */
import { madd, sumLanes } from "./lanes";

/**
 * ‖w‖² of each row.
 *
 * @param weights f32 `[units, inputs]`.
 * @param norms f32 `[units]`, written.
 * @param inputs A multiple of 4.
 */
export function squaredNorms(weights: usize, norms: usize, units: i32, inputs: i32): void {
  const row = <usize> inputs << 2;
  for (let unit = 0; unit < units; unit++) {
    let sum = f32x4.splat(0);
    for (const end = weights + row; weights < end; weights += 16) {
      const w = v128.load(weights);
      sum = madd(w, w, sum);
    }
    store<f32>(norms, sumLanes(sum));
    norms += 4;
  }
}

/**
 * Lists the units whose Z_t is below the bound at some step, in ascending order.
 *
 * @param means f32 `[units]`, each unit's mean current Σ_k w_k·x_k / 2 + b.
 * @param norms f32 `[units]`, ‖w‖².
 * @param gains f32 `[⌈steps / 4⌉ · 4]`, g_t; the entries past the last step repeat it.
 * @param deviations f32, q_t, likewise.
 * @param threshold θ.
 * @param width bound·max|x| / √12.
 * @param chosen i32 `[⌈units / 8⌉ · 8]`, written; filled up to a multiple of 8 with `padding`.
 * @param padding Index of a row of zeros.
 * @returns How many units were listed.
 */
export function chooseUnits(
  means: usize,
  norms: usize,
  units: i32,
  gains: usize,
  deviations: usize,
  steps: i32,
  threshold: f32,
  width: f32,
  chosen: usize,
  padding: i32,
): i32 {
  const theta = f32x4.splat(threshold);
  let count = 0;
  for (let unit = 0; unit < units; unit++) {
    const mean = v128.load32_splat(means + (<usize> unit << 2));
    const deviation = f32x4.splat(sqrt<f32>(load<f32>(norms + (<usize> unit << 2))) * width);
    for (let step = 0; step < steps; step += 4) {
      const at = <usize> step << 2;
      const highest = madd(mean, v128.load(gains + at), f32x4.mul(deviation, v128.load(deviations + at)));
      if (v128.any_true(f32x4.gt(highest, theta))) {
        store<i32>(chosen + (<usize> count << 2), unit);
        count++;
        break;
      }
    }
  }
  for (let i = count; (i & 7) != 0; i++) store<i32>(chosen + (<usize> i << 2), padding);
  return count;
}
