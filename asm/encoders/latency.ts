/**
 * Time to first spike: each input spikes at most once, the sooner the larger its intensity x.
 *
 *     x_t = [x ≥ level_t] − [x ≥ level_{t−1}]      level_{−1} = ∞ ≥ level_0 ≥ level_1 ≥ …
 *
 * level_t is the least intensity that has spiked by step t. `latencyLevels` in src/network/encoders.ts computes the levels, linear
 * or logarithmic, and names the sources.
 */

/**
 * Finds a sample's spikes.
 *
 * @param intensities f32 `[inputs]`.
 * @param levels f32 `[4 + ⌈steps / 4⌉ · 4]`: four times ∞, then level_t, non-increasing.
 * @param out f32 X (see noise.ts), written: 1 at a spike, else 0.
 * @param inputs A multiple of 4.
 */
export function encodeLatency(
  intensities: usize,
  levels: usize,
  out: usize,
  steps: i32,
  inputs: i32,
): void {
  const spike = f32x4.splat(1);
  levels += 16;
  for (let step = 0; step < steps; step += 4, levels += 16) {
    const level = v128.load(levels), before = v128.load(levels - 4);
    for (let x = intensities, end = x + (<usize> inputs << 2); x < end; x += 4, out += 16) {
      const intensity = v128.load32_splat(x);
      const fires = v128.andnot(f32x4.ge(intensity, level), f32x4.ge(intensity, before));
      v128.store(out, v128.and(fires, spike));
    }
  }
}
