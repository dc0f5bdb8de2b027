/**
 * The hash of random.ts in WGSL: the same bits for the same key and counter.
 *
 *     z = counter + key0;  z ^= z >> 16;  z *= 0x7feb352d;  z ^= key1;  z ^= z >> 15;  z *= 0x846ca68b;  z ^= z >> 16
 */
import type { WgslKernel } from "./wgsl.ts";

/** `hash(counter, key0, key1)`: 32 random bits. */
export const HASH = `
fn hash(counter : u32, key0 : u32, key1 : u32) -> u32 {
  var z = counter + key0;
  z = z ^ (z >> 16u);
  z = z * 0x7feb352du;
  z = z ^ key1;
  z = z ^ (z >> 15u);
  z = z * 0x846ca68bu;
  return z ^ (z >> 16u);
}
`;

/** Random bits, for tests and statistics: result i32 `[count]`, hash(counter + i). */
export const HASH_COUNTERS: WgslKernel<"i32"> = {
  name: "hashCounters",
  inputs: {},
  uniforms: { counter: "u32", key0: "u32", key1: "u32" },
  result: "i32",
  code: `${HASH}
fn kernel(index : i32) {
  result[index] = bitcast<i32>(hash(uniforms.counter + u32(index), uniforms.key0, uniforms.key1));
}`,
};
