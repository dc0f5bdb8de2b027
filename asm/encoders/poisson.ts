/**
 * Rate coding: an input of intensity x spikes at each step with probability p = rate·x, independently of all others.
 *
 *     x_t = [r_t < p]      r_t fresh and uniform, (v + ½) / 2¹⁶ with 16 random bits v: the noise encoder's draws
 *
 * p is clamped to [0, 1]. The spikes of a step are Bernoulli trials, the discrete form of a Poisson process:
 * Dayan & Abbott, Theoretical Neuroscience (2001), section 1.4.
 */
import { DRAWS, hash, MULTIPLIERS } from "../random";

/**
 * Draws a sample's spikes.
 *
 * @param intensities f32 `[inputs]`, 2¹⁶·p.
 * @param out f32 X (see noise.ts), written: 1 at a spike, else 0.
 * @param steps At least 1.
 * @param inputs A multiple of 4.
 */
export function encodePoisson(
  key0: i32,
  key1: i32,
  intensities: usize,
  out: usize,
  steps: i32,
  inputs: i32,
): void {
  const m1 = v128.load32_splat(MULTIPLIERS), m2 = v128.load32_splat(MULTIPLIERS, 4);
  const low = v128.load32_splat(DRAWS), one = v128.load32_splat(DRAWS, 12);
  const exponent = v128.load32_splat(DRAWS, 4), offset = v128.load32_splat(DRAWS, 8);
  const k = i32x4.splat(key1), spike = f32x4.splat(1);
  for (let step = 0; step < steps; step += 4) {
    let z = i32x4.add(i32x4.splat((step << 16) + key0), i32x4(0, 1 << 16, 2 << 16, 3 << 16));
    for (let p = intensities, end = p + (<usize> inputs << 2); p < end; p += 8, out += 32) {
      const bits = hash(z, k, m1, m2);
      z = i32x4.add(z, one);
      const even = f32x4.sub(v128.or(v128.and(bits, low), exponent), offset);
      const odd = f32x4.sub(v128.or(i32x4.shr_u(bits, 16), exponent), offset);
      v128.store(out, v128.and(f32x4.lt(even, v128.load32_splat(p)), spike));
      v128.store(out, v128.and(f32x4.lt(odd, v128.load32_splat(p, 4)), spike), 16);
    }
  }
}
