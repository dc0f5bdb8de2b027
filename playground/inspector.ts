/** The worker that shows one sample to a network. */
/// <reference lib="webworker" />
import { Inspector } from "./logic/inspector.ts";
import type { InspectorMessage, InspectorReply } from "./logic/protocol.ts";
import { fetchKernels } from "./fetch_kernels.ts";

declare const self: DedicatedWorkerGlobalScope;

// Messages wait for the kernels.
const inspector = fetchKernels("plain").then((kernels) => new Inspector(kernels));

self.onmessage = async ({ data }: MessageEvent<InspectorMessage>) => {
  let reply: InspectorReply;
  try {
    reply = (await inspector).inspect(data);
  } catch (error) {
    reply = { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
