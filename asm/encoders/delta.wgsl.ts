/**
 * Delta modulation of a sequence in WGSL; see delta.ts.
 *
 *     on_t  = [s_t − s_{t−1} + ε_t ≥ θ];   off_t = [s_{t−1} − s_t + ε_t ≥ θ];   nothing at the first step
 *     ε_t   = min(θ/2, 2⁻²¹·max(|s_t|, |s_{t−1}|))
 */
import type { WgslKernel } from "../wgsl.ts";

/**
 * `sequence` f32 `[samples, steps, channels]`, s. `form` 0: x_t = on_t; 1: on_t − off_t; 2: (on_t, off_t), twice as many inputs.
 * result X f32 `[samples, steps, inputs]`. One call a number of the sequence.
 */
export const ENCODE_DELTA: WgslKernel<"f32"> = {
  name: "encodeDelta",
  inputs: { sequence: "f32" },
  uniforms: { steps: "i32", channels: "i32", inputs: "i32", form: "i32", threshold: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let row = index / uniforms.channels;
  let channel = index - row * uniforms.channels;
  let at = row * uniforms.inputs + channel;
  let isFirst = row % uniforms.steps == 0;
  let s = sequence[index];
  let before = sequence[select(index - uniforms.channels, index, isFirst)];
  let slack = min(0.5 * uniforms.threshold, 4.76837158203125e-7 * max(abs(s), abs(before)));
  let on = select(0.0, 1.0, !isFirst && s - before + slack >= uniforms.threshold);
  let off = select(0.0, 1.0, !isFirst && before - s + slack >= uniforms.threshold);
  result[at] = select(on, on - off, uniforms.form == 1);
  if (uniforms.form == 2) { result[at + uniforms.channels] = off; }
}`,
};
