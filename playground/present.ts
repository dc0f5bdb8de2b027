/** The present network: new, trained here, or loaded from a file. */
import { isForPage } from "../src/classify/picture_side.ts";
import { InputError } from "../src/errors.ts";
import { count } from "../src/text/figures.ts";
import type { Shape } from "../src/network/shape.ts";
import { structureOf } from "../src/network/structure.ts";
import { filledNames } from "../src/network/class_names.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { decodeModel, encodeModel, hashParameters, type Model } from "../src/network/model_file.ts";
import { type PresetName, presetOf } from "../src/training/presets.ts";

/** A model with the page's data about it. */
export interface Present extends Model {
  /** The preset that it was made from; undefined for a loaded one. */
  readonly preset: PresetName | undefined;
  readonly title: string;
  /** Whether replacing it loses nothing. */
  readonly isKept: boolean;
  /** Whether its weights are still as drawn. */
  readonly isNew: boolean;
}

/** Endings of the title of a loaded network, by what was done to it here. */
const FURTHER = ", trained further", NEW = ", with new weights", HERE = ", trained here";

/** Maximum size of a file of a model, or of recordings. */
export const MOST_BYTES = 256 * 2 ** 20;

/** The sizes of a new network, of which its preset takes what it has a use for. */
export interface NewSizes {
  readonly inputs: number;
  /** Of its pictures. */
  readonly shape: Shape;
  readonly hidden: number;
  readonly classes: number;
  /** Time steps. @default {the preset's} */
  readonly steps?: number;
}

/** A preset's network with initial weights. @param classes Names of its first outputs. */
export function newNetwork(
  preset: PresetName,
  { inputs, shape, hidden, classes: outputs, steps }: NewSizes,
  seed: number,
  classes?: readonly string[],
): Present {
  const { network, takes } = presetOf(preset);
  const spec = network({
    classes: outputs,
    ...(takes.includes("inputs") && { inputs }),
    ...(takes.includes("shape") && { shape }),
    ...(takes.includes("hidden") && { hidden }),
    ...(steps !== undefined && takes.includes("steps") && { steps }),
  });
  return {
    spec,
    parameters: initialParameters(spec, seed),
    ...(classes && { classes: filledNames(classes, outputs) }),
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
 * @param title What it is called on the page. @default {name}
 * @throws {InputError} when it is damaged, no model, or takes neither square pictures nor sequences.
 */
export async function loadNetwork(blob: Blob, name: string, title: string = name): Promise<Present> {
  if (blob.size > MOST_BYTES) {
    const found = `${count(blob.size)} bytes, expected at most ${count(MOST_BYTES)}`;
    throw new InputError(`${name}: ${found}: this is no model of Spikelet's`);
  }
  const model = decodeModel(new Uint8Array(await blob.arrayBuffer()), name);
  if (!isForPage(model.spec)) {
    const found = `its network takes ${count(structureOf(model.spec).inputs)} features`;
    throw new InputError(
      `${name}: ${found}, expected square pictures or sequences: load one that was trained on digits or recordings`,
    );
  }
  return { ...model, preset: undefined, title, isKept: true, isNew: false };
}

/** The same network with new weights: what it has learned is forgotten. */
export function renewed(present: Present, seed: number): Present {
  const { model = "notebook" } = present.metadata, { spec, preset } = present;
  return {
    ...present,
    parameters: initialParameters(spec, seed),
    metadata: { model, seed: String(seed) },
    title: preset ? `the ${preset} network, not trained yet` : `${plainTitle(present)}${NEW}`,
    isKept: true,
    isNew: true,
  };
}

/** The network with other constants, without the scores of the old ones. */
export function retuned(present: Present, spec: Present["spec"]): Present {
  return { ...present, spec, metadata: unmeasured(present), isKept: present.isNew };
}

/** The network with trained weights, without the scores of the old ones. */
export function relearned(present: Present, parameters: Present["parameters"]): Present {
  const { preset, isNew, title } = present, ending = isNew || title.endsWith(HERE) ? HERE : FURTHER;
  return {
    ...present,
    parameters,
    metadata: unmeasured(present),
    title: preset ? `the ${preset} network, trained here` : `${plainTitle(present)}${ending}`,
    isNew: false,
    isKept: false,
  };
}

/** A title without what was done here. */
function plainTitle({ title }: Present): string {
  return [FURTHER, NEW, HERE].reduce((plain, ending) => plain.replace(ending, ""), title);
}

function unmeasured(
  { metadata: { accuracy: _a, measuredOn: _m, seconds: _s, ...rest } }: Present,
): Present["metadata"] {
  return rest;
}

/** The network as a model file, the same that `train` writes. */
export async function saveNetwork({ spec, parameters, metadata, classes }: Present): Promise<Blob> {
  const { weightsSha256: _ofOthers, ...own } = metadata;
  // Browsers have no hashes on pages sent by plain http from another machine.
  const hash: Readonly<Record<string, string>> = globalThis.isSecureContext
    ? { weightsSha256: await hashParameters(parameters) }
    : {};
  const bytes = encodeModel({ spec, parameters, metadata: { ...own, ...hash }, ...(classes && { classes }) });
  return new Blob([bytes], { type: "application/octet-stream" });
}
