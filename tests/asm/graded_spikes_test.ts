import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { uniformFloats } from "./numbers.ts";

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
  "scanGraded() gives the bits of a plain loop for every number of lanes",
  ({ memory, madd }) => {
    for (const { decay, threshold, penalty } of CONSTANTS) {
      for (const steps of STEPS) {
        for (const lanes of [1, 2, 3, 4]) {
          const currents = uniformFloats(steps + lanes, 8 * steps, 2); // four units of eight: a stride of 32 bytes
          const spikes: { step: number; output: number }[][] = [[], [], [], []];
          for (let lane = 0; lane < 4; lane++) {
            let state = 0;
            for (let step = 0; step < steps; step++) {
              const before = madd(decay, state, currents[8 * step + lane]!);
              const fires = before > threshold;
              const output = fires ? Math.fround(before - threshold) : 0;
              state = fires ? Math.fround(threshold - penalty) : before; // u' − (p + u' − θ)
              if (fires && lane < lanes) spikes[lane]!.push({ step, output });
            }
          }

          const from = memory.floats(currents);
          const counts = memory.output(4), at = memory.output(4 * steps), outputs = memory.output(4 * steps);
          // deno-fmt-ignore
          memory.kernels.scanGraded(from, 32, steps, decay, threshold, penalty, lanes, counts, at, outputs);
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
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds(
  "scanGraded() with a stride of 0 reads the same current at every step",
  ({ memory, madd }) => {
    const steps = 9, decay = Math.fround(0.9), threshold = Math.fround(0.4);
    const counts = memory.output(4), at = memory.output(4 * steps), outputs = memory.output(4 * steps);
    const currents = uniformFloats(3, 4).map(Math.abs);
    // deno-fmt-ignore
    memory.kernels.scanGraded(memory.floats(currents), 0, steps, decay, threshold, 0, 4, counts, at, outputs);
    currents.forEach((current, lane) => {
      const spikes: number[] = [];
      let state = 0;
      for (let step = 0; step < steps; step++) {
        const before = madd(decay, state, current);
        if (before > threshold) spikes.push(step);
        state = Math.min(before, threshold); // without a penalty, a spike leaves θ
      }
      assert.ok(spikes.length > 0);
      assert.deepEqual([...memory.integersAt(at + 4 * lane * steps, spikes.length)], spikes);
    });
  },
);

testOnBothBuilds("scanGraded() does not fire at the threshold itself", ({ memory }) => {
  const counts = memory.output(4), at = memory.output(4), outputs = memory.output(4);
  const currents = memory.floats([2, 2.0000002384185791015625, 1.9999998807907104, 3]);
  memory.kernels.scanGraded(currents, 16, 1, 0.5, 2, 2.5, 4, counts, at, outputs);
  assert.deepEqual([...memory.integersAt(counts, 4)], [0, 1, 0, 1]);
  assert.deepEqual([memory.floatsAt(outputs, 4)[1], memory.floatsAt(outputs, 4)[3]], [2 ** -22, 1]);
});
