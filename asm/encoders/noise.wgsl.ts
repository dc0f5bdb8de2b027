/**
 * The notebook's encoder in WGSL (docs/networks.md), x_t = r_t ⊙ x: a fresh draw r = (v + ½) / 2¹⁶ for each step and input.
 *
 * noise.ts stores the draws alone and has the features in the weights; here the product takes the same weights for all samples.
 *
 * @module
 */
import { drawingEncoder } from "./draws.wgsl.ts";

/** See {@linkcode drawingEncoder}. */
export const ENCODE_NOISE = drawingEncoder(
  "encodeNoise",
  `
const UNIT = 1.0 / 65536.0; // a power of two: the multiplication is exact
fn encode(v : f32, feature : f32) -> f32 { return v * UNIT * feature; }`,
);
