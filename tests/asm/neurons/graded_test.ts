import assert from "node:assert/strict";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertClose, assertSameBits, uniformFloats } from "../numbers.ts";

const STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 128];
const CONSTANTS = [
  { decay: 0.9, threshold: 2, penalty: 2.5 },
  { decay: 0, threshold: 0, penalty: 0 },
  { decay: 1, threshold: 0.5, penalty: 0 },
  { decay: 0.5, threshold: -0.25, penalty: 1 },
].map(({ decay, threshold, penalty }) => ({
  decay: Math.fround(decay),
  threshold: Math.fround(threshold),
  penalty: Math.fround(penalty),
}));

testOnBothBuilds(
  "scanGraded() matches a plain loop bit for bit, at every number of lanes",
  ({ memory, madd }) => {
    for (const { decay, threshold, penalty } of CONSTANTS) {
      for (const steps of STEPS) {
        for (const lanes of [1, 2, 3, 4]) {
          const currents = uniformFloats(steps + lanes, 8 * steps, 2); // four units of eight: a stride of 32 bytes
          const u = new Float32Array(4 * steps), o = new Float32Array(4 * steps);
          const spikes: { step: number; output: number }[][] = [[], [], [], []];
          for (let lane = 0; lane < 4; lane++) {
            let state = 0;
            for (let step = 0; step < steps; step++) {
              const before = madd(decay, state, currents[8 * step + lane]!);
              const fires = before > threshold;
              const output = fires ? Math.fround(before - threshold) : 0;
              state = fires ? Math.fround(threshold - penalty) : before; // u' − (p + u' − θ)
              u[4 * step + lane] = state;
              o[4 * step + lane] = output;
              if (fires && lane < lanes) spikes[lane]!.push({ step, output });
            }
          }

          const from = memory.floats(currents);
          for (const record of [true, false]) {
            const counts = memory.output(4),
              at = memory.output(4 * steps),
              outputs = memory.output(4 * steps);
            const states = memory.output(4 * steps), spiked = memory.output(4 * steps);
            memory.kernels.scanGraded(
              from,
              32,
              steps,
              decay,
              threshold,
              penalty,
              lanes,
              counts,
              at,
              outputs,
              record ? states : 0,
              record ? spiked : 0,
              16,
            );
            const case_ = `decay ${decay}, ${steps} steps, ${lanes} lanes`;
            assert.deepEqual([...memory.integersAt(counts, 4)], spikes.map((list) => list.length), case_);
            spikes.forEach((list, lane) => {
              const place = 4 * lane * steps;
              assert.deepEqual([...memory.integersAt(at + place, list.length)], list.map(({ step }) => step));
              assert.deepEqual(
                [...memory.floatsAt(outputs + place, list.length)],
                list.map(({ output }) => output),
              );
            });
            if (record) {
              assertSameBits(memory.floatsAt(states, 4 * steps), u, `u, ${case_}`);
              assertSameBits(memory.floatsAt(spiked, 4 * steps), o, `o, ${case_}`);
            }
          }
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds(
  "scanGraded() with a stride of 0 meets the same current at every step",
  ({ memory, madd }) => {
    const steps = 9, decay = Math.fround(0.9);
    const counts = memory.output(4), at = memory.output(4 * steps), outputs = memory.output(4 * steps);
    const states = memory.output(4 * steps), spiked = memory.output(4 * steps);
    const currents = uniformFloats(3, 4);
    memory.kernels.scanGraded(
      memory.floats(currents),
      0,
      steps,
      decay,
      100,
      0,
      4,
      counts,
      at,
      outputs,
      states,
      spiked,
      16,
    );
    const expected = new Float32Array(4 * steps);
    for (let i = 0; i < 4 * steps; i++) expected[i] = madd(decay, expected[i - 4] ?? 0, currents[i % 4]!);
    assertSameBits(memory.floatsAt(states, 4 * steps), expected, "u");
    assert.deepEqual([...memory.integersAt(counts, 4)], [0, 0, 0, 0]);
  },
);

testOnBothBuilds("scanGraded() does not fire at the threshold itself", ({ memory }) => {
  const counts = memory.output(4), at = memory.output(4), outputs = memory.output(4);
  const states = memory.output(4), spiked = memory.output(4);
  const currents = memory.floats([2, 2.0000002384185791015625, 1.9999998807907104, 3]);
  memory.kernels.scanGraded(currents, 16, 1, 0.5, 2, 2.5, 4, counts, at, outputs, states, spiked, 16);
  assert.deepEqual([...memory.integersAt(counts, 4)], [0, 1, 0, 1]);
  assert.deepEqual([...memory.floatsAt(spiked, 4)], [0, 2 ** -22, 0, 1]);
  assert.deepEqual([...memory.floatsAt(states, 4)], [2, -0.5, 1.9999998807907104, -0.5]); // a spike leaves θ − p
});

testOnBothBuilds("scanBackGraded() matches a plain loop for every window of the readout", ({ memory }) => {
  for (const decay of [0, 0.9, 1]) {
    for (const steps of STEPS) {
      for (const units of [4, 8, 12, 36]) {
        for (
          const [first, last] of [[0, steps - 1], [0, steps - 2], [Math.floor(steps / 2), steps - 1], [
            0,
            -1,
          ]] as const
        ) {
          const seed = steps + 1000 * units;
          const outputs = uniformFloats(seed, steps * units).map((o) => Math.max(0, o));
          const outputGradients = uniformFloats(seed + 1, steps * units);
          const readout = uniformFloats(seed + 2, units);
          const written = memory.output(steps * units);
          memory.kernels.scanBackGraded(
            memory.floats(outputs),
            memory.floats(readout),
            first,
            last,
            memory.floats(outputGradients),
            written,
            steps,
            units,
            decay,
          );
          const expected = new Float64Array(steps * units);
          for (let i = steps * units - 1; i >= 0; i--) {
            const step = Math.floor(i / units);
            const read = step >= first && step <= last ? readout[i % units]! : 0;
            const stateGradient = read + decay * (expected[i + units] ?? 0);
            expected[i] = outputs[i]! > 0 ? outputGradients[i]! : stateGradient;
          }
          assertClose(
            memory.floatsAt(written, steps * units),
            expected,
            `${steps} × ${units}, decay ${decay}`,
          );
          memory.clear();
        }
      }
    }
  }
});
