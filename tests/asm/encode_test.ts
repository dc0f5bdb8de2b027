import assert from "node:assert/strict";
import { draw, draw8, drawKey, PURPOSE } from "../../src/random.ts";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertSameBits, uniformFloats } from "./numbers.ts";

const INPUTS = [4, 8, 12, 36, 784];

/** [steps, inputs] in the product's layout: `[⌈steps / 4⌉][inputs][4]`, rows past the last step left out of `at`. */
function layOutForProduct(
  steps: number,
  inputs: number,
  at: (step: number, input: number) => number,
): Float32Array {
  const x = new Float32Array(Math.ceil(steps / 4) * inputs * 4);
  for (let step = 0; step < Math.ceil(steps / 4) * 4; step++) {
    for (let input = 0; input < inputs; input++) {
      x[(step >> 2) * inputs * 4 + input * 4 + (step & 3)] = at(step, input);
    }
  }
  return x;
}

testOnBothBuilds("encodeNoise() gives 2¹⁶ · draw() bit for bit, a million times", ({ memory }) => {
  const inputs = 784, steps = 128;
  for (let sample = 0; sample < 10; sample++) {
    const key = drawKey(11, PURPOSE.training, 1, sample);
    const out = memory.output(steps * inputs);
    memory.kernels.encodeNoise(key.key0, key.key1, out, steps, inputs);
    const expected = layOutForProduct(steps, inputs, (step, input) => draw(key, step, input) * 65536);
    assertSameBits(memory.floatsAt(out, expected.length), expected, `sample ${sample}`);
    memory.clear();
  }
});

testOnBothBuilds("encodeNoise() is right at every remainder of steps and inputs", ({ memory }) => {
  const key = drawKey(5, PURPOSE.evaluation, 2, 77);
  for (const inputs of INPUTS) {
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const expected = layOutForProduct(steps, inputs, (step, input) => draw(key, step, input) * 65536);
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
    const sizes = [...INPUTS.flatMap((inputs) => [1, 2, 3, 4, 5, 7, 9].map((s) => [inputs, s]))];
    for (let sample = 0; sample < 10; sample++) {
      const key = drawKey(11, PURPOSE.training, 1, sample);
      checkDraws(784, 128, key);
    }
    for (const [inputs = 0, steps = 0] of sizes) {
      checkDraws(
        inputs,
        steps,
        drawKey(5, PURPOSE.evaluation, 2, 77),
      );
    }

    function checkDraws(inputs: number, steps: number, key: ReturnType<typeof drawKey>): void {
      const padded = 4 * Math.ceil(steps / 4);
      const out = memory.output(padded * inputs / 4);
      memory.kernels.encodeNoiseI8(key.key0, key.key1, out, steps, inputs);
      const found = new Int8Array(memory.kernels.memory.buffer, out, padded * inputs);
      for (let step = 0; step < padded; step++) {
        for (let input = 0; input < inputs; input++) {
          const at = (step >> 2) * 4 * inputs + (input >> 2) * 16 + 4 * (step & 3) + (input & 3);
          assert.equal(found[at], 256 * draw8(key, step, input) - 128.5, `step ${step}, input ${input}`);
        }
      }
      memory.clear();
    }
  },
);

testOnBothBuilds(
  "encodeDirect() turns a sequence into the product's layout and changes no bit",
  ({ memory }) => {
    for (const inputs of INPUTS) {
      for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9, 128]) {
        const padded = Math.ceil(steps / 4) * 4;
        const sequence = uniformFloats(steps, padded * inputs);
        sequence[0] = -0;
        const from = memory.floats(sequence);
        const out = memory.output(padded * inputs);
        memory.kernels.encodeDirect(from, out, steps, inputs);
        const expected = layOutForProduct(steps, inputs, (step, input) => sequence[step * inputs + input]!);
        assertSameBits(memory.floatsAt(out, expected.length), expected, `${steps} steps, ${inputs} inputs`);
        memory.clear();
      }
    }
  },
);
