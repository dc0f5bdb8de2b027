/**
 * The notebook's encoder (docs/networks.md): x_t = r_t ⊙ x with a fresh uniform r_t for each step and input. It writes r alone:
 * x is the same at every step, so `packPanels` multiplies it into the weights once a sample.
 *
 * Inputs X are f32 `[⌈steps / 4⌉][inputs][4 steps]`: one vector holds an input at four consecutive steps, so the product loads four
 * rows at once. `inputs` is padded to a multiple of 4. Rows past the last step are written and never read.
 */
import { DRAWS, hash, MULTIPLIERS } from "../random";

/**
 * One hash gives two draws of 16 bits, r = (v + ½) / 2¹⁶: exact in float32, mean exactly ½, and strictly sub-Gaussian,
 * as the bound in ../skip.ts needs. The low half is the even input's, the high half the odd one's.
 *
 * @param out f32 X, written: 2¹⁶·r.
 * @param steps At least 1.
 * @param inputs A multiple of 4.
 */
export function encodeNoise(key0: i32, key1: i32, out: usize, steps: i32, inputs: i32): void {
  const m1 = v128.load32_splat(MULTIPLIERS), m2 = v128.load32_splat(MULTIPLIERS, 4);
  const low = v128.load32_splat(DRAWS), one = v128.load32_splat(DRAWS, 12);
  const exponent = v128.load32_splat(DRAWS, 4), offset = v128.load32_splat(DRAWS, 8);
  const k = i32x4.splat(key1);
  for (let step = 0; step < steps; step += 4) {
    let z = i32x4.add(i32x4.splat((step << 16) + key0), i32x4(0, 1 << 16, 2 << 16, 3 << 16));
    for (const end = out + (<usize> inputs << 4); out < end; out += 32) {
      const bits = hash(z, k, m1, m2);
      z = i32x4.add(z, one);
      v128.store(out, f32x4.sub(v128.or(v128.and(bits, low), exponent), offset));
      v128.store(out, f32x4.sub(v128.or(i32x4.shr_u(bits, 16), exponent), offset), 16);
    }
  }
}

/**
 * Writes draws of 8 bits, for the product in integers: r = (v + 128½) / 256 with v from −128 to 127. The four bytes of a hash are
 * the draws of four consecutive inputs.
 *
 * @param out i8 `[⌈steps / 4⌉][inputs / 4][4 steps][4 inputs]`, written: v.
 * @param inputs A multiple of 4.
 */
export function encodeNoiseI8(key0: i32, key1: i32, out: usize, steps: i32, inputs: i32): void {
  const m1 = v128.load32_splat(MULTIPLIERS), m2 = v128.load32_splat(MULTIPLIERS, 4);
  const one = v128.load32_splat(DRAWS, 12);
  const k = i32x4.splat(key1);
  for (let step = 0; step < steps; step += 4) {
    let z = i32x4.add(i32x4.splat((step << 16) + key0), i32x4(0, 1 << 16, 2 << 16, 3 << 16));
    for (const end = out + (<usize> inputs << 2); out < end; out += 16) {
      v128.store(out, hash(z, k, m1, m2));
      z = i32x4.add(z, one);
    }
  }
}
