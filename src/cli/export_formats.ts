/** The forms in which `export` writes a trained network, an entry each. */
import type { OutputKind } from "../files/output_file.ts";
import { readWhole } from "../files/file_access.ts";
import { decodeModel, encodeModel, hashParameters, type Model } from "../network/model_file.ts";
import { MODEL_OUTPUT } from "../runs/model_output.ts";
import { count } from "../text/figures.ts";

/** What has been written. */
export interface Exported {
  readonly bytes: Uint8Array;
  /** What a user has to know of the file, such as its inputs; a line each. */
  readonly notes: readonly string[];
}

/** A form of a trained network. */
export interface ExportFormat {
  /** In a few words, for the help. */
  readonly summary: string;
  /** What its files are: their suffix, and how one that Spikelet wrote is recognized. */
  readonly output: OutputKind;
  /** The end of a file's default name. */
  readonly ending: string;
  /** The options of the command, by their attributes, that mean something for it. */
  readonly options: readonly string[];
  /** @throws {InputError} where the format cannot say what the network is; the message names the node. */
  write(model: Model, options: ExportOptions): Promise<Exported>;
}

/** The options of the command that some formats have. */
export interface ExportOptions {
  readonly to: string;
  readonly singleStep?: true;
  readonly sequence?: true;
  readonly recordStates?: true;
  readonly dt?: number;
  readonly approximate?: true;
}

/** An ONNX file that Spikelet wrote, which says so itself. */
const ONNX_OUTPUT: OutputKind = {
  what: "an ONNX file",
  suffix: ".onnx",
  async isOurs(path) {
    const { PRODUCER, producerOf } = await import("../onnx/proto.ts");
    return producerOf(await readWhole(path)) === PRODUCER;
  },
};

/** A NIR file that Spikelet wrote, which says so in its metadata. */
const NIR_OUTPUT: OutputKind = {
  what: "a NIR file",
  suffix: ".nir",
  async isOurs(path) {
    const { isOwnNir } = await import("../nir/own_notes.ts");
    return await isOwnNir(await readWhole(path), path);
  },
};

const int8: ExportFormat = {
  summary: "a model file with weights of 8 bits, a quarter of the size",
  output: MODEL_OUTPUT,
  ending: ".int8.safetensors",
  options: [],
  async write({ metadata: { accuracy: _, ...metadata }, ...model }) {
    const whole = encodeModel({ ...model, metadata }).length;
    const encoded = (own: Record<string, string>) =>
      encodeModel({ ...model, metadata: own }, { weights: "int8" });
    const { parameters } = decodeModel(encoded(metadata), "the model");
    // The accuracy was that of other weights, and so was the hash.
    const bytes = encoded({ ...metadata, weights: "int8", weightsSha256: await hashParameters(parameters) });
    const share = Math.round(100 * bytes.length / whole);
    return { bytes, notes: [`${share} % of the ${count(whole)} bytes in float32`] };
  },
};

const onnx: ExportFormat = {
  summary: "a graph for ONNX Runtime and others",
  output: ONNX_OUTPUT,
  ending: ".onnx",
  options: ["singleStep", "sequence", "recordStates"],
  async write(model, { singleStep = false, recordStates = false }) {
    // It takes a library that no other command needs.
    const { encodeOnnx } = await import("../onnx/onnx_model.ts");
    return encodeOnnx(model, { form: singleStep ? "single-step" : "sequence", recordStates });
  },
};

const nir: ExportFormat = {
  summary: "a NIR file for snnTorch, Norse, SpikingJelly, Sinabs and others",
  output: NIR_OUTPUT,
  ending: ".nir",
  options: ["dt", "approximate"],
  async write(model, { dt, approximate = false }) {
    const { encodeNir } = await import("../nir/write_nir.ts");
    return await encodeNir(model, { approximate, ...(dt !== undefined && { dt }) });
  },
};

/** Every format, by the name that `--to` takes. */
export const EXPORT_FORMATS = {
  "safetensors-int8": int8,
  onnx,
  nir,
} as const satisfies Readonly<Record<string, ExportFormat>>;

/** The name of a format. */
export type ExportName = keyof typeof EXPORT_FORMATS;

/** Their names. */
export const EXPORT_NAMES = Object.keys(EXPORT_FORMATS) as ExportName[];
