import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  decodeModel,
  encodeModel,
  hashParameters,
  type Model,
  parameterShapes,
  readModel,
} from "../../src/network/model_file.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { damagedSafetensors } from "../damaged_safetensors.ts";
import { readGoldenGraph } from "../graph/golden_graphs.ts";
import { mutationsOf } from "../mutations.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { assertWithstands, countAllocations } from "../withstand.ts";

const spec = notebookNetwork({ inputs: 5, hidden: 3, classes: 2, steps: 7 });

/** A model with weights that count up from 0. */
function modelOf(network: NetworkSpec, metadata: Record<string, string> = {}): Model {
  let next = 0;
  const parameters = parameterShapes(network).map(([name, shape]): [string, Float32Array] => [
    name,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next++ / 8),
  ]);
  return { spec: network, parameters: new Map(parameters), metadata };
}

/** A model file with changed tensors or metadata. */
function changed(
  change: (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void,
): Uint8Array {
  const { tensors, metadata } = parseSafetensors(encodeModel(modelOf(spec)), "model");
  change(tensors, metadata);
  return serializeSafetensors(tensors, metadata);
}

function throwsInputError(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => decodeModel(bytes, "model"), { name: "InputError", message });
}

Deno.test("parameterShapes() lists each layer's weights and biases from the inputs up", () => {
  assert.deepEqual(parameterShapes(notebookNetwork()), [
    ["fc1.weight", [100, 784]],
    ["fc1.bias", [100]],
    ["fc2.weight", [10, 100]],
    ["fc2.bias", [10]],
  ]);
});

Deno.test("decodeModel() reads back what encodeModel() wrote", () => {
  const sizes = fc.integer({ min: 1, max: 6 });
  const texts = fc.dictionary(
    fc.string().filter((key) => !["format", "network", "classes"].includes(key)),
    fc.string(),
  );
  fc.assert(
    fc.property(sizes, sizes, sizes, fc.boolean(), texts, (inputs, hidden, classes, dense, metadata) => {
      const network = (dense ? feedForwardNetwork : notebookNetwork)({ inputs, hidden, classes });
      const model = modelOf(network, { ...metadata });
      const read = decodeModel(encodeModel(model), "model");
      assert.deepEqual(read.spec, network);
      assert.deepEqual([...read.parameters], [...model.parameters]);
      assert.deepEqual(read.metadata, model.metadata);
    }),
  );
});

Deno.test("decodeModel() renames the preset `seed` of earlier versions to notebook", () => {
  const { metadata } = decodeModel(encodeModel(modelOf(spec, { model: "seed", seed: "3" })), "model");
  assert.deepEqual(metadata, { model: "notebook", seed: "3" });
});

Deno.test("decodeModel() reads the class names that encodeModel() wrote, or undefined", () => {
  const classes = ["T-shirt/top", "été \u{1f600}\n"];
  const bytes = encodeModel({ ...modelOf(spec, { accuracy: "1" }), classes });
  assert.equal(parseSafetensors(bytes, "model").metadata.classes, JSON.stringify(classes));
  const read = decodeModel(bytes, "model");
  assert.deepEqual([read.classes, read.metadata], [classes, { accuracy: "1" }]);
  assert.ok(!("classes" in decodeModel(encodeModel(modelOf(spec)), "model")));
});

Deno.test("decodeModel() refuses class names that are not one for each output", () => {
  for (
    const [text, message] of [
      ["[cat]", /^model: metadata\.classes: not JSON: line 1, column 2: .*: give a list of names/],
      ['"cat"', /this is no list/],
      ['["a", "b", "c"]', /3 names, expected 2, one for each output of the network$/],
      ['["a"]', /1 names, expected 2/],
      ['["a", 1]', /name 1 is 1, expected a text/],
      ['["a", ""]', /name 1 is "", expected a text that is not empty/],
      ['["a", null]', /name 1 is null/],
      ['["a", "a"]', /names 0 and 1 are both a, expected distinct ones/],
      ['["\u00e9", "e\u0301"]', /names 0 and 1 are both é/],
    ] as const
  ) {
    throwsInputError(changed((_, metadata) => metadata.classes = text), message);
  }
  assert.throws(() => encodeModel({ ...modelOf(spec), classes: ["a"] }), {
    name: "OptionError",
    message: /^classes: 1 names, expected 2/,
  });
});

Deno.test("encodeModel() writes tensors in the file's order, for any order of the parameters", () => {
  const model = modelOf(spec, { accuracy: "0.86" });
  const bytes = encodeModel({ ...model, parameters: new Map([...model.parameters].reverse()) });
  assert.deepEqual(bytes, encodeModel(model));
  const { tensors, metadata } = parseSafetensors(bytes, "model");
  assert.deepEqual([...tensors.keys()], ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
  assert.deepEqual(metadata, { accuracy: "0.86", format: "spikelet/2", network: JSON.stringify(spec) });
});

Deno.test("encodeModel() throws on parameters that decodeModel() would refuse", () => {
  const throws = (change: (parameters: Map<string, Float32Array>) => void, message: RegExp) => {
    const parameters = new Map(modelOf(spec).parameters);
    change(parameters);
    assert.throws(() => encodeModel({ ...modelOf(spec), parameters }), { name: "OptionError", message });
  };
  throws(
    (parameters) => parameters.delete("fc2.bias"),
    /^parameter fc2\.bias: missing; expected fc1\.weight, fc1\.bias, fc2\.weight, fc2\.bias$/,
  );
  throws(
    (parameters) => parameters.set("fc3.weight", new Float32Array(1)),
    /^parameter fc3\.weight: the network has none of that name/,
  );
  throws(
    (parameters) => parameters.set("fc1.bias", new Float32Array(4)),
    /^tensor fc1\.bias: 4 values do not fill its shape \[3\]/,
  );
  throws(
    (parameters) => parameters.set("fc1.bias", Float32Array.of(0, NaN, 0)),
    /^parameter fc1\.bias: value 1 is NaN/,
  );
});

Deno.test("encodeModel() throws on metadata under the format's own keys", () => {
  for (const key of ["format", "network", "classes"]) {
    const message = RegExp(`^metadata.${key}: this key is the format's own; choose another$`);
    assert.throws(() => encodeModel(modelOf(spec, { [key]: "x" })), { name: "OptionError", message });
  }
});

Deno.test("decodeModel() throws on a file of another format", async () => {
  throwsInputError(
    changed((_, metadata) => delete metadata.format),
    /its metadata name no format, expected spikelet\/2/,
  );
  throwsInputError(
    changed((_, metadata) => metadata.format = "spikelet/3"),
    /its format is "spikelet\/3", expected spikelet\/2 or spikelet\/1/,
  );
  const reference = await Deno.readFile(new URL("../reference/small.safetensors", import.meta.url));
  throwsInputError(reference, /its metadata name no format/);
});

Deno.test("decodeModel() throws on a damaged description of the network", () => {
  throwsInputError(changed((_, metadata) => delete metadata.network), /its metadata have no network/);
  throwsInputError(
    changed((_, metadata) => metadata.network = "{"),
    /: metadata\.network: not JSON: line 1, column 2: .*: the file is damaged/,
  );
  throwsInputError(changed((_, metadata) => metadata.network = "[]"), /^model: network: /);
  const text = JSON.stringify({ ...spec, steps: 0 });
  throwsInputError(changed((_, metadata) => metadata.network = text), /^model: network: steps: /);
});

Deno.test("decodeModel() throws on a missing tensor and on an unknown one", () => {
  throwsInputError(
    changed((tensors) => tensors.delete("fc1.bias")),
    /^model: tensor fc1\.bias: missing, expected F32 \[3\]/,
  );
  const extra: Tensor = { dtype: "U8", shape: [1], data: Uint8Array.of(1) };
  throwsInputError(
    changed((tensors) => tensors.set("fc3.weight", extra)),
    /^model: tensor fc3\.weight: its network has none of that name/,
  );
});

Deno.test("decodeModel() throws on a wrong shape and on a wrong dtype", () => {
  const flat: Tensor = { dtype: "F32", shape: [15], data: new Float32Array(15) };
  throwsInputError(
    changed((tensors) => tensors.set("fc1.weight", flat)),
    /tensor fc1\.weight: it is F32 \[15\], expected F32 \[3, 5\]/,
  );
  const turned: Tensor = { ...flat, shape: [5, 3] };
  throwsInputError(
    changed((tensors) => tensors.set("fc1.weight", turned)),
    /it is F32 \[5, 3\], expected F32 \[3, 5\]/,
  );
  const whole: Tensor = { dtype: "I32", shape: [3], data: new Int32Array(3) };
  throwsInputError(
    changed((tensors) => tensors.set("fc1.bias", whole)),
    /tensor fc1\.bias: it is I32 \[3\], expected F32, F64, F16, BF16 \[3\]/,
  );
});

Deno.test("decodeModel() reads parameters of more or fewer bits from other tools", () => {
  const stored: [Tensor, number[]][] = [
    [{ dtype: "F64", shape: [3], data: Float64Array.of(0.5, -1 / 3, 2 ** -140) }, [
      0.5,
      Math.fround(-1 / 3),
      2 ** -140,
    ]],
    [{ dtype: "F16", shape: [3], data: Uint16Array.of(0x3800, 0xc000, 0x0001) }, [0.5, -2, 2 ** -24]],
    [{ dtype: "BF16", shape: [3], data: Uint16Array.of(0x3f00, 0xc000, 0x4049) }, [0.5, -2, 3.140625]],
  ];
  for (const [tensor, expected] of stored) {
    const bytes = changed((tensors) => tensors.set("fc1.bias", tensor));
    assert.deepEqual(decodeModel(bytes, "model").parameters.get("fc1.bias"), Float32Array.from(expected));
  }
  const tooLarge: Tensor = { dtype: "F64", shape: [3], data: Float64Array.of(0, 1e300, 0) };
  throwsInputError(
    changed((tensors) => tensors.set("fc1.bias", tooLarge)),
    /fc1\.bias: value 1 is 1e\+300, expected a finite/,
  );
});

Deno.test("decodeModel() throws on a value that is not finite, with its index", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const data = Float32Array.of(0, 0, value);
    const bytes = changed((tensors) => tensors.set("fc1.bias", { dtype: "F32", shape: [3], data }));
    throwsInputError(
      bytes,
      RegExp(`^model: tensor fc1\.bias: value 2 is ${value}, expected a finite number`),
    );
  }
});

Deno.test("decodeModel() withstands 2,000 damaged files", async () => {
  await assertWithstands(damagedSafetensors(encodeModel(modelOf(spec))), {
    files: 2000,
    read: (bytes) => decodeModel(bytes, "model"),
    holds({ spec, parameters }) {
      assert.equal(parameters.size, structureOf(spec).tensors.length);
      for (const data of parameters.values()) assert.ok(data.every(Number.isFinite));
    },
  });
});

Deno.test("decodeModel() withstands 1,000 damaged descriptions of a network, and allocates nothing for the sizes in them", async () => {
  const text = new TextEncoder().encode(JSON.stringify(spec));
  const damaged = mutationsOf(text).map((bytes) =>
    changed((_, metadata) => metadata.network = new TextDecoder().decode(bytes))
  );
  await assertWithstands(damaged, { files: 1000, read: (bytes) => decodeModel(bytes, "model") });
  const large = parseNetworkSpec({
    inputs: 65_536,
    steps: 7,
    layers: [{ units: 65_536, neuron: { kind: "graded" } }, { units: 2, neuron: { kind: "graded" } }],
  });
  const promising = changed((_, metadata) => metadata.network = JSON.stringify(large));
  const allocated = await countAllocations(() => throwsInputError(promising, /^model: /));
  assert.ok(allocated < 10_000, `${allocated} bytes`);
});

Deno.test("readModel() reads a file, and names one that is missing, a folder, or damaged", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "seed.safetensors");
    await Deno.writeFile(path, encodeModel(modelOf(spec)));
    assert.deepEqual((await readModel(path)).parameters, modelOf(spec).parameters);
    await Deno.writeTextFile(path, "cut");
    const cases: [string, RegExp][] = [
      [path, /seed\.safetensors: 3 bytes, but a safetensors file has 10 or more/],
      [join(folder, "none"), /none: no such file or folder; check the path$/],
      [folder, /: this is a folder/],
    ];
    for (const [wrong, message] of cases) {
      await assert.rejects(readModel(wrong), { name: "InputError", message });
    }
  });
});

Deno.test("hashParameters() is the SHA-256 of the weights' bytes in order", async () => {
  // Python's hashlib on w1, b1, w2, b2 of reference/small.safetensors.
  const bytes = await Deno.readFile(new URL("../reference/small.safetensors", import.meta.url));
  const { tensors } = parseSafetensors(bytes, "small");
  const parameters = new Map<string, Float32Array>();
  for (const name of ["w1", "b1", "w2", "b2"]) {
    const tensor = tensors.get(name);
    assert.ok(tensor?.dtype === "F32");
    parameters.set(name, tensor.data);
  }
  const expected = "b69fe367d26c654a3bc065b0215249cb08a4d143621a226dcbc96e8718fba173";
  assert.equal(await hashParameters(parameters), expected);
});

Deno.test("decodeModel() reads back a graph with the tensors' names of spikelet/2", () => {
  const { spec, parameters } = readGoldenGraph("delay_node");
  const bytes = encodeModel({ spec, parameters, metadata: { model: "delay" }, classes: ["a", "b", "c"] });
  const { metadata, tensors } = parseSafetensors(bytes, "model");
  assert.equal(metadata.format, "spikelet/2");
  assert.deepEqual([...tensors.keys()], structureOf(spec).tensors.map(({ name }) => name));
  const model = decodeModel(bytes, "model");
  assert.deepEqual([model.spec, model.metadata, model.classes], [
    spec,
    { model: "delay" },
    ["a", "b", "c"],
  ]);
  for (const [name, data] of parameters) assert.deepEqual(model.parameters.get(name), data, name);
});

Deno.test("decodeModel() reads layers of spikelet/1 as a graph, with the same numbers", () => {
  const bytes = Deno.readFileSync(new URL("../reference/spikelet1/run/model.safetensors", import.meta.url));
  const { tensors } = parseSafetensors(bytes, "former"), model = decodeModel(bytes, "former");
  assert.deepEqual([...model.parameters.values()], [...tensors.values()].map(({ data }) => data));
  assert.deepEqual(
    [...model.parameters.keys()].slice(0, 6),
    ["fc1.weight", "fc1.bias", "rec1.weight", "neuron1.decay", "neuron1.threshold", "fc2.weight"],
  );
  const again = decodeModel(encodeModel(model), "again");
  assert.deepEqual([again.spec, again.parameters], [model.spec, model.parameters]);
});

Deno.test("encodeModel() and decodeModel() refuse delays that are no whole steps below T", () => {
  const { spec, parameters } = readGoldenGraph("delay_node");
  const bytes = encodeModel({ spec, parameters, metadata: {} });
  const { metadata, tensors } = parseSafetensors(bytes, "model");
  for (const steps of [0.5, -1, 9]) {
    const data = parameters.get("delay1.steps")!.slice().fill(steps, 2, 3);
    const message = new RegExp(`delay1.steps: value 2 is ${steps}, expected a whole number of steps, 0 to 8`);
    const wrong = new Map([...parameters, ["delay1.steps", data]]);
    assert.throws(() => encodeModel({ spec, parameters: wrong, metadata: {} }), {
      name: "OptionError",
      message,
    });
    const entries = [...tensors, ["delay1.steps", { dtype: "F32", shape: [7], data }] as const];
    const file = serializeSafetensors(new Map(entries), metadata);
    assert.throws(() => decodeModel(file, "model"), { name: "InputError", message });
  }
});

Deno.test("encodeModel() refuses a running variance below 0", () => {
  const { spec, parameters } = readGoldenGraph("batch_norm");
  const variance = parameters.get("norm1.variance")!.slice();
  variance[1] = -0.5;
  const wrong = new Map([...parameters, ["norm1.variance", variance] as const]);
  const message = /norm1\.variance: value 1 is -0\.5, expected a finite number, 0 or more/;
  assert.throws(() => encodeModel({ spec, parameters: wrong, metadata: {} }), {
    name: "OptionError",
    message,
  });
});
