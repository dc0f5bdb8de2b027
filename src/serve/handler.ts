/**
 * A model as a fetch handler, for any runtime that has them: workerd, service workers, Deno, Bun.
 *
 * Nothing here assumes Deno, files or workers; the caller passes compiled kernels. Limits hold for each request alone. The runtime
 * bounds their number: a count kept across requests would be wrong, because workerd drops a request at any point once its
 * sender has gone.
 */
import { Classifier } from "../classify/classifier.ts";
import type { KernelModule } from "../engine/wasm/kernels.ts";
import { seedOf } from "../engine/model_options.ts";
import { checkObject } from "../misuse.ts";
import { decodeModel } from "../network/model_file.ts";
import { Answering } from "./answering.ts";
import type { Access } from "./access.ts";
import { createApp, type Hooks, type RouteOptions } from "./app.ts";
import type { Seed } from "./classify_route.ts";

/** Options of a handler. */
export interface HandlerOptions extends Access, Hooks, RouteOptions {
  /** The kernels, compiled. `plain` gives the same answers everywhere. */
  readonly kernels: KernelModule;
  /** Seed of the noise where a request names none. @default {the one that the model was trained with} */
  readonly seed?: Seed;
  /** The most bytes of a body. @default {1,048,576} */
  readonly mostBytes?: number;
  /** How long a body may take to arrive, in milliseconds. @default {10,000} */
  readonly bodyTime?: number;
}

/**
 * Makes the routes of `deno task serve` for a model: `POST /classify`, `GET /health`, `/model`, `/model.safetensors` and `/`.
 *
 * @param model The bytes of a model file.
 * @returns The fetch handler.
 * @throws {InputError} when the file is damaged, or not a model of Spikelet's.
 * @throws {OptionError} when there are no bytes, or no options.
 * @throws {RangeError} when `basePath` is no path.
 *
 * @example
 * ```ts
 * import { createHandler, encodeModel, initialParameters, loadKernels, notebookNetwork } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ hidden: 20, steps: 16 });
 * const model = encodeModel({ spec, parameters: initialParameters(spec, 0), metadata: {} });
 * const handler = createHandler(model, { kernels: await loadKernels("plain") });
 * const response = await handler(
 *   new Request("http://localhost/classify", {
 *     method: "POST",
 *     headers: { "content-type": "application/octet-stream" },
 *     body: new Uint8Array(784),
 *   }),
 * );
 * const { label, name, probabilities, spikes } = await response.json();
 * console.log(name, probabilities[label], spikes);
 * ```
 */
export function createHandler(
  model: Uint8Array | ArrayBuffer,
  options: HandlerOptions,
): (request: Request) => Promise<Response> {
  checkObject("model", model, "the bytes of a model file");
  checkObject("options", options, "an object with kernels");
  const { kernels, seed, ...others } = options;
  const decoded = decodeModel(model instanceof Uint8Array ? model : new Uint8Array(model), "the model");
  const app = createApp({
    model: decoded,
    kernels: kernels.variant,
    answering: new Answering(new Classifier(decoded, { kernels }), { waiting: Infinity, turn: Infinity }),
    seed: seed ?? seedOf(decoded),
    totalBytes: Infinity,
    ...others,
  });
  return async (request) => await app.fetch(request);
}
