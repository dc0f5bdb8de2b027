/** Converts pixels to features in WGSL, for every encoder. */
import type { WgslKernel } from "../wgsl.ts";

/**
 * result f32 `[count]`: each pixel's feature. `pixels` are bytes, four in a word, the lowest first; `table` f32 `[256]` holds the
 * feature of each pixel value, so that all engines have the same bits.
 */
export const DECODE_PIXELS: WgslKernel<"f32"> = {
  name: "decodePixels",
  inputs: { pixels: "i32", table: "f32" },
  uniforms: {},
  result: "f32",
  code: `
fn kernel(index : i32) {
  let word = bitcast<u32>(pixels[index / 4]);
  result[index] = table[(word >> (8u * (u32(index) & 3u))) & 0xffu];
}`,
};
