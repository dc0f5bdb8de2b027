/**
 * The reference cases of tests/reference: PyTorch's autograd.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseSafetensors } from "../../src/network/safetensors.ts";
import { formerTensorName } from "../../src/network/former_names.ts";
import { structureOf } from "../../src/network/structure.ts";
import { parameterShapes } from "../../src/network/model_file.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import type { DenseFeatures } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";

/** One file. */
export interface PytorchCase {
  readonly name: string;
  readonly spec: NetworkSpec;
  /** Sequences `[steps, inputs]`. */
  readonly samples: Samples<DenseFeatures>;
  readonly parameters: Map<string, Float32Array>;
  readonly gradient: Map<string, Float32Array>;
  /** Tensors by name. */
  readonly floats: (name: string) => Float32Array;
}

/** Reads `tests/reference/<name>.safetensors`. */
export function readPytorchCase(name: string): PytorchCase {
  const bytes = Deno.readFileSync(new URL(`../reference/${name}.safetensors`, import.meta.url));
  const { metadata, tensors } = parseSafetensors(bytes, name);
  const tensor = (key: string) => {
    const found = tensors.get(key);
    assert.ok(found, `${name}: ${key}`);
    return found;
  };
  const floats = (key: string) => {
    const { data } = tensor(key);
    assert.ok(data instanceof Float32Array);
    return data;
  };
  const labels = Uint8Array.from(tensor("y").data, Number);
  const spec = parseNetworkSpec(metadata["network"] ? JSON.parse(metadata["network"]) : notebookSpec());
  const { steps } = spec, { inputs } = structureOf(spec);

  /** The notebook's two layers. Files without a description hold their constants one by one. */
  function notebookSpec(): unknown {
    const constant = (key: string) => Number(metadata[key]);
    const neuron = {
      kind: "graded",
      decay: constant("decay"),
      threshold: constant("threshold"),
      penalty: constant("penalty"),
    };
    const layer = (bias: string) => ({ units: floats(bias).length, delay: 1, neuron });
    return {
      inputs: tensor("x").shape[1],
      steps: constant("steps"),
      layers: [layer("b1"), layer("b2")],
      readout: { from: "state", reduce: "mean", begin: constant("begin_eval") },
      loss: { kind: "crossEntropy" },
    };
  }

  const x = floats("x"), r = tensors.has("r") ? floats("r") : undefined;
  const sequences = Float32Array.from({ length: labels.length * steps * inputs }, (_, i) => {
    const sample = Math.floor(i / (steps * inputs)), step = Math.floor(i / inputs) % steps, k = i % inputs;
    const drawn = (step * labels.length + sample) * inputs + k;
    return r ? r[drawn]! * x[sample * inputs + k]! : x[drawn]!;
  });
  const names = parameterShapes(spec).map(([key]) => key);
  return {
    name,
    spec,
    samples: {
      name,
      count: labels.length,
      size: steps * inputs,
      features: sequences,
      labels,
      ...(tensors.has("lengths") && { lengths: Uint16Array.from(tensor("lengths").data, Number) }),
    },
    parameters: new Map(names.map((key) => [key, floats(formerTensorName(key))])),
    gradient: new Map(names.map((key) => [key, floats(`grad_${formerTensorName(key)}`)])),
    floats,
  };
}

/** Every reference case. The script in pytorch/ writes those beside it; those in networks/ come from elsewhere. */
export const PYTORCH_CASES: readonly string[] = [
  ...["small", "small_begin", "digits"],
  ...["networks", "pytorch"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(`../reference/${folder}/`, import.meta.url))]
      .filter(({ name }) => name.endsWith(".safetensors"))
      .map(({ name }) => `${folder}/${name.replace(".safetensors", "")}`)
      .toSorted()
  ),
];
