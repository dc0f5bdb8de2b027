/** The networks of the NIR paper (Pedersen et al. 2024). */
import assert from "node:assert/strict";
import { createEngine } from "../../src/engine/create_engine.ts";
import { STREAM } from "../../src/random.ts";
import { structureOf } from "../../src/network/structure.ts";
import { type NirModel, readNir, type ReadNirOptions } from "../../src/nir/read_nir.ts";
import { nirFile, nirPath } from "./nir_files.ts";

/** Norse's trace of the single neuron: input, potential and spike of each of 1,000 steps. */
const trace = (await Deno.readTextFile(nirPath("paper/lif_norse.csv"))).trim().split("\n")
  .map((line) => line.split(",").map(Number));

async function read(name: string, options: ReadNirOptions = {}): Promise<NirModel> {
  const { bytes } = await nirFile(`paper/${name}.nir`);
  return await readNir(bytes, options, name);
}

/** States of one sample. */
async function run({ model }: NirModel, features: Float32Array) {
  const samples = { name: "x", count: 1, size: features.length, features, labels: new Uint8Array(1) };
  using engine = await createEngine({
    spec: model.spec,
    engine: "wasm",
    threads: 1,
    batchSize: 1,
    recordStates: true,
  });
  await engine.setParameters(model.parameters);
  return await engine.trace({ samples, indices: Uint32Array.of(0), stream: STREAM.training, epoch: 0 });
}

function stepsOf(spikes: ArrayLike<number>): number[] {
  return Array.from(spikes).flatMap((spike, step) => spike > 0 ? [step] : []);
}

Deno.test("readNir() runs lif_norse.nir to the spikes and potentials of the paper", async () => {
  const inputs = Float32Array.from(trace, ([input = 0]) => input === 0 ? 0 : 1);
  const exact = await run(await read("lif_norse", { dt: 1e-4, steps: trace.length }), inputs);
  assert.deepEqual(stepsOf(exact.outputs[0]!), [460, 510, 710, 760]);
  const worst = Math.max(
    ...trace.map(([, potential = 0], step) => Math.abs(potential - exact.potentials[0]![step]!)),
  );
  assert.ok(worst < 1e-6, `potentials differ by ${worst}`);
  const other = {
    dt: 1e-4,
    method: "exponential",
    gain: "euler",
    reset: "subtract",
    steps: trace.length,
  } as const;
  const sinabs = await run(await read("lif_norse", other), inputs);
  assert.deepEqual(stepsOf(sinabs.outputs[0]!), [450, 500, 710, 760]);
});

Deno.test("readNir() reads the convolutional network of the paper, with its shapes, and it runs", async () => {
  const network = await read("cnn_sinabs", { as: "sinabs", steps: 12 });
  const { nodes, inputShape, classes } = structureOf(network.model.spec);
  assert.deepEqual([inputShape, classes], [[2, 34, 34], 10]);
  assert.deepEqual(
    nodes.map(({ node, shape }) => `${node.kind} ${shape.join("×")}`),
    [
      ...["conv2d 16×16×16", "lif 16×16×16", "conv2d 16×16×16", "lif 16×16×16", "sumPool2d 16×8×8"],
      ...["conv2d 8×8×8", "lif 8×8×8", "sumPool2d 8×4×4", "flatten 128"],
      ...["affine 256", "lif 256", "affine 10", "lif 10"],
    ],
  );
  assert.deepEqual(network.warnings, []);
  const features = Float32Array.from({ length: 12 * 2 * 34 * 34 }, (_, i) => i * 7919 % 11 === 0 ? 1 : 0);
  const { outputs } = await run(network, features);
  assert.ok(outputs.every((values) => values.every((value) => Number.isInteger(value) && value >= 0)));
  assert.ok(outputs[0]!.some((value) => value > 0), "the first layer fires");
});

for (const [name, reset] of [["bias_zero", "value"], ["noBias_subtract", "subtract"]] as const) {
  Deno.test(`readNir() reads the recurrent network ${name} of the paper, flat and nested, to the same`, async () => {
    const steps = 40,
      features = Float32Array.from({ length: steps * 12 }, (_, i) => i * 31 % 7 === 0 ? 1 : 0);
    const flat = await read(`braille_noDelay_${name}`, { reset, steps });
    const nested = await read(`braille_noDelay_${name}_subgraph`, { reset, steps });
    const hidden = name === "bias_zero" ? 38 : 40;
    for (const { model: { spec } } of [flat, nested]) {
      const { inputs, populations } = structureOf(spec);
      assert.deepEqual([inputs, ...populations.map(({ units }) => units)], [12, hidden, 7]);
      assert.deepEqual(populations.map(({ isRecurrent }) => isRecurrent), [true, false]);
    }
    assert.deepEqual(flat.warnings, []);
    assert.equal(nested.warnings.length, 4, "its inner edges name a node that is not there");
    const [one, other] = [await run(flat, features), await run(nested, features)];
    assert.deepEqual(one.outputs, other.outputs);
    assert.ok(one.outputs[0]!.some((value) => value > 0), "the hidden layer fires");
  });
}

Deno.test("readNir() warns of an Output whose shape has more dimensions", async () => {
  const { warnings } = await read("lif_rockpool");
  assert.deepEqual(warnings, [
    "node output (Output): its shape is [1, 1, 1], but [1] comes in; [1] was taken",
  ]);
});
