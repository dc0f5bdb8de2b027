/** The common part of encoders with random draws in WGSL: two draws of 16 bits from one hash, as on the CPU. */
import { HASH } from "../random.wgsl.ts";
import type { WgslKernel } from "../wgsl.ts";

/**
 * An encoder that computes each input from a draw and a feature.
 *
 * `features` f32 `[samples, inputs]`, `keys` i32 `[samples, 2]`, result X f32 `[samples, steps, inputs]`. One call for each of
 * samples · steps · ⌈inputs / 2⌉.
 *
 * @param encode `fn encode(v : f32, feature : f32) -> f32`: an input, from the draw's 16 bits plus ½ and the feature.
 */
export function drawingEncoder(name: string, encode: string): WgslKernel<"f32"> {
  return {
    name,
    inputs: { features: "f32", keys: "i32" },
    uniforms: { steps: "i32", inputs: "i32" },
    result: "f32",
    code: `${HASH}
${encode}
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
  result[at] = encode(f32(bits & 0xffffu) + 0.5, features[x]);
  if (2 * pair + 1 < uniforms.inputs) {
    result[at + 1] = encode(f32(bits >> 16u) + 0.5, features[x + 1]);
  }
}`,
  };
}
