/**
 * Rate coding in WGSL; poisson.ts. The draws are the same bits, and so are the spikes.
 *
 * @module
 */
import { HASH } from "../random.wgsl.ts";
import type { WgslKernel } from "../wgsl.ts";

/**
 * x_t = [r_t < p], two draws from one hash.
 *
 * `intensities` f32 `[samples, inputs]`, 2¹⁶·p; `keys` i32 `[samples, 2]`; result X. One call for each of
 * samples · steps · ⌈inputs / 2⌉.
 */
export const ENCODE_POISSON: WgslKernel<"f32"> = {
  name: "encodePoisson",
  inputs: { intensities: "f32", keys: "i32" },
  uniforms: { steps: "i32", inputs: "i32" },
  result: "f32",
  code: `${HASH}
fn kernel(index : i32) {
  let pairs = (uniforms.inputs + 1) / 2;
  let row = index / pairs;
  let pair = index - row * pairs;
  let sample = row / uniforms.steps;
  let step = row - sample * uniforms.steps;
  let key0 = bitcast<u32>(keys[2 * sample]);
  let key1 = bitcast<u32>(keys[2 * sample + 1]);
  let bits = hash((u32(step) << 16u) + u32(pair), key0, key1);
  let p = sample * uniforms.inputs + 2 * pair;
  let at = row * uniforms.inputs + 2 * pair;
  result[at] = select(0.0, 1.0, f32(bits & 0xffffu) + 0.5 < intensities[p]);
  if (2 * pair + 1 < uniforms.inputs) {
    result[at + 1] = select(0.0, 1.0, f32(bits >> 16u) + 0.5 < intensities[p + 1]);
  }
}`,
};
