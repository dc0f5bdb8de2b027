/**
 * A small model and its routes in this process.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { Classifier } from "../../src/classify/classifier.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import {
  affine,
  batchNorm,
  conv2d,
  dropout,
  flatten,
  integrator,
  lif,
  maxPool2d,
  network,
} from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type { Model } from "../../src/network/model_file.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { Answering } from "../../src/serve/answering.ts";
import { type AppOptions, createApp } from "../../src/serve/app.ts";
import { pngFile } from "../data/png_files.ts";
import { drawDigits } from "../engine/drawn_digits.ts";

/** The plain kernels, which give the same bits on every machine. */
export const kernels = await loadKernels("plain");

/** An untrained model of a network. */
export function modelOf(spec: NetworkSpec, metadata: Record<string, string> = {}): Model {
  return { spec, parameters: initialParameters(spec, 0), metadata };
}

/** A small model like the notebook's. */
export const MODEL = modelOf(notebookNetwork({ hidden: 30, steps: 12 }), { seed: "3", accuracy: "0.1" });

/** A convolutional network for pictures of red, green and blue. */
export const COLOUR_MODEL = colourModel();

function colourModel(): Model {
  const spec = network({
    steps: 4,
    input: {
      shape: [3, 9, 9],
      encoder: { kind: "constant", mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.4] },
    },
    nodes: [
      ...[conv2d(6, 3, { bias: false }), maxPool2d(2, { padding: 1 }), batchNorm(), lif({ threshold: 0.5 })],
      ...[
        conv2d(4, 2, { groups: 2 }),
        lif({ threshold: 0.2 }),
        dropout(0.5),
        flatten(),
        affine(5),
        integrator(),
      ],
    ],
  });
  const model = modelOf(spec, { seed: "3", bytes: "pixels" });
  model.parameters.get("batchNorm1.mean")!.fill(0.1);
  model.parameters.get("batchNorm1.variance")!.fill(0.5);
  return { ...model, classes: ["red", "green", "blue", "grey", "none"] };
}

/** The size of its pictures. */
const COLOUR_SIDE = 9;

/** The bytes of a picture for it, by channel, row and column. */
export function colourPicture(i: number): Uint8Array<ArrayBuffer> {
  const size = COLOUR_SIDE ** 2;
  return Uint8Array.from(
    { length: 3 * size },
    (_, at) => (37 * i + 101 * Math.floor(at / size) + (7 + i) * at * (at % 9)) % 256,
  );
}

/** The same as a PNG in colours. */
export function colourFile(i: number): Uint8Array<ArrayBuffer> {
  const planes = colourPicture(i), size = COLOUR_SIDE ** 2;
  const samples = Array.from({ length: 3 * size }, (_, at) => planes[(at % 3) * size + Math.floor(at / 3)]!);
  return pngFile({ width: COLOUR_SIDE, height: COLOUR_SIDE, depth: 8, colour: 2, samples });
}

export const DIGITS = drawDigits(4, 40);

/** A digit's 784 bytes. */
export function digit(i: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(DIGITS.features.subarray(784 * i, 784 * (i + 1)));
}

/** Routes that compute answers on this thread. */
export function appOf(model: Model = MODEL, options: Partial<AppOptions> = {}): Hono {
  const answering = new Answering(new Classifier(model, { kernels }), { waiting: 1000, turn: Infinity });
  return createApp({ model, kernels: "plain", answering, seed: 3, ...options });
}

/** Media types of `/classify`. */
export const PNG = "image/png", BYTES = "application/octet-stream", JSON_TYPE = "application/json";

/** Concatenates bytes. */
export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Posts to `/classify`. */
export async function ask(
  app: Hono,
  body: BodyInit | ReadableStream<Uint8Array> | null,
  type?: string,
  query = "",
): Promise<{ status: number; headers: Headers; value: unknown }> {
  const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
  const response = await app.request(`/classify${query}`, { method: "POST", body, headers });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    value: text === "" ? undefined : JSON.parse(text),
  };
}

/** Asserts that an answer has an error of one line, and nothing else. */
export function assertError(value: unknown, message: RegExp): void {
  assert.deepEqual(Object.keys(value as object), ["error"]);
  const { error } = value as { error: string };
  assert.match(error, message);
  assert.doesNotMatch(error, /\n/);
}
