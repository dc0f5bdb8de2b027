/**
 * The present network: new, trained here, or loaded from a file.
 *
 * @module
 */
import { pictureSide } from "../src/classify/picture_side.ts";
import { InputError } from "../src/errors.ts";
import { count } from "../src/text/figures.ts";
import { filledNames } from "../src/network/class_names.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { decodeModel, encodeModel, hashParameters, type Model } from "../src/network/model_file.ts";
import { type PresetName, presetOf } from "../src/training/presets.ts";

/** A network, with the page's data about it. */
export interface Present extends Model {
  /** The preset that it was made from; undefined for a loaded one. */
  readonly preset: PresetName | undefined;
  /** Name. */
  readonly title: string;
  /** Whether replacing it loses nothing. */
  readonly isKept: boolean;
  /** Whether its weights are still as drawn. */
  readonly isNew: boolean;
}

/** The largest file that is read. */
const MOST_BYTES = 256 * 2 ** 20;

/** A preset's network with its first weights. @param classes What its first outputs are to be called. */
export function newNetwork(
  preset: PresetName,
  sizes: { readonly inputs: number; readonly hidden: number; readonly classes: number },
  seed: number,
  classes?: readonly string[],
): Present {
  const spec = presetOf(preset).network(sizes);
  return {
    spec,
    parameters: initialParameters(spec, seed),
    ...(classes && { classes: filledNames(classes, sizes.classes) }),
    metadata: { model: preset, seed: String(seed) },
    preset,
    title: `the ${preset} network, not trained yet`,
    isKept: true,
    isNew: true,
  };
}

/**
 * Reads a model file.
 *
 * @throws {InputError} when it is damaged, no model, or takes no pictures.
 */
export async function loadNetwork(blob: Blob, name: string): Promise<Present> {
  if (blob.size > MOST_BYTES) {
    throw new InputError(
      `${name}: ${count(blob.size)} bytes, expected at most ${
        count(MOST_BYTES)
      }: this is no model of Spikelet's`,
    );
  }
  const model = decodeModel(new Uint8Array(await blob.arrayBuffer()), name);
  if (pictureSide(model.spec) === undefined) {
    throw new InputError(
      `${name}: its network takes ${model.spec.inputs} features a step, expected square pictures: load one that was trained on digits`,
    );
  }
  return { ...model, preset: undefined, title: name, isKept: true, isNew: false };
}

/** The network with other constants: what was measured with the old ones is no longer true of it. */
export function retuned(present: Present, spec: Present["spec"]): Present {
  return { ...present, spec, metadata: unmeasured(present), isKept: present.isNew };
}

/** The network with other weights, as it learns: they have not been measured either. */
export function relearned(present: Present, parameters: Present["parameters"]): Present {
  const { preset, title } = present;
  return {
    ...present,
    parameters,
    metadata: unmeasured(present),
    title: preset
      ? `the ${preset} network, trained here`
      : `${title.replace(/, trained on$/, "")}, trained on`,
    isNew: false,
    isKept: false,
  };
}

function unmeasured({ metadata: { accuracy: _a, measuredOn: _m, ...rest } }: Present): Present["metadata"] {
  return rest;
}

/** The network as a model file, the same that `train` writes. */
export async function saveNetwork({ spec, parameters, metadata, classes }: Present): Promise<Blob> {
  const { weightsSha256: _ofOthers, ...own } = metadata;
  // Pages that were not sent safely (plain http from another machine) have no hashes.
  const hash: Readonly<Record<string, string>> = globalThis.isSecureContext
    ? { weightsSha256: await hashParameters(parameters) }
    : {};
  const bytes = encodeModel({
    spec,
    parameters,
    metadata: { ...own, ...hash },
    ...(classes && { classes }),
  });
  return new Blob([bytes], { type: "application/octet-stream" });
}
