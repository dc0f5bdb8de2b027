import assert from "node:assert/strict";
import { LAYER_FIELDS } from "../../../src/engine/wasm/layer_descriptor.ts";
import { completeNeuron } from "../../../src/network/neurons.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";
import { compareWithReference } from "./layer_case.ts";

testOnBothBuilds("stepGraded() and stepBackGraded() match the equations", ({ memory }) => {
  let compared = 0;
  for (
    const constants of [
      { decay: 0.9, threshold: 0.5, penalty: 0.75 },
      { decay: 0, threshold: 0, penalty: 0 },
      { decay: 1, threshold: 0.5, penalty: 0 },
      { decay: 0.5, threshold: -0.25, penalty: 1, scale: 1.3 },
      { decay: 0.9, threshold: 0.5, penalty: 0.75, scale: -0.5 },
    ]
  ) {
    compared += compareWithReference(memory, completeNeuron({ kind: "graded", ...constants }), "Graded");
  }
  assert.ok(compared > 200, `${compared} layers were compared`);
});

testOnBothBuilds("stepGraded() gives the spikes of scanGraded(), bit for bit", ({ memory }) => {
  const { kernels } = memory;
  const decay = Math.fround(0.9), threshold = Math.fround(0.6), penalty = Math.fround(0.75);
  for (const steps of [1, 2, 9, 128]) {
    const currents = memory.floats(uniformFloats(steps, 4 * steps));
    const counts = memory.output(4), at = memory.output(4 * steps), outputs = memory.output(4 * steps);
    kernels.scanGraded(currents, 16, steps, decay, threshold, penalty, 4, counts, at, outputs);
    const filled = (value: number) => memory.floats(new Float32Array(4).fill(value));
    const rows = memory.output(4 * steps);
    const descriptor = {
      ...Object.fromEntries(LAYER_FIELDS.map((field) => [field, 0])),
      ...{ units: 4, steps, currents, currentStride: 16, state: memory.output(16), decays: filled(decay) },
      ...{
        thresholds: filled(threshold),
        scales: filled(1),
        constants: memory.integers([filled(penalty)]),
        outputs: rows,
      },
      ...{ potentials: memory.output(4 * steps), distances: memory.output(4 * steps) },
    };
    kernels.stepGraded(
      memory.integers(LAYER_FIELDS.map((field) => Reflect.get(descriptor, field))),
      0,
      steps,
    );
    const expected = new Float32Array(4 * steps);
    memory.integersAt(counts, 4).forEach((count, lane) => {
      const spikeSteps = memory.integersAt(at + 4 * lane * steps, count);
      memory.floatsAt(outputs + 4 * lane * steps, count).forEach((o, i) =>
        expected[4 * spikeSteps[i]! + lane] = o
      );
    });
    assertSameBits(memory.floatsAt(rows, 4 * steps), expected, `${steps} steps`);
    memory.clear();
  }
});

testOnBothBuilds("layerFields() is the number of fields that the host writes", ({ memory }) => {
  assert.equal(memory.kernels.layerFields(), LAYER_FIELDS.length);
});
