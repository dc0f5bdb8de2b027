import assert from "node:assert/strict";
import fc from "fast-check";
import { loadClassifier } from "../../src/classify/classifier.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { convNetwork } from "../../src/network/conv_presets.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { dequantise, quantise } from "../../src/network/int8.ts";
import { decodeModel, encodeModel, type Model } from "../../src/network/model_file.ts";
import { lifNetwork, notebookNetwork, wideNetwork } from "../../src/network/presets.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { createHandler } from "../../src/serve/handler.ts";
import { damagedSafetensors } from "../damaged_safetensors.ts";
import { drawGraph } from "../graph/drawn_graphs.ts";
import { assertWithstands } from "../withstand.ts";

const INT8 = { weights: "int8" } as const;
const small = modelOf(notebookNetwork({ inputs: 5, hidden: 3, classes: 2, steps: 7 }));

function modelOf(spec: NetworkSpec): Model {
  return { spec, parameters: initialParameters(spec, 3), metadata: { seed: "3" } };
}

/** A file of 8 bits with changed tensors. */
function changed(change: (tensors: Map<string, Tensor>) => void): Uint8Array {
  const { tensors, metadata } = parseSafetensors(encodeModel(small, INT8), "model");
  change(tensors);
  return serializeSafetensors(tensors, metadata);
}

Deno.test("dequantise() is within half a scale of what quantise() was given, and keeps each channel's largest", () => {
  const weight = fc.oneof(
    fc.float({ min: -4, max: 4, noNaN: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, (2 - 2 ** -23) * 2 ** 127, 2 ** -149),
  );
  const channels = fc.integer({ min: 1, max: 5 }).chain((length) =>
    fc.array(fc.array(weight, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 6 })
  );
  fc.assert(
    fc.property(channels, (rows) => {
      const { values, scales } = quantise(Float32Array.from(rows.flat()), rows.length);
      const read = dequantise({ values, scales });
      assert.equal(scales.length, rows.length);
      rows.forEach((row, channel) => {
        const scale = scales[channel]!, most = Math.max(...row.map(Math.abs));
        row.forEach((value, i) => {
          const at = channel * row.length + i, error = Math.abs(read[at]! - value);
          // Half a scale, and what float32 rounds of the largest, or of a scale that is nearly 0.
          const rounding = most * 2 ** -23 + 2 ** -142;
          assert.ok(error <= scale / 2 * 1.0001 + rounding, `${value} became ${read[at]}`);
          if (value === 0) assert.equal(Math.abs(read[at]!), 0);
          if (Math.abs(value) === most && most > 1e-35) assert.equal(Math.abs(values[at]!), 127);
        });
        if (most === 0) assert.equal(scale, 0);
      });
    }),
  );
});

Deno.test("encodeModel() in int8 takes about a quarter of float32, for presets of all forms", () => {
  for (const spec of [wideNetwork(), lifNetwork(), notebookNetwork(), convNetwork()]) {
    const model = modelOf(spec), whole = encodeModel(model).length, bytes = encodeModel(model, INT8).length;
    // A kilobyte or two of either are the description.
    assert.ok(bytes < 0.25 * whole + 0.01 * whole + 4000, `${spec.nodes.length} nodes: ${bytes} of ${whole}`);
  }
});

Deno.test("decodeModel() reads int8 as float32, and writing what it read changes nothing more", () => {
  for (let seed = 0; seed < 40; seed++) {
    const { spec, parameters } = drawGraph(seed, 12, 5);
    const bytes = encodeModel({ spec, parameters, metadata: {} }, INT8), read = decodeModel(bytes, "model");
    assert.deepEqual([...read.parameters.keys()], [...parameters.keys()]);
    for (const { name, role, shape } of structureOf(spec).tensors) {
      const [before, after] = [parameters.get(name)!, read.parameters.get(name)!];
      if (role !== "weight") assert.deepEqual(after, before, name);
      else assert.deepEqual(after, dequantise(quantise(before, shape[0]!)), name);
    }
    assert.deepEqual(decodeModel(encodeModel(read, INT8), "again").parameters, read.parameters);
  }
});

Deno.test("a file of int8 has int8 weights, float32 scales and float32 for all else, aligned", () => {
  const { tensors, metadata } = parseSafetensors(encodeModel(small, INT8), "model");
  assert.deepEqual([...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape}`), [
    "fc1.weight.scale F32 3",
    "fc1.bias F32 3",
    "fc2.weight.scale F32 2",
    "fc2.bias F32 2",
    "fc1.weight I8 3,5",
    "fc2.weight I8 2,3",
  ]);
  assert.equal(metadata.format, "spikelet/2");
});

Deno.test("a classifier and a handler take a file of int8, and answer as the weights that it stands for", async () => {
  const spec = lifNetwork({ hidden: 20, steps: 6 }), kernels = await loadKernels("plain");
  const bytes = encodeModel(modelOf(spec), INT8);
  const rounded = encodeModel(decodeModel(bytes, "model")),
    sample = new Uint8Array(784).map((_, i) => i % 251);
  const answer = loadClassifier(bytes, { kernels }).classify(sample);
  assert.ok(answer.spikes > 0);
  assert.deepEqual(answer, loadClassifier(rounded, { kernels }).classify(sample));
  const response = await createHandler(bytes, { kernels })(
    new Request("http://localhost/classify", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: sample,
    }),
  );
  assert.equal((await response.json()).label, answer.label);
});

Deno.test("decodeModel() refuses int8 without scales, of wrong shapes, and scales that are not finite, in one line", () => {
  const scale = (shape: readonly number[], ...data: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: Float32Array.from(data),
  });
  const name = "fc1.weight.scale";
  for (
    const [change, message] of [
      [(all) => all.delete(name), /^model: tensor fc1\.weight\.scale: missing, expected F32 \[3\]/],
      [(all) => all.set(name, scale([2], 1, 1)), /scale: it is F32 \[2\], expected F32 \[3\]/],
      [(all) => all.set(name, scale([3, 1], 1, 1, 1)), /scale: it is F32 \[3, 1\], expected F32 \[3\]/],
      [
        (all) => all.set(name, scale([3], 1, NaN, 1)),
        /scale: value 1 is NaN, expected a finite number, 0 or/,
      ],
      [(all) => all.set(name, scale([3], 1, 1, Infinity)), /scale: value 2 is Infinity/],
      [
        (all) => all.set(name, scale([3], -1, 1, 1)),
        /scale: value 0 is -1, expected a finite number, 0 or more/,
      ],
      [
        (all) => all.set(name, scale([3], 3e38, 1, 1)),
        /^model: tensor fc1\.weight: times its scale, value \d+ is/,
      ],
      [
        (all) => all.set("fc1.weight", { dtype: "I8", shape: [5, 3], data: new Int8Array(15) }),
        /fc1\.weight: it is I8 \[5, 3\], expected I8 \[3, 5\], as its network says/,
      ],
      [
        (all) => all.set("fc1.bias", { dtype: "I8", shape: [3], data: new Int8Array(3) }),
        /fc1\.bias: it is I8 \[3\], expected F32, F64, F16, BF16 \[3\]/,
      ],
      [
        (all) => all.set("fc1.weight", { dtype: "F32", shape: [3, 5], data: new Float32Array(15) }),
        /^model: tensor fc1\.weight\.scale: its network has none of that name/,
      ],
    ] satisfies [(all: Map<string, Tensor>) => void, RegExp][]
  ) {
    assert.throws(() => decodeModel(changed(change), "model"), (error: Error) => {
      assert.equal(error.name, "InputError");
      assert.match(error.message, message);
      return !error.message.includes("\n");
    });
  }
});

Deno.test("decodeModel() withstands 1,000 damaged files of int8", async () => {
  await assertWithstands(damagedSafetensors(encodeModel(small, INT8)), {
    files: 1000,
    read: (bytes) => decodeModel(bytes, "model"),
    holds({ parameters }) {
      for (const data of parameters.values()) assert.ok(data.every(Number.isFinite));
    },
  });
});
