/** Rate coding in WGSL, x_t = [r_t < p]; see poisson.ts. */
import { drawingEncoder } from "./draws.wgsl.ts";

/** See {@linkcode drawingEncoder}; the features are 2¹⁶·p. */
export const ENCODE_POISSON = drawingEncoder(
  "encodePoisson",
  `
fn encode(v : f32, feature : f32) -> f32 { return select(0.0, 1.0, v < feature); }`,
);
