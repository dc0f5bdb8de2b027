/**
 * Delta modulation in WGSL; delta.ts.
 *
 * @module
 */
import type { WgslKernel } from "../wgsl.ts";

/**
 * on_t = [s_t − s_{t−1} ≥ θ], off_t = [s_{t−1} − s_t ≥ θ], nothing at the first step.
 *
 * `sequence` f32 `[samples, steps, channels]`, s; `kind` 0 `on`, 1 `sign`, 2 `both`, as in delta.ts; result X, of as many
 * inputs as channels, or twice as many for `both`. One call for each of samples · steps · channels.
 */
export const ENCODE_DELTA: WgslKernel<"f32"> = {
  name: "encodeDelta",
  inputs: { sequence: "f32" },
  uniforms: { steps: "i32", channels: "i32", threshold: "f32", kind: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let row = index / uniforms.channels;
  let channel = index - row * uniforms.channels;
  var on = 0.0;
  var off = 0.0;
  if (row % uniforms.steps > 0) {
    let s = sequence[index];
    let before = sequence[index - uniforms.channels];
    on = select(0.0, 1.0, s - before >= uniforms.threshold);
    off = select(0.0, 1.0, before - s >= uniforms.threshold);
  }
  if (uniforms.kind == 2) {
    let at = 2 * row * uniforms.channels + channel;
    result[at] = on;
    result[at + uniforms.channels] = off;
  } else {
    result[index] = select(on, on - off, uniforms.kind == 1);
  }
}`,
};
