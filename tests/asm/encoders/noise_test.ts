import assert from "node:assert/strict";
import { draw, draw8, drawKey, STREAM } from "../../../src/random.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits } from "../numbers.ts";
import { INPUTS, layOutForMatmul, matmulIndexI8 } from "../matmul_layout.ts";

testOnBothBuilds("encodeNoise() gives a million times the bits of 2¹⁶ · draw()", ({ memory }) => {
  const inputs = 784, steps = 128;
  for (let sample = 0; sample < 10; sample++) {
    const key = drawKey(11, STREAM.training, 1, sample);
    const out = memory.output(steps * inputs);
    memory.kernels.encodeNoise(key.key0, key.key1, out, steps, inputs);
    const expected = layOutForMatmul(steps, inputs, (step, input) => draw(key, step, input) * 65536);
    assertSameBits(memory.floatsAt(out, expected.length), expected, `sample ${sample}`);
    memory.clear();
  }
});

testOnBothBuilds("encodeNoise() gives 2¹⁶ · draw() at every remainder of steps and inputs", ({ memory }) => {
  const key = drawKey(5, STREAM.evaluation, 2, 77);
  for (const inputs of INPUTS) {
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const expected = layOutForMatmul(steps, inputs, (step, input) => draw(key, step, input) * 65536);
      const out = memory.output(expected.length);
      memory.kernels.encodeNoise(key.key0, key.key1, out, steps, inputs);
      assertSameBits(memory.floatsAt(out, expected.length), expected, `${steps} steps, ${inputs} inputs`);
      memory.clear();
    }
  }
});

testOnBothBuilds(
  "encodeNoiseI8() gives 256 · draw8() − 128½, a million times and at every remainder",
  ({ memory }) => {
    for (let sample = 0; sample < 10; sample++) {
      checkDraws(784, 128, drawKey(11, STREAM.training, 1, sample));
    }
    for (const inputs of INPUTS) {
      for (const steps of [1, 2, 3, 4, 5, 7, 9]) {
        checkDraws(inputs, steps, drawKey(5, STREAM.evaluation, 2, 77));
      }
    }

    function checkDraws(inputs: number, steps: number, key: ReturnType<typeof drawKey>): void {
      const padded = 4 * Math.ceil(steps / 4);
      const out = memory.output(padded * inputs / 4);
      memory.kernels.encodeNoiseI8(key.key0, key.key1, out, steps, inputs);
      const found = new Int8Array(memory.kernels.memory.buffer, out, padded * inputs);
      for (let step = 0; step < padded; step++) {
        for (let input = 0; input < inputs; input++) {
          const value = found[matmulIndexI8(step, input, inputs)];
          assert.equal(value, 256 * draw8(key, step, input) - 128.5, `step ${step}, input ${input}`);
        }
      }
      memory.clear();
    }
  },
);
