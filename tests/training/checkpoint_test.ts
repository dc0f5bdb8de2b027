import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import type { Parameters } from "../../src/engine/engine.ts";
import { hashParameters, parameterShapes } from "../../src/network/model_file.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeTrained,
  encodeCheckpoint,
} from "../../src/training/checkpoint.ts";
import { CheckpointFolder, checkpointPaths, readNewest } from "../../src/runs/checkpoint_folder.ts";
import { BEGINNING } from "../../src/training/training_state.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const SPEC = parseNetworkSpec({
  inputs: 5,
  steps: 3,
  layers: [
    { units: 7, neuron: { kind: "graded", decay: 0.9, threshold: 2, penalty: 2.5 } },
    { units: 3, neuron: { kind: "integrator", decay: 0.9 } },
  ],
  readout: { from: "state", reduce: "mean" },
  loss: { kind: "crossEntropy" },
});

/** Float32 numbers, infinities among them, without NaN. */
const floats = (length: number) => fc.float32Array({ minLength: length, maxLength: length, noNaN: true });
const parameters: fc.Arbitrary<Parameters> = fc.tuple(
  ...parameterShapes(SPEC).map(([name, shape]) =>
    floats(shape.reduce((a, b) => a * b)).map((data): [string, Float32Array] => [name, data])
  ),
).map((all) => new Map(all));
/** A number of JSON, without −0. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const score = fc.record({
  loss: number,
  accuracy: number,
  correct: fc.nat(),
  total: fc.nat(),
});
const checkpoints: fc.Arbitrary<Checkpoint> = fc.record({
  spec: fc.constant(SPEC),
  state: fc.record({
    parameters,
    average: parameters,
    // For any optimizer with any number of moments.
    moments: fc.uniqueArray(fc.constantFrom("velocity", "first", "second"), { maxLength: 3 }).chain((names) =>
      fc.tuple(...names.map((name) => parameters.map((moment): [string, Parameters] => [name, moment])))
        .map((all) => new Map(all))
    ),
    updates: fc.nat(),
  }, { requiredKeys: ["parameters", "moments", "updates"] }),
  progress: fc.record({
    epoch: fc.integer({ min: 1, max: 1e6 }),
    batch: fc.nat(1e6),
    seconds: number,
    sums: fc.record({
      loss: number,
      correct: fc.nat(),
      total: fc.nat(),
      spikes: fc.maxSafeNat(),
      unitSpikes: fc.constantFrom([], [Float64Array.of(0, 1, 2, 3, 4, 2 ** 53, 6)]),
    }),
    last: fc.constant(null),
    best: fc.option(fc.record({ epoch: fc.nat(), score })),
  }),
  metadata: fc.dictionary(
    fc.string().filter((key) =>
      !["__proto__", "format", "network", "classes", "progress", "steps", "weightsSha256"].includes(key)
    ),
    fc.string(),
    {
      maxKeys: 3,
    },
  ).map((plain) => ({ ...plain })),
}).map((checkpoint): Checkpoint => structuredClone(checkpoint));

/** A checkpoint that a run could have written. */
function example(epoch = 2, batch = 5): Checkpoint {
  const values = (scale: number) =>
    new Map(
      parameterShapes(SPEC).map(([name, shape]) => [
        name,
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => scale * Math.sin(i + batch)),
      ]),
    );
  return {
    spec: SPEC,
    state: { parameters: values(1), moments: new Map([["velocity", values(0.1)]]), updates: 17 },
    progress: {
      ...BEGINNING,
      epoch,
      batch,
      sums: {
        loss: 1.5,
        correct: 3,
        total: 8,
        spikes: 28,
        unitSpikes: [Float64Array.of(1, 2, 3, 4, 5, 6, 7)],
      },
    },
    metadata: { note: "an example" },
  };
}

Deno.test("decodeCheckpoint() inverts encodeCheckpoint(), in the same bits", async () => {
  await fc.assert(
    fc.asyncProperty(checkpoints, async (checkpoint) => {
      const bytes = await encodeCheckpoint(checkpoint);
      assert.deepEqual(await decodeCheckpoint(bytes, "it"), checkpoint);
      assert.deepEqual(await encodeCheckpoint(checkpoint), bytes);
    }),
    { numRuns: 50 },
  );
});

Deno.test("encodeCheckpoint() writes a safetensors file with metadata", async () => {
  const checkpoint = example();
  const { metadata, tensors } = parseSafetensors(await encodeCheckpoint(checkpoint), "it");
  assert.equal(metadata.format, "spikelet-checkpoint/2");
  assert.equal(metadata.weightsSha256, await hashParameters(checkpoint.state.parameters));
  assert.deepEqual([...tensors.keys()], [
    ...[
      "fc1.weight",
      "fc1.bias",
      "fc2.weight",
      "fc2.bias",
      "velocity/fc1.weight",
      "velocity/fc1.bias",
      "velocity/fc2.weight",
      "velocity/fc2.bias",
    ],
    ...["unitSpikes/1", "sha256"],
  ]);
  assert.deepEqual(tensors.get("velocity/fc1.weight")?.shape, [7, 5]);
});

Deno.test("decodeTrained() reads a checkpoint's average as its model, where one is kept", async () => {
  const { state, ...rest } = example(), average = example(2, 6).state.parameters;
  const plain = await decodeTrained(await encodeCheckpoint({ state, ...rest }), "it");
  assert.deepEqual(plain.parameters, state.parameters);
  const bytes = await encodeCheckpoint({ state: { ...state, average }, ...rest });
  assert.deepEqual((await decodeTrained(bytes, "it")).parameters, average);
  assert.deepEqual(parseSafetensors(bytes, "it").tensors.get("average/fc1.weight")?.shape, [7, 5]);
});

Deno.test("decodeCheckpoint() refuses a file with any bit changed", async () => {
  const bytes = await encodeCheckpoint(example());
  const damaged = {
    name: "InputError",
    message: /^it: its checksum .*: the file is damaged, or no checkpoint$/,
  };
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 1 << (at % 8);
    await assert.rejects(decodeCheckpoint(changed, "it"), damaged, `byte ${at}`);
  }
  for (const length of [0, 1, 31, 32, 40, bytes.length - 1]) {
    await assert.rejects(decodeCheckpoint(bytes.slice(0, length), "it"), damaged, `${length} bytes`);
  }
});

Deno.test("decodeCheckpoint() names fields of another form, with a right checksum", async () => {
  const bytes = await encodeCheckpoint(example());
  type Change = (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void;
  const changes: [change: Change, message: RegExp][] = [
    [
      (_, metadata) => metadata.format = "spikelet-checkpoint/9",
      /^it: its format is "spikelet-checkpoint\/9", /,
    ],
    [
      (_, metadata) => metadata.progress = "{}",
      /^it: progress: epoch: /,
    ],
    [
      (_, metadata) => metadata.network = "",
      /^it: metadata\.network: not JSON: .*expected what encodeCheckpoint writes$/,
    ],
    [
      (tensors) => tensors.delete("velocity/fc2.bias"),
      /^it: tensor velocity\/fc2\.bias: expected F32 \[3\]$/,
    ],
    [
      (tensors) => tensors.set("fc1.weight", tensors.get("fc1.bias")!),
      /^it: tensor fc1\.weight: expected F32 \[7, 5\]$/,
    ],
    [
      (tensors) => tensors.set("unitSpikes/1", tensors.get("fc1.bias")!),
      /^it: unitSpikes: it is F32, expected F64$/,
    ],
  ];
  for (const [change, message] of changes) {
    const { tensors, metadata } = parseSafetensors(bytes.slice(), "it");
    change(tensors, metadata);
    const changed = serializeSafetensors(tensors, metadata), end = changed.length - 32;
    changed.set(new Uint8Array(await crypto.subtle.digest("SHA-256", changed.subarray(0, end))), end);
    await assert.rejects(decodeCheckpoint(changed, "it"), { name: "InputError", message });
  }
});

Deno.test("decodeCheckpoint() reads the names of classes", async () => {
  const classes = ["left", "middle", "right"];
  const read = await decodeCheckpoint(await encodeCheckpoint({ ...example(), classes }), "it");
  assert.deepEqual([read.classes, read.metadata], [classes, example().metadata]);
  await assert.rejects(encodeCheckpoint({ ...example(), classes: ["left"] }), { name: "OptionError" });
});

Deno.test("encodeCheckpoint() refuses metadata with the format's own keys", async () => {
  for (const key of ["format", "network", "classes", "progress", "steps", "weightsSha256"]) {
    await assert.rejects(encodeCheckpoint({ ...example(), metadata: { [key]: "" } }), {
      name: "OptionError",
    });
  }
});

/** Flips one bit in the middle of each part of a file: its length, its header, each tensor's bytes. */
function damages(bytes: Uint8Array): Map<string, Uint8Array> {
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const parts: [string, number][] = [["the header's length", 3], ["the header", 8 + (header >> 1)]];
  let at = header;
  for (const [name, { data }] of parseSafetensors(bytes, "it").tensors) {
    parts.push([name, at + (data.byteLength >> 1)]);
    at += data.byteLength;
  }
  assert.equal(at, bytes.length);
  return new Map(parts.map(([name, byte]) => {
    const changed = bytes.slice();
    changed[byte]! ^= 0x10;
    return [name, changed];
  }));
}

Deno.test("readNewest() takes the checkpoint before a damaged one, for damage in any part, and reports it", async () => {
  await inTemporaryFolder(async (folder) => {
    const { last, previous } = checkpointPaths(folder);
    const written = await CheckpointFolder.open(folder);
    await written.write(example(1, 1), false);
    await written.write(example(1, 2), false);
    assert.equal((await readNewest(folder))?.checkpoint.progress.batch, 2);
    const parts = damages(await Deno.readFile(last));
    assert.equal(parts.size, 12);
    for (const [part, bytes] of parts) {
      await Deno.writeFile(last, bytes);
      const found = await readNewest(folder);
      assert.equal(found?.path, previous, part);
      assert.equal(found.checkpoint.progress.batch, 1);
      assert.match(found.fault ?? "", /last\.safetensors: its checksum/);
    }
    await Deno.writeFile(previous, (await Deno.readFile(previous)).slice(0, 100));
    await assert.rejects(readNewest(folder), {
      name: "InputError",
      message:
        /last\.safetensors: its checksum(.|\n)*previous\.safetensors: its checksum(.|\n)*no checkpoint is whole/,
    });
  });
});

Deno.test("CheckpointFolder never replaces a whole checkpoint by a damaged one", async () => {
  await inTemporaryFolder(async (folder) => {
    const { last, previous } = checkpointPaths(folder);
    const first = await CheckpointFolder.open(folder);
    for (const batch of [1, 2]) await first.write(example(1, batch), false);
    await Deno.writeFile(last, new Uint8Array(50));
    const found = await readNewest(folder);
    const second = await CheckpointFolder.open(folder, found?.fault === undefined);
    await second.write(example(1, 3), false);
    const batchOf = async (path: string) =>
      (await decodeCheckpoint(await Deno.readFile(path), path)).progress.batch;
    assert.deepEqual([await batchOf(last), await batchOf(previous)], [3, 1]);
    await second.write(example(1, 4), false);
    assert.deepEqual([await batchOf(last), await batchOf(previous)], [4, 3]);
  });
});

Deno.test("readNewest() finds the checkpoint of a process that was killed between two moves, and none in an empty folder", async () => {
  await inTemporaryFolder(async (folder) => {
    assert.equal(await readNewest(folder), undefined);
    const { last, previous, best } = checkpointPaths(folder);
    const written = await CheckpointFolder.open(folder);
    await written.write(example(1, 1), true);
    await written.write(example(1, 2), false);
    await Deno.rename(last, previous);
    await Deno.writeTextFile(join(folder, "checkpoints", ".spikelet-left.tmp"), "half");
    const found = await readNewest(folder);
    assert.deepEqual([found?.checkpoint.progress.batch, found?.fault], [2, undefined]);
    await (await CheckpointFolder.open(folder)).write(example(1, 3), false);
    const names = (await Array.fromAsync(Deno.readDir(join(folder, "checkpoints")))).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["best.safetensors", "last.safetensors", "previous.safetensors"]);
    assert.equal((await decodeCheckpoint(await Deno.readFile(best), best)).progress.batch, 1);
  });
});
