/**
 * A checkpoint as one safetensors file: the full training state, from which a resumed run has the same bits.
 *
 * The file says `format: spikelet-checkpoint/2`. Its tensors are the parameters (`fc1.weight`, …), the optimizer's moments
 * (`velocity/fc1.weight`, …), the parameters' moving average where one is kept (`average/fc1.weight`, …), the spikes of each unit in the
 * epoch so far (`unitSpikes/1`, …) and, last of all, `sha256`: 32 bytes that are the SHA-256 of all bytes before them. Any changed bit in
 * the file is detected.
 * Files of `spikelet-checkpoint/1`, which describe layers, are read, too.
 */
import * as v from "valibot";
import type { Parameters } from "../engine/engine.ts";
import { InputError, OptionError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { parseJson } from "../text/json.ts";
import {
  decodeModel,
  decodeNames,
  encodeNames,
  hashParameters,
  type Model,
  parameterShapes,
  tensorNames,
} from "../network/model_file.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../network/safetensors.ts";
import { type NetworkSpec, parseNetworkSpec } from "../network/spec.ts";
import { trainedOf, type TrainingCheckpoint, type TrainingProgress } from "./training_state.ts";

/** The contents of a checkpoint file. */
export interface Checkpoint extends TrainingCheckpoint {
  /** The network in training. */
  readonly spec: NetworkSpec;
  /** Class names, one for each output. @default {none} */
  readonly classes?: readonly string[];
  /** Further metadata, such as options and versions; the format's own keys are excluded. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The former format, of layers, and the present one, of graphs. */
const LAYERS = "spikelet-checkpoint/1", GRAPH = "spikelet-checkpoint/2";
const RESERVED = ["format", "network", "classes", "progress", "steps", "weightsSha256"] as const;
const DIGEST = "sha256";
const DIGEST_BYTES = 32;
const DAMAGED = "expected what encodeCheckpoint writes";
const UNIT_SPIKES = "unitSpikes", AVERAGE = "average";

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const number = v.number();
const score = v.strictObject({ loss: number, accuracy: number, correct: whole, total: whole });
const progressSchema = v.strictObject({
  epoch: v.pipe(whole, v.minValue(1)),
  batch: whole,
  seconds: number,
  sums: v.strictObject({ loss: number, correct: whole, total: whole, spikes: whole }),
  last: v.nullable(v.strictObject({
    epoch: whole,
    score,
    validation: v.nullable(score),
    learningRate: number,
    firingRate: number,
    units: whole,
    silent: whole,
    saturated: whole,
    seconds: number,
    best: v.boolean(),
  })),
  best: v.nullable(v.strictObject({ epoch: whole, score })),
});

/**
 * Encodes a checkpoint as the bytes of a file, which {@linkcode decodeCheckpoint} reads.
 *
 * @throws {OptionError} when the metadata have one of the format's own keys, or the number of class names is not that of outputs.
 *
 * @example
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint, notebookNetwork, initialParameters, BEGINNING } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork();
 * const state = { parameters: initialParameters(spec, 0), moments: new Map(), updates: 0 };
 * const bytes = await encodeCheckpoint({ spec, state, progress: BEGINNING, metadata: {} });
 * console.log((await decodeCheckpoint(bytes, "an example")).progress.epoch); // 1
 * ```
 */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const { spec, state, progress, metadata, classes } = checkpoint;
  const taken = RESERVED.find((key) => Object.hasOwn(metadata, key));
  if (taken !== undefined) {
    throw new OptionError(`metadata.${taken}: this key is the format's own; choose another`);
  }
  const { unitSpikes, ...sums } = progress.sums;
  const shapes = new Map(parameterShapes(spec));
  const floats = (data: Float32Array, name: string): Tensor => ({
    dtype: "F32",
    shape: shapes.get(name) ?? [data.length],
    data,
  });
  const groups = [...state.moments, ...state.average ? [[AVERAGE, state.average] as const] : []];
  const tensors: [string, Tensor][] = [
    ...Array.from(state.parameters, ([name, data]): [string, Tensor] => [name, floats(data, name)]),
    ...groups.flatMap(([group, parameters]) =>
      Array.from(parameters, ([name, data]): [string, Tensor] => [`${group}/${name}`, floats(data, name)])
    ),
    ...unitSpikes.map((data, layer): [string, Tensor] => [
      `${UNIT_SPIKES}/${layer + 1}`,
      { dtype: "F64", shape: [data.length], data },
    ]),
    [DIGEST, { dtype: "U8", shape: [DIGEST_BYTES], data: new Uint8Array(DIGEST_BYTES) }],
  ];
  const bytes = serializeSafetensors(tensors, {
    ...metadata,
    format: GRAPH,
    network: JSON.stringify(spec),
    ...encodeNames(classes, spec),
    progress: JSON.stringify({ ...progress, sums }),
    steps: String(state.updates),
    weightsSha256: await hashParameters(state.parameters),
  });
  bytes.set(await digest(bytes.subarray(0, -DIGEST_BYTES)), bytes.length - DIGEST_BYTES);
  return bytes;
}

/**
 * Decodes a checkpoint from the bytes of a file.
 *
 * @param bytes The whole file.
 * @param name The file's name in messages.
 * @throws {InputError} when a bit differs from what was written, or the file is no checkpoint of this version's format.
 */
export async function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Checkpoint> {
  const end = Math.max(0, bytes.length - DIGEST_BYTES);
  const [expected, found] = [bytes.subarray(end), await digest(bytes.subarray(0, end))];
  if (found.some((byte, i) => byte !== expected[i])) {
    throw new InputError(
      `${name}: its checksum is not that of its ${count(bytes.length)} bytes: ` +
        "the file is damaged, or no checkpoint",
    );
  }
  const {
    metadata: { format, network, classes: names, progress, steps, weightsSha256: _, ...metadata },
    tensors,
  } = parseSafetensors(bytes, name);
  if (format !== GRAPH && format !== LAYERS) {
    throw new InputError(
      `${name}: its format is ${
        JSON.stringify(format)
      }, expected ${GRAPH} or ${LAYERS}: another version of Spikelet wrote it`,
    );
  }
  const spec = parseNetworkSpec(
    parseJson(network ?? "", `${name}: metadata.network`, DAMAGED),
    `${name}: network`,
  );
  const parsed = v.safeParse(
    progressSchema,
    parseJson(progress ?? "", `${name}: metadata.progress`, DAMAGED),
    { abortEarly: true },
  );
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new InputError(`${name}: progress: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  const groups = groupTensors(tensors), nameInFile = tensorNames(format === LAYERS);
  const classes = decodeNames(names, name, spec);
  const unitSpikes = [...groups.get(UNIT_SPIKES)?.values() ?? []].map((tensor) => {
    if (tensor.dtype !== "F64") {
      throw new InputError(`${name}: ${UNIT_SPIKES}: it is ${tensor.dtype}, expected F64`);
    }
    return tensor.data;
  });
  groups.delete(UNIT_SPIKES);
  const parametersOf = (group: ReadonlyMap<string, Tensor> | undefined, prefix: string): Parameters =>
    new Map(
      parameterShapes(spec).map(([key, shape]) => {
        const tensor = group?.get(nameInFile(key));
        if (tensor?.dtype !== "F32" || tensor.shape.join() !== shape.join()) {
          throw new InputError(
            `${name}: tensor ${prefix}${nameInFile(key)}: expected F32 [${shape.join(", ")}]`,
          );
        }
        return [key, tensor.data];
      }),
    );
  const parameters = parametersOf(groups.get(""), "");
  groups.delete("");
  const average = groups.has(AVERAGE) && parametersOf(groups.get(AVERAGE), `${AVERAGE}/`);
  groups.delete(AVERAGE);
  const result: TrainingProgress = {
    ...parsed.output,
    sums: { ...parsed.output.sums, unitSpikes },
  };
  return {
    spec,
    state: {
      parameters,
      moments: new Map(Array.from(groups, ([moment, group]) => [moment, parametersOf(group, `${moment}/`)])),
      ...(average && { average }),
      updates: Number(steps),
    },
    progress: result,
    metadata,
    ...(classes && { classes }),
  };
}

/**
 * Decodes a model from the bytes of a model file or of a checkpoint, whose parameters are a model: their average, where one is kept.
 *
 * @param bytes The whole file.
 * @param name The file's name in messages.
 * @throws {InputError} when the file is neither.
 */
export async function decodeTrained(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Model> {
  const { format } = parseSafetensors(bytes, name).metadata;
  if (format !== GRAPH && format !== LAYERS) return decodeModel(bytes, name);
  const { spec, state, metadata, classes } = await decodeCheckpoint(bytes, name);
  return { spec, parameters: trainedOf(state), metadata, ...(classes && { classes }) };
}

/** Groups tensors by the part of their names before the slash; the group is "" without a slash. */
function groupTensors(tensors: ReadonlyMap<string, Tensor>): Map<string, Map<string, Tensor>> {
  const groups = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of tensors) {
    if (name === DIGEST) continue;
    const slash = name.indexOf("/");
    const group = name.slice(0, Math.max(0, slash));
    groups.set(group, (groups.get(group) ?? new Map()).set(name.slice(slash + 1), tensor));
  }
  return groups;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
