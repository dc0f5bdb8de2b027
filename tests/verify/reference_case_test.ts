import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import { parseReferenceCase, readReferenceCase } from "../../src/verify/reference_case.ts";
import { structureOf } from "../../src/network/structure.ts";
import { damagedSafetensors } from "../damaged_safetensors.ts";
import { assertWithstands } from "../withstand.ts";
import { INVOCATION } from "../../src/text/invocation.ts";

const pathOf = (name: string) => new URL(`../reference/${name}.safetensors`, import.meta.url).pathname;
const small = await Deno.readFile(pathOf("small"));
const threeLayers = await Deno.readFile(pathOf("networks/three_layers"));
const unequal = await Deno.readFile(pathOf("pytorch/unequal_spikes"));

/** A case with changed tensors or metadata. */
function changed(
  bytes: Uint8Array,
  change: (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void,
): Uint8Array {
  const { tensors, metadata } = parseSafetensors(bytes.slice(), "case");
  change(tensors, metadata);
  return serializeSafetensors(tensors, metadata);
}

Deno.test("parseReferenceCase() multiplies the notebook's inputs by their draws, one sequence per sample", () => {
  const { tensors } = parseSafetensors(small.slice(), "case");
  const x = tensors.get("x"), r = tensors.get("r");
  assert.ok(x?.dtype === "F32" && r?.dtype === "F32");
  const { samples, spec, feedForward } = parseReferenceCase(small, "case");
  const [steps = 0, count = 0, inputs = 0] = r.shape;
  assert.deepEqual([spec.steps, samples.count, structureOf(spec).inputs], [steps, count, inputs]);
  for (let sample = 0; sample < count; sample++) {
    for (let t = 0; t < steps; t++) {
      for (let k = 0; k < inputs; k++) {
        assert.equal(
          samples.features[(sample * steps + t) * inputs + k],
          Math.fround(r.data[(t * count + sample) * inputs + k]! * x.data[sample * inputs + k]!),
        );
      }
    }
  }
  assert.deepEqual(feedForward?.features, x.data);
});

Deno.test("readReferenceCase() takes a network from the metadata", async () => {
  const { spec, samples, feedForward } = await readReferenceCase(pathOf("networks/three_layers"));
  const { populations, inputs } = structureOf(spec);
  assert.equal(populations.length, 3);
  assert.equal(samples.features.length, samples.count * spec.steps * inputs);
  assert.equal(feedForward, undefined);
});

Deno.test("parseReferenceCase() names missing and wrong tensors", () => {
  const cases: [bytes: Uint8Array, message: RegExp][] = [
    [
      changed(small, (tensors) => tensors.delete("r")),
      /^case: tensor r: missing; this is not a whole reference case$/,
    ],
    [changed(small, (tensors) => tensors.delete("b2")), /^case: tensor b2: missing/],
    [
      changed(small, (_, metadata) => delete metadata.decay),
      /^case: metadata\.decay: missing, expected a number$/,
    ],
    [
      changed(small, (_, metadata) => metadata.steps = "many"),
      /^case: metadata\.steps: many, expected a number$/,
    ],
    [changed(small, (_, metadata) => metadata.decay = "1.5"), /^case: layers\.0\.neuron\.decay: /],
    [
      changed(
        small,
        (tensors) => tensors.set("b1", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }),
      ),
      /^case: tensor b1: it is F32 \[2\], expected F32 \[7\]$/,
    ],
    [
      changed(small, (tensors) => tensors.set("y", { dtype: "I64", shape: [1], data: BigInt64Array.of(9n) })),
      /^case: tensor y: label 9 at 0, expected 0 to 3$/,
    ],
    [
      changed(small, (tensors) => tensors.set("y", { dtype: "F32", shape: [1], data: Float32Array.of(1) })),
      /^case: tensor y: it is F32 \[1\], expected I64 \[samples\]$/,
    ],
    [
      changed(small, (tensors) => tensors.set("x", { dtype: "F32", shape: [1], data: Float32Array.of(1) })),
      /^case: tensor x: it is F32 \[1\], expected 2 dimensions$/,
    ],
    [
      changed(unequal, (tensors) => {
        const { data } = tensors.get("lengths")!;
        assert.ok(data instanceof BigInt64Array);
        data.fill(0n);
      }),
      /^case: tensor lengths: 0 steps at 0, expected \d to \d+$/,
    ],
    [
      changed(
        unequal,
        (tensors) => tensors.set("lengths", { dtype: "I64", shape: [1], data: BigInt64Array.of(3n) }),
      ),
      /^case: tensor lengths: it is I64 \[1\], expected I64 \[\d+\]$/,
    ],
    [
      changed(threeLayers, (_, metadata) => metadata.network = "{"),
      /^case: metadata\.network: not JSON: line 1, column 2: .*: expected a network's description$/,
    ],
    [
      changed(threeLayers, (_, metadata) => metadata.network = "{}"),
      /^case: metadata\.network: steps: it is missing/,
    ],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => parseReferenceCase(bytes, "case"), { name: "InputError", message });
  }
});

Deno.test("parseReferenceCase() withstands 1,000 damaged files", async () => {
  await assertWithstands(fc.oneof(damagedSafetensors(small), damagedSafetensors(threeLayers)), {
    files: 1000,
    read: (bytes) => parseReferenceCase(bytes, "case"),
  });
});

Deno.test("parseReferenceCase() distinguishes a model from a reference case", () => {
  const model = changed(small, (_, metadata) => metadata.format = "spikelet/1");
  assert.throws(() => parseReferenceCase(model, "model"), {
    name: "InputError",
    message: `model: this is a model, not a reference case: measure it with \`${INVOCATION} evaluate\``,
  });
});
