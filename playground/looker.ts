/**
 * The worker that shows one picture to a network.
 *
 * @module
 */
/// <reference lib="webworker" />
import { Looker } from "./logic/looking.ts";
import type { LookerMessage, LookerReply } from "./logic/protocol.ts";
import { fetchKernels } from "./fetch_kernels.ts";

declare const self: DedicatedWorkerGlobalScope;

// Messages that come before the kernels wait in the queue of this promise.
const looker = fetchKernels("plain").then((kernels) => new Looker(kernels));

self.onmessage = async ({ data }: MessageEvent<LookerMessage>) => {
  let reply: LookerReply;
  try {
    reply = (await looker).look(data);
  } catch (error) {
    reply = { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
