import assert from "node:assert/strict";
import { OPERATOR_FIELDS } from "../../../src/engine/wasm/operator_descriptor.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertClose, assertSameBits, uniformFloats } from "../numbers.ts";
import { describeOperator } from "./operator_memory.ts";

testOnBothBuilds("a descriptor has as many fields as the kernels read", ({ memory }) => {
  assert.equal(memory.kernels.operatorFields(), OPERATOR_FIELDS.length);
});

testOnBothBuilds(
  "forwardScale(), backwardScale() multiply rows; weightGradientScale() sums over steps",
  ({ memory }) => {
    for (const [steps, units, width] of [[1, 4, 4], [6, 6, 8], [200, 4, 4]] as const) {
      const pad = (values: Float32Array) => values.map((value, i) => i % width < units ? value : 0);
      const x = pad(uniformFloats(1, steps * width)), delta = pad(uniformFloats(2, steps * width));
      const scale = pad(uniformFloats(3, width)), before = pad(uniformFloats(4, width));
      const y = memory.output(steps * width),
        dx = memory.output(steps * width),
        gradient = memory.updated(before);
      const stride = 4 * width;
      const descriptor = describeOperator(memory, {
        steps,
        inputs: memory.floats(x),
        inputStride: stride,
        outputs: y,
        outputStride: stride,
        outputGradients: memory.floats(delta),
        outputGradientStride: stride,
        inputGradients: dx,
        inputGradientStride: stride,
      }, { tensors: [memory.floats(scale)], gradients: [gradient], geometry: [units] });
      memory.kernels.forwardScale(descriptor, 0, steps);
      for (let t = steps - 1; t >= 0; t--) memory.kernels.backwardScale(descriptor, t, t + 1);
      memory.kernels.weightGradientScale(descriptor, 0, steps);
      const times = (values: Float32Array) =>
        values.map((value, i) => Math.fround(value * scale[i % width]!));
      assertSameBits(memory.floatsAt(y, steps * width), times(x), "y");
      assertSameBits(memory.floatsAt(dx, steps * width), times(delta), "δx");
      const expected = Float64Array.from(before, (g, i) => {
        let sum = g;
        for (let t = 0; t < steps; t++) sum += x[t * width + i]! * delta[t * width + i]!;
        return sum;
      });
      assertClose(memory.floatsAt(gradient, width), expected, "∂L/∂s", { absolute: 3e-6 });
      memory.clear();
    }
  },
);

testOnBothBuilds(
  "forwardFlatten() puts channels first, backwardFlatten() puts them last again",
  ({ memory }) => {
    const steps = 3,
      channels = 5,
      positions = 6,
      units = channels * positions,
      width = 32,
      stride = 4 * width;
    const rows = (seed: number) =>
      uniformFloats(seed, steps * width).map((v, i) => i % width < units ? v : 0);
    const x = rows(1), delta = rows(2);
    const y = memory.updated(new Float32Array(steps * width)),
      dx = memory.updated(new Float32Array(steps * width));
    const descriptor = describeOperator(memory, {
      steps,
      inputs: memory.floats(x),
      inputStride: stride,
      outputs: y,
      outputStride: stride,
      outputGradients: memory.floats(delta),
      outputGradientStride: stride,
      inputGradients: dx,
      inputGradientStride: stride,
    }, { geometry: [channels, positions] });
    memory.kernels.forwardFlatten(descriptor, 0, steps);
    memory.kernels.backwardFlatten(descriptor, 0, steps);
    const first = x.slice().fill(0), last = delta.slice().fill(0);
    for (let t = 0; t < steps; t++) {
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < positions; p++) {
          first[t * width + c * positions + p] = x[t * width + p * channels + c]!;
          last[t * width + p * channels + c] = delta[t * width + c * positions + p]!;
        }
      }
    }
    assertSameBits(memory.floatsAt(y, steps * width), first, "y");
    assertSameBits(memory.floatsAt(dx, steps * width), last, "δx");
    memory.clear();
  },
);

testOnBothBuilds("forwardDelay(), backwardDelay() shift each number by its own steps", ({ memory }) => {
  const steps = 6, units = 6, width = 8, stride = 4 * width, delays = [0, 1, 2, 5, 7, 3, 0, 0];
  const rows = (seed: number) => uniformFloats(seed, steps * width).map((v, i) => i % width < units ? v : 0);
  const x = rows(1), delta = rows(2);
  const y = memory.updated(new Float32Array(steps * width)),
    dx = memory.updated(new Float32Array(steps * width));
  const descriptor = describeOperator(memory, {
    steps,
    inputs: memory.floats(x),
    inputStride: stride,
    outputs: y,
    outputStride: stride,
    outputGradients: memory.floats(delta),
    outputGradientStride: stride,
    inputGradients: dx,
    inputGradientStride: stride,
  }, { tensors: [memory.floats(delays)], geometry: [units] });
  memory.kernels.forwardDelay(descriptor, 0, steps);
  memory.kernels.backwardDelay(descriptor, 0, steps);
  const at = (values: Float32Array, t: number, i: number) => t < 0 || t >= steps ? 0 : values[t * width + i]!;
  const expected = (values: Float32Array, sign: 1 | -1) =>
    values.map((_, i) => at(values, Math.floor(i / width) + sign * delays[i % width]!, i % width));
  assertSameBits(memory.floatsAt(y, steps * width), expected(x, -1), "y");
  assertSameBits(memory.floatsAt(dx, steps * width), expected(delta, 1), "δx");
  memory.clear();
});
