/**
 * The noise encoder in WGSL; noise.ts.
 *
 * noise.ts stores draws, and their features are folded into the weights; here X is the product of both, r_t ⊙ x, for the
 * device's matrix product takes the same weights for all samples. The draws are the same bits. As of every encoder here, the
 * result is X f32 `[samples, steps, inputs]`.
 *
 * @module
 */
import { HASH } from "../random.wgsl.ts";
import type { WgslKernel } from "../wgsl.ts";

/**
 * The seed's encoder (SPEC.md), x_t = r_t ⊙ x: a fresh draw r = (v + ½) / 2¹⁶ for each step and input, two from one hash.
 *
 * `features` f32 `[samples, inputs]`, `keys` i32 `[samples, 2]`, result X. One call for each of samples · steps · ⌈inputs / 2⌉.
 */
export const ENCODE_NOISE: WgslKernel<"f32"> = {
  name: "encodeNoise",
  inputs: { features: "f32", keys: "i32" },
  uniforms: { steps: "i32", inputs: "i32" },
  result: "f32",
  code: `${HASH}
const UNIT = 1.0 / 65536.0; // a power of two: the multiplication is exact

fn kernel(index : i32) {
  let pairs = (uniforms.inputs + 1) / 2;
  let row = index / pairs;
  let pair = index - row * pairs;
  let sample = row / uniforms.steps;
  let step = row - sample * uniforms.steps;
  let key0 = bitcast<u32>(keys[2 * sample]);
  let key1 = bitcast<u32>(keys[2 * sample + 1]);
  let bits = hash((u32(step) << 16u) + u32(pair), key0, key1);
  let x = sample * uniforms.inputs + 2 * pair;
  let at = row * uniforms.inputs + 2 * pair;
  result[at] = (f32(bits & 0xffffu) + 0.5) * UNIT * features[x];
  if (2 * pair + 1 < uniforms.inputs) {
    result[at + 1] = (f32(bits >> 16u) + 0.5) * UNIT * features[x + 1];
  }
}`,
};
