/**
 * A thread of the WASM engine: a worker behind messages.
 *
 * @module
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { EngineWorker, type WorkerMessage, type WorkerReply } from "./engine_worker.ts";

let engineWorker: EngineWorker | undefined;
self.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
  try {
    if (data.kind === "setup") engineWorker = new EngineWorker(data.setup);
    const reply = engineWorker?.handle(data);
    if (reply) self.postMessage(reply);
  } catch (error) {
    // Told, not thrown: Deno prints what a worker throws, whoever listens for it.
    self.postMessage(
      { failure: error instanceof Error ? error.message : String(error) } satisfies WorkerReply,
    );
  }
};
