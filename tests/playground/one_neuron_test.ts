import assert from "node:assert/strict";
import { courseOf, demoCurrent } from "../../playground/logic/one_neuron.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { graded, layer, network } from "../../src/network/builder.ts";

const STEPS = 80;

/** The potentials and spikes of the engine's own neuron at a constant current. */
async function engineCourse(decay: number, threshold: number, penalty: number, current: number) {
  const spec = network({
    inputs: 1,
    steps: STEPS,
    encoder: { kind: "constant" },
    layers: [
      layer(1, graded({ decay, threshold, penalty })),
      layer(1, graded({ decay, threshold, penalty })),
    ],
    readout: { from: "state", reduce: "mean" },
  });
  using engine = createWasmEngine({
    spec,
    kernels: await loadKernels(),
    threads: 0,
    batchSize: 1,
    recordStates: true,
  });
  const parameters = new Map(
    [...await engine.getParameters()].map(([name, values]) => [name, values.map(() => 0)]),
  );
  parameters.set("fc1.bias", Float32Array.of(current));
  await engine.setParameters(parameters);
  const samples = { name: "one", count: 1, size: 1, features: Float32Array.of(0), labels: Uint8Array.of(0) };
  return await engine.trace({ samples, indices: Uint32Array.of(0), stream: 0, epoch: 0 });
}

Deno.test("courseOf() is the course of the engine's graded neuron", async () => {
  for (const [decay, threshold, penalty] of [[0.9, 1, 1], [0.5, 0.75, 0.25], [1, 2, 0]] as const) {
    const { potentials, spikes } = courseOf(
      { decay, threshold, penalty },
      new Float64Array(STEPS).fill(0.375),
    );
    const trace = await engineCourse(decay, threshold, penalty, 0.375);
    assert.deepEqual([...spikes], [...trace.spikes[0]!]);
    potentials.forEach((potential, t) => assert.ok(Math.abs(potential - trace.potentials[0]![t]!) < 1e-4));
  }
});

Deno.test("the figure's neuron fires at a strong current oftener than at a weak one, and falls silent", () => {
  const { spikes } = courseOf({ decay: 0.9, threshold: 1, penalty: 1 }, demoCurrent());
  const sum = (from: number, to: number) => spikes.subarray(from, to).reduce((sum, spike) => sum + spike, 0);
  assert.ok(sum(46, 70) > sum(6, 34) && sum(6, 34) > 1);
  assert.equal(sum(0, 6) + sum(34, 46) + sum(70, 80), 0);
});
