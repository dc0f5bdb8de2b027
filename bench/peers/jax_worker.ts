/**
 * A thread of its own for jax-js, which keeps its caller's thread busy; ended, it gives all its memory back.
 *
 * @module
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { type JaxSizes, type PlainBatch, type PlainWeights, SeedJax } from "./seed_jax.ts";

/** What the worker is asked for; it answers each in order with a {@linkcode JaxReply}. */
export type JaxRequest =
  | {
    readonly kind: "open";
    readonly sizes: JaxSizes;
    readonly weights: PlainWeights;
    readonly draws: "drawn" | "given";
  }
  /** Trains with batches, one after the other. `noise` as `SeedJax.train` takes it. */
  | {
    readonly kind: "train";
    readonly batches: readonly PlainBatch[];
    readonly noise?: Float32Array<ArrayBuffer>;
  }
  | { readonly kind: "weights" };

/** Its answer. */
export interface JaxReply {
  /** Of each batch. */
  readonly seconds?: readonly number[];
  readonly losses?: readonly number[];
  readonly weights?: PlainWeights;
}

let network: SeedJax | undefined;

async function handle(request: JaxRequest): Promise<JaxReply> {
  switch (request.kind) {
    case "open":
      network = await SeedJax.open(request.sizes, request.weights, request.draws);
      return {};
    case "train": {
      const seconds: number[] = [], losses: number[] = [];
      for (const batch of request.batches) {
        const started = performance.now();
        losses.push(await opened().train(batch, request.noise));
        seconds.push((performance.now() - started) / 1000);
      }
      return { seconds, losses };
    }
    case "weights":
      return { weights: await opened().weights() };
    default:
      return request satisfies never;
  }
}

function opened(): SeedJax {
  if (!network) throw new Error("asked to train before it was opened");
  return network;
}

self.onmessage = async ({ data }: MessageEvent<JaxRequest>) => self.postMessage(await handle(data));
