/**
 * Cross-correlation over rows and columns, with zeros outside, in WGSL; conv2d.ts.
 *
 *     y_t[o, q] = b_o + Σ_{i, ky, kx} K[o, i, ky, kx]·x_t[i, q·stride + k·dilation − padding],  i of the group of o
 *     δx_t[i, p] = Σ_{k, q: q·stride + k·dilation − padding = p} Σ_o K[o, i, ky, kx]·δy_t[o, q]
 *     ∂L/∂K[o, i, ky, kx] = Σ_t Σ_q δy_t[o, q]·x_t[i, q·stride + k·dilation − padding];   ∂L/∂b_o = Σ_t Σ_q δy_t[o, q]
 *
 * Every number is a loop of its own: a device has the calls for it, and no order in which zeros could be left out. K lies as
 * `[inputs of a group, kh, kw, outputs]`.
 */
import type { OperatorCode } from "../operator.wgsl.ts";

export const CONV2D: OperatorCode = {
  name: "conv2d",
  geometry: [
    ...["channels", "rows", "columns", "outputs", "outputRows", "outputColumns", "kh", "kw"],
    ...["strideY", "strideX", "paddingY", "paddingX", "dilationY", "dilationX", "groups", "hasBias"],
  ],
  tensors: ["weight", "bias"],
  functions: `
fn weightAt(input : i32, ky : i32, kx : i32) -> i32 {
  return ((input * uniforms.kh + ky) * uniforms.kw + kx) * uniforms.outputs;
}`,
  forward: `
  let line = i / uniforms.outputColumns;
  let output = line / uniforms.outputRows;
  let top = (line - output * uniforms.outputRows) * uniforms.strideY - uniforms.paddingY;
  let left = (i - line * uniforms.outputColumns) * uniforms.strideX - uniforms.paddingX;
  let inputs = uniforms.channels / uniforms.groups;
  let first = output / (uniforms.outputs / uniforms.groups) * inputs;
  if (uniforms.hasBias == 1) { y = bias[output]; }
  for (var input = 0; input < inputs; input++) {
    for (var ky = 0; ky < uniforms.kh; ky++) {
      let row = top + ky * uniforms.dilationY;
      if (row < 0 || row >= uniforms.rows) { continue; }
      let pixels = ((first + input) * uniforms.rows + row) * uniforms.columns;
      for (var kx = 0; kx < uniforms.kw; kx++) {
        let column = left + kx * uniforms.dilationX;
        if (column < 0 || column >= uniforms.columns) { continue; }
        y += weight[weightAt(input, ky, kx) + output] * valueAt(sample, step, pixels + column);
      }
    }
  }`,
  backward: `
  let line = i / uniforms.columns;
  let channel = line / uniforms.rows;
  let bottom = line - channel * uniforms.rows + uniforms.paddingY;
  let right = i - line * uniforms.columns + uniforms.paddingX;
  let inputs = uniforms.channels / uniforms.groups;
  let outputs = uniforms.outputs / uniforms.groups;
  let group = channel / inputs;
  for (var ky = 0; ky < uniforms.kh; ky++) {
    let away = bottom - ky * uniforms.dilationY;
    let row = away / uniforms.strideY;
    if (away < 0 || row * uniforms.strideY != away || row >= uniforms.outputRows) { continue; }
    for (var kx = 0; kx < uniforms.kw; kx++) {
      let beside = right - kx * uniforms.dilationX;
      let column = beside / uniforms.strideX;
      if (beside < 0 || column * uniforms.strideX != beside || column >= uniforms.outputColumns) { continue; }
      let weights = weightAt(channel - group * inputs, ky, kx);
      for (var output = group * outputs; output < (group + 1) * outputs; output++) {
        let position = (output * uniforms.outputRows + row) * uniforms.outputColumns + column;
        y += weight[weights + output] * valueAt(sample, step, position);
      }
    }
  }`,
  gradients: {
    weight: {
      over: "positions",
      place: `
  let tap = i / uniforms.outputs;
  let output = i - tap * uniforms.outputs;
  let line = tap / uniforms.kw;
  let input = line / uniforms.kh;
  let top = (line - input * uniforms.kh) * uniforms.dilationY - uniforms.paddingY;
  let left = (tap - line * uniforms.kw) * uniforms.dilationX - uniforms.paddingX;
  let inputs = uniforms.channels / uniforms.groups;
  let channel = output / (uniforms.outputs / uniforms.groups) * inputs + input;`,
      term: `
    let outputRow = position / uniforms.outputColumns;
    let row = outputRow * uniforms.strideY + top;
    let column = (position - outputRow * uniforms.outputColumns) * uniforms.strideX + left;
    if (row >= 0 && row < uniforms.rows && column >= 0 && column < uniforms.columns) {
      term = valueAt(sample, step, output * uniforms.rowTerms + position) *
        inputAt(sample, step, (channel * uniforms.rows + row) * uniforms.columns + column);
    }`,
    },
    bias: { over: "positions", term: `term = valueAt(sample, step, i * uniforms.rowTerms + position);` },
  },
  turns: ([channels = 1, , , outputs = 1, , , kh = 1, kw = 1, , , , , , , groups = 1]) =>
    Math.max(channels / groups * (1 + kh * (1 + kw)), kh * (1 + kw * (1 + outputs / groups))),
};
