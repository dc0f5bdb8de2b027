/** Reads reference cases (tests/reference/): inputs, draws, weights, and the expected numbers. */
import type { Samples } from "../data/samples.ts";
import type { Parameters, Update } from "../engine/engine.ts";
import { InputError } from "../errors.ts";
import { INVOCATION } from "../text/invocation.ts";
import { readWhole } from "../files/file_access.ts";
import { parseJson } from "../text/json.ts";
import { describeNotebook } from "../network/presets.ts";
import {
  describeShape,
  parseSafetensors,
  type SafetensorsFile,
  type Tensor,
} from "../network/safetensors.ts";
import { type NetworkSpec, parseNetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { oneLine } from "../text/one_line.ts";
import { type CaseNames, GRAPH_NAMES, LAYER_NAMES } from "./case_names.ts";

/** Inputs for an engine, and the expected results. */
export interface ReferenceCase {
  /** The file's name in messages. */
  readonly name: string;
  /** Its encoder is `direct`: the draws are part of the samples. */
  readonly spec: NetworkSpec;
  /** Sequences `[steps, inputs]`. */
  readonly samples: Samples<Float32Array>;
  /** The samples of the feed-forward peer, `[inputs]`, where the case has its numbers. */
  readonly feedForward?: Samples<Float32Array>;
  readonly parameters: Parameters;
  readonly step: Update;
  /** The names of the file's tensors. */
  readonly names: CaseNames;
  /** Every float tensor of the file. */
  readonly expected: ReadonlyMap<string, Float32Array>;
}

/** Reads a reference case from a file. @throws {InputError} when it cannot be read or is none. */
export async function readReferenceCase(path: string): Promise<ReferenceCase> {
  return parseReferenceCase(await readWhole(path), path);
}

/**
 * Decodes a reference case.
 *
 * @throws {InputError} when a tensor or constant is missing, of a wrong shape, or out of its range.
 */
export function parseReferenceCase(bytes: Uint8Array, name: string): ReferenceCase {
  const file = parseSafetensors(bytes, name);
  if (file.metadata.format !== undefined) {
    throw new InputError(
      `${name}: this is a model, not a reference case: measure it with \`${INVOCATION} evaluate\``,
    );
  }
  const constant = (key: string) => parseConstant(file, name, key);
  const step = { learningRate: constant("learning_rate"), momentum: constant("momentum") };
  const network = file.metadata.network;
  const { spec, features, names } = network === undefined
    ? readNotebookCase(file, name)
    : readNetworkCase(file, name, network);
  const { inputs, classes, tensors } = structureOf(spec);
  const labels = readLabels(file, name, classes);
  const count = labels.length;
  const lengths = readLengths(file, name, spec, count);
  const parameters = new Map(
    tensors.map((tensor) => [tensor.name, floats(file, name, names.parameter(tensor.name), tensor.shape)]),
  );
  const expected = new Map<string, Float32Array>();
  for (const [key, tensor] of file.tensors) if (tensor.dtype === "F32") expected.set(key, tensor.data);
  const feedForward = expected.has("dense_loss")
    ? {
      name: `${name} (feed-forward)`,
      count,
      size: inputs,
      features: floats(file, name, "x", [count, inputs]),
      labels,
    }
    : undefined;
  return {
    name,
    spec,
    samples: { name, count, size: spec.steps * inputs, features, labels, ...(lengths && { lengths }) },
    parameters,
    step,
    names,
    expected,
    ...(feedForward && { feedForward }),
  };
}

/** What a file's network is. */
type CaseNetwork = Pick<ReferenceCase, "spec" | "names"> & { readonly features: Float32Array };

/** A case of the notebook's network: constants by name; the inputs are x times the draws r. */
function readNotebookCase(file: SafetensorsFile, name: string): CaseNetwork {
  const [count = 0, inputs = 0] = shapeOf(file, name, "x", 2);
  const [hidden = 0] = shapeOf(file, name, LAYER_NAMES.parameter("fc1.weight"), 2);
  const [classes = 0] = shapeOf(file, name, LAYER_NAMES.parameter("fc2.weight"), 2);
  const steps = parseConstant(file, name, "steps");
  const description = describeNotebook({
    inputs,
    hidden,
    classes,
    steps,
    decay: parseConstant(file, name, "decay"),
    threshold: parseConstant(file, name, "threshold"),
    penalty: parseConstant(file, name, "penalty"),
    beginEval: parseConstant(file, name, "begin_eval"),
  });
  const spec = parseNetworkSpec({ ...description, encoder: { kind: "direct" } }, name);
  const x = floats(file, name, "x", [count, inputs]);
  const r = floats(file, name, "r", [steps, count, inputs]);
  return {
    spec,
    names: LAYER_NAMES,
    features: bySample(steps, count, inputs, (at, k, sample) => r[at]! * x[sample * inputs + k]!),
  };
}

/** A case of any network: its description is in the metadata; the inputs are encoded already. */
function readNetworkCase(file: SafetensorsFile, name: string, network: string): CaseNetwork {
  const description = parseJson(network, `${name}: metadata.network`, "expected a network's description");
  const spec = parseNetworkSpec(description, `${name}: metadata.network`);
  const { inputShape, inputs } = structureOf(spec);
  const [, count = 0] = shapeOf(file, name, "x", 2 + inputShape.length);
  const x = floats(file, name, "x", [spec.steps, count, ...inputShape]);
  return {
    spec,
    names: file.tensors.has(LAYER_NAMES.potentials(structureOf(spec).readout)) ? LAYER_NAMES : GRAPH_NAMES,
    features: bySample(spec.steps, count, inputs, (at) => x[at]!),
  };
}

/** From `[steps, samples, inputs]` to one sequence a sample. */
function bySample(
  steps: number,
  count: number,
  inputs: number,
  value: (at: number, input: number, sample: number) => number,
): Float32Array {
  const features = new Float32Array(steps * count * inputs);
  let to = 0;
  for (let sample = 0; sample < count; sample++) {
    for (let step = 0; step < steps; step++) {
      for (let input = 0; input < inputs; input++) {
        features[to++] = value((step * count + sample) * inputs + input, input, sample);
      }
    }
  }
  return features;
}

function readLabels(file: SafetensorsFile, name: string, classes: number): Uint8Array {
  const y = tensorOf(file, name, "y");
  if (y.dtype !== "I64" || y.shape.length !== 1 || y.data.length === 0) {
    throw new InputError(`${name}: tensor y: it is ${describe(y)}, expected I64 [samples]`);
  }
  return Uint8Array.from(y.data, (label, i) => {
    if (label < 0n || label >= BigInt(classes)) {
      throw new InputError(`${name}: tensor y: label ${label} at ${i}, expected 0 to ${classes - 1}`);
    }
    return Number(label);
  });
}

/** Steps of each sample, where the case has sequences of unequal lengths. */
function readLengths(
  file: SafetensorsFile,
  name: string,
  { steps, readout }: NetworkSpec,
  count: number,
): Uint16Array | undefined {
  if (!file.tensors.has("lengths")) return undefined;
  const tensor = tensorOf(file, name, "lengths");
  if (tensor.dtype !== "I64" || tensor.shape.join() !== `${count}`) {
    throw new InputError(`${name}: tensor lengths: it is ${describe(tensor)}, expected I64 [${count}]`);
  }
  return Uint16Array.from(tensor.data, (length, i) => {
    if (length <= BigInt(readout.begin) || length > BigInt(steps)) {
      throw new InputError(
        `${name}: tensor lengths: ${length} steps at ${i}, expected ${readout.begin + 1} to ${steps}`,
      );
    }
    return Number(length);
  });
}

function tensorOf(file: SafetensorsFile, name: string, key: string): Tensor {
  const tensor = file.tensors.get(key);
  if (!tensor) throw new InputError(`${name}: tensor ${key}: missing; this is not a whole reference case`);
  return tensor;
}

function shapeOf(file: SafetensorsFile, name: string, key: string, dimensions: number): readonly number[] {
  const tensor = tensorOf(file, name, key);
  if (tensor.shape.length !== dimensions) {
    throw new InputError(
      `${name}: tensor ${key}: it is ${describe(tensor)}, expected ${dimensions} dimensions`,
    );
  }
  return tensor.shape;
}

function floats(file: SafetensorsFile, name: string, key: string, shape: readonly number[]): Float32Array {
  const tensor = tensorOf(file, name, key);
  if (tensor.dtype !== "F32" || tensor.shape.join() !== shape.join()) {
    throw new InputError(
      `${name}: tensor ${key}: it is ${describe(tensor)}, expected F32 [${shape.join(", ")}]`,
    );
  }
  return tensor.data;
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype} ${describeShape(shape)}`;
}

function parseConstant(file: SafetensorsFile, name: string, key: string): number {
  const text = file.metadata[key];
  const value = Number(text);
  if (text === undefined || text.trim() === "" || !Number.isFinite(value)) {
    throw new InputError(
      `${name}: metadata.${key}: ${text === undefined ? "missing" : oneLine(text)}, expected a number`,
    );
  }
  return value;
}
