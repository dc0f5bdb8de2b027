/**
 * A trained network as one safetensors file: its description in the metadata, its weights as float32 tensors.
 *
 * The file says `format: spikelet/2`, `network: {…}` (the {@linkcode NetworkSpec} as JSON) and, where the classes have names,
 * `classes: [ … ]` (a list of them as JSON), so it needs nothing beside it. Any safetensors reader can open it; its tensors are
 * `<id>.<name>`, as `structure.ts` lists them. Files of `spikelet/1`, which describe layers, are read, too: layer i's tensors are
 * `w{i}`, `b{i}`, `v{i}`, `decay{i}`, `threshold{i}` and `scale{i}` there, from 1 up.
 *
 * Weights may be in 8 bits (int8.ts), each tensor by itself: I8, with its scales beside it. They become float32 as the file is read, for
 * that is what kernels compute with: such a file is a quarter of the size to keep and to send, and runs wherever any other does.
 */
import { InputError, OptionError } from "../errors.ts";
import { checkObject } from "../misuse.ts";
import { readWhole } from "../files/file_access.ts";
import { parseJson } from "../text/json.ts";
import { oneLine } from "../text/one_line.ts";
import {
  describeShape,
  type Dtype,
  parseSafetensors,
  serializeSafetensors,
  type Tensor,
} from "./safetensors.ts";
import { numbersOf } from "./tensor_numbers.ts";
import { formerTensorName, presentModelName } from "./former_names.ts";
import { dequantise, isQuantised, quantise, scalesName } from "./int8.ts";
import { structureOf, type TensorSpec } from "./structure.ts";
import { faultOfNames, parseClassNames } from "./class_names.ts";
import { classesOf, type NetworkSpec, parseNetworkSpec } from "./spec.ts";

/** A network with its weights. */
export interface Model {
  /** The network. */
  readonly spec: NetworkSpec;
  /** By name in the order of {@linkcode parameterShapes}: `fc1.weight`, `fc1.bias`, …; weights are row-major, a unit a row. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Class names, one for each output, all distinct. @default {none} */
  readonly classes?: readonly string[];
  /** Further metadata, such as the accuracy; without `format`, `network` and `classes`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The former format, of layers, and the present one, of graphs. */
const LAYERS = "spikelet/1", GRAPH = "spikelet/2";
/** Types of parameters in files, since other tools store models in fewer bits or more. They are rounded to float32. */
const FLOATS: readonly Dtype[] = ["F32", "F64", "F16", "BF16"];
/** The keys of the metadata that are the format's own. */
const RESERVED = ["format", "network", "classes"] as const;

/**
 * Names and shapes of a network's parameters, in the order of the file.
 *
 * @param spec The network.
 * @returns For each node, in the order of the description, its tensors, `<id>.<name>`: of an affine operator `weight` `[units, in]`, a
 * row for each unit, and `bias` `[units]`; of neurons the constants that are learned or given for each unit, of their shape.
 *
 * @example
 * ```ts
 * import { parameterShapes } from "./model_file.ts";
 * import { notebookNetwork } from "./presets.ts";
 *
 * console.log(parameterShapes(notebookNetwork())[0]); // [ "fc1.weight", [ 100, 784 ] ]
 * ```
 */
export function parameterShapes(spec: NetworkSpec): [name: string, shape: readonly number[]][] {
  return structureOf(spec).tensors.map(({ name, shape }) => [name, shape]);
}

/** Checks that a value is a model. @throws {OptionError} when it is none, such as the bytes of a file. */
export function checkModel(model: Model): void {
  const expected = "{ spec, parameters, metadata }, such as `decodeModel` and `readModel` give";
  checkObject("model", model, expected);
  if (ArrayBuffer.isView(model) || model instanceof ArrayBuffer) {
    throw new OptionError(`model: bytes, expected ${expected}`);
  }
  checkObject("model.spec", model.spec, "a network's description, such as notebookNetwork gives");
  checkObject("model.parameters", model.parameters, "a Map of Float32Arrays by name");
  checkObject("model.metadata", model.metadata, "an object of strings; {} where there is nothing to say");
}

/** How a model is written. */
export interface ModelEncoding {
  /** Type of the weights of products and convolutions; all else is float32. `int8` is rounded: docs/networks.md#weights-of-8-bits. @default {float32} */
  readonly weights?: "float32" | "int8";
}

/**
 * Encodes a model as the bytes of a file, which {@linkcode decodeModel} reads.
 *
 * @returns The whole file; the same model gives the same bytes.
 * @throws {OptionError} when a weight is missing, unknown, of a wrong length or not finite, the metadata have one of the
 * format's own keys, or classes are not named one by one.
 */
export function encodeModel(
  model: Model,
  { weights = "float32" }: ModelEncoding = {},
): Uint8Array<ArrayBuffer> {
  checkModel(model);
  const { spec, parameters, metadata, classes } = model;
  const taken = RESERVED.find((key) => Object.hasOwn(metadata, key));
  if (taken !== undefined) {
    throw new OptionError(`metadata.${taken}: this key is the format's own; choose another`);
  }
  const structure = structureOf(spec), known = structure.tensors.map(({ name }) => name);
  const unknown = unknownName(parameters.keys(), known);
  if (unknown !== undefined) {
    throw new OptionError(
      `parameter ${unknown}: the network has none of that name; expected ${known.join(", ")}`,
    );
  }
  const tensors = structure.tensors.flatMap((tensor): [string, Tensor][] => {
    const { name, shape } = tensor, data = parameters.get(name);
    if (data === undefined) throw new OptionError(`parameter ${name}: missing; expected ${known.join(", ")}`);
    const fault = faultOfValues(data, tensor, spec.steps);
    if (fault !== undefined) throw new OptionError(`parameter ${name}: ${fault}`);
    if (weights === "float32" || !isQuantised(tensor)) return [[name, { dtype: "F32", shape, data }]];
    const [channels = 1] = shape, { values, scales } = quantise(data, channels);
    return [
      [scalesName(name), { dtype: "F32", shape: [channels], data: scales }],
      [name, { dtype: "I8", shape, data: values }],
    ];
  });
  // Bytes lie behind all float32, which begin at multiples of 4.
  const isBytes = ([, { dtype }]: [string, Tensor]) => dtype === "I8";
  return serializeSafetensors([...tensors.filter((one) => !isBytes(one)), ...tensors.filter(isBytes)], {
    ...metadata,
    format: GRAPH,
    network: JSON.stringify(spec),
    ...encodeNames(classes, spec),
  });
}

/** The error for a checkpoint in place of a model; it names the checkpoint's run. */
function checkpointError(name: string): InputError {
  const run = /([^/\\]+)[/\\]checkpoints[/\\][^/\\]+$/.exec(name)?.[1];
  const owner = run === undefined ? "" : ` of the run ${run}`;
  return new InputError(
    `${name}: this is a checkpoint${owner}, not a model, which a run writes at its end: continue it with ` +
      `\`train --resume ${run ?? "NAME"}\`; \`evaluate\` takes a checkpoint, too`,
  );
}

/**
 * Decodes a model from the bytes of a file.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @returns The model; its weights may be views of `bytes`.
 * @throws {OptionError} when these are no bytes.
 * @throws {InputError} when the file is damaged, not a model of Spikelet's, or a weight is missing, unknown, of a wrong shape
 * or dtype, or not finite.
 */
export function decodeModel(bytes: Uint8Array, name: string): Model {
  checkObject("bytes", bytes, "the bytes of a model file: a Uint8Array");
  const { metadata: { format, network, classes: names, ...metadata }, tensors } = parseSafetensors(
    bytes,
    name,
  );
  if (format?.startsWith("spikelet-checkpoint/")) throw checkpointError(name);
  if (format !== GRAPH && format !== LAYERS) {
    const found = format === undefined
      ? "its metadata name no format"
      : `its format is ${oneLine(JSON.stringify(format))}`;
    throw new InputError(
      `${name}: ${found}, expected ${GRAPH} or ${LAYERS}: give a model that this version of Spikelet wrote`,
    );
  }
  const spec = parseNetworkSpec(parseNetworkText(network, name), `${name}: network`);
  const classes = decodeNames(names, name, spec);
  const nameInFile = tensorNames(format === LAYERS), specs = structureOf(spec).tensors;
  const known = specs.map((tensor) => nameInFile(tensor.name));
  const scales = specs.flatMap((tensor) => {
    const key = nameInFile(tensor.name);
    return isQuantised(tensor) && tensors.get(key)?.dtype === "I8" ? [scalesName(key)] : [];
  });
  const unknown = unknownName(tensors.keys(), [...known, ...scales]);
  if (unknown !== undefined) {
    throw new InputError(
      `${name}: tensor ${oneLine(unknown)}: its network has none of that name; expected ${known.join(", ")}`,
    );
  }
  const parameters = new Map(specs.map((tensor) => {
    const key = nameInFile(tensor.name);
    const own = { ...tensor, name: key };
    const values = scales.includes(scalesName(key))
      ? parseInt8(tensors, own, name)
      : parseParameter(tensors.get(key), own, spec.steps, name);
    return [tensor.name, values];
  }));
  const { model } = metadata;
  return {
    spec,
    parameters,
    metadata: model === undefined ? metadata : { ...metadata, model: presentModelName(model) },
    ...(classes && { classes }),
  };
}

/** The names of a network's tensors in a file. @param isFormer The file has the names of spikelet/1. */
export function tensorNames(isFormer: boolean): (name: string) => string {
  return isFormer ? formerTensorName : (name) => name;
}

/** Names of classes as metadata. @throws {OptionError} when they are not one for each output of the network. */
export function encodeNames(
  classes: readonly string[] | undefined,
  spec: NetworkSpec,
): Readonly<Record<string, string>> {
  if (!classes) return {};
  const fault = faultOfNames(classes, classesOf(spec));
  if (fault !== undefined) throw new OptionError(`classes: ${fault}`);
  return { classes: JSON.stringify(classes) };
}

/** Names of classes from metadata; `undefined` where there are none. @throws {InputError} as {@linkcode parseClassNames}. */
export function decodeNames(
  text: string | undefined,
  file: string,
  spec: NetworkSpec,
): readonly string[] | undefined {
  return text === undefined ? undefined : parseClassNames(text, `${file}: metadata.classes`, classesOf(spec));
}

/** Reads a model from a file. @throws {InputError} when it cannot be read, or {@linkcode decodeModel} rejects it. */
export async function readModel(path: string): Promise<Model> {
  return decodeModel(await readWhole(path), path);
}

/**
 * A fingerprint of the weights: equal for two runs only if their weights have the same bits.
 *
 * @param parameters The weights; their order counts, their names do not.
 * @returns SHA-256 of their bytes one after another, 64 hexadecimal digits.
 */
export async function hashParameters(parameters: ReadonlyMap<string, Float32Array>): Promise<string> {
  const length = [...parameters.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const data of parameters.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function parseNetworkText(text: string | undefined, name: string): unknown {
  if (text === undefined) {
    throw new InputError(
      `${name}: its metadata have no network, expected its description as JSON: fetch it again`,
    );
  }
  return parseJson(text, `${name}: metadata.network`, "the file is damaged; fetch it again");
}

/** Checks one tensor of a file. */
function parseParameter(
  tensor: Tensor | undefined,
  spec: TensorSpec,
  steps: number,
  file: string,
): Float32Array {
  const isFloat = tensor !== undefined && FLOATS.includes(tensor.dtype);
  const types = isFloat ? tensor.dtype : tensor ? FLOATS.join(", ") : "F32";
  const expected = `${types} ${describeShape(spec.shape)}`, where = `${file}: tensor ${spec.name}`;
  if (tensor === undefined) {
    throw new InputError(`${where}: missing, expected ${expected}: the model is not whole`);
  }
  if (!isFloat || tensor.shape.join() !== spec.shape.join()) {
    const found = `${tensor.dtype} ${describeShape(tensor.shape)}`;
    throw new InputError(`${where}: it is ${found}, expected ${expected}, as its network says`);
  }
  const values = numbersOf(tensor);
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  const fault = faultOfValues(data, spec, steps, values);
  if (fault !== undefined) throw new InputError(`${where}: ${fault}: train it again`);
  return data;
}

/** The float32 weights of a tensor of 8 bits with its scales. */
function parseInt8(tensors: ReadonlyMap<string, Tensor>, spec: TensorSpec, file: string): Float32Array {
  const values = tensors.get(spec.name), [channels = 1] = spec.shape;
  if (values?.dtype !== "I8" || values.shape.join() !== spec.shape.join()) {
    const found = values ? `${values.dtype} ${describeShape(values.shape)}` : "missing";
    throw new InputError(
      `${file}: tensor ${spec.name}: it is ${found}, expected I8 ${
        describeShape(spec.shape)
      }, as its network says`,
    );
  }
  const own = { ...spec, name: scalesName(spec.name), shape: [channels], isNotNegative: true } as const;
  const scales = parseParameter(tensors.get(own.name), own, 0, file);
  const data = dequantise({ values: values.data, scales });
  const fault = faultOfValues(data, spec, 0);
  if (fault === undefined) return data;
  throw new InputError(`${file}: tensor ${spec.name}: times its scale, ${fault}: export it again`);
}

/** The fault of a tensor's numbers, in words; `undefined` where they have none. @param shown The numbers before rounding. */
function faultOfValues(
  data: Float32Array,
  { isSteps, isNotNegative }: TensorSpec,
  steps: number,
  shown: ArrayLike<number> = data,
): string | undefined {
  const isWrong = isSteps
    ? (value: number) => !Number.isInteger(value) || value < 0 || value >= steps
    : (value: number) => !Number.isFinite(value) || (isNotNegative === true && value < 0);
  const wrong = data.findIndex(isWrong);
  if (wrong < 0) return undefined;
  const expected = isSteps
    ? `a whole number of steps, 0 to ${steps - 1}`
    : isNotNegative
    ? "a finite number, 0 or more"
    : "a finite number";
  return `value ${wrong} is ${shown[wrong]}, expected ${expected}`;
}

function unknownName(names: Iterable<string>, known: readonly string[]): string | undefined {
  const set = new Set(known);
  for (const name of names) if (!set.has(name)) return name;
  return undefined;
}
