/**
 * The notebook's encoder in WGSL (docs/networks.md), x_t = r_t ⊙ x: a fresh draw r = (v + ½) / 2¹⁶ for each step and input.
 *
 * noise.ts multiplies features into the weights; this kernel multiplies them into the inputs, so all samples share the weights.
 */
import { drawingEncoder } from "./draws.wgsl.ts";

/** See {@linkcode drawingEncoder}. */
export const ENCODE_NOISE = drawingEncoder(
  "encodeNoise",
  `
const UNIT = 1.0 / 65536.0; // a power of two: the multiplication is exact
fn encode(v : f32, feature : f32) -> f32 { return v * UNIT * feature; }`,
);
