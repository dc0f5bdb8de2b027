/** The entry of a thread of the WASM engine: passes messages to its `EngineWorker`. */
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
    // Sent, not thrown: Deno prints what a worker throws, even where a listener handles it.
    self.postMessage(
      { failure: error instanceof Error ? error.message : String(error) } satisfies WorkerReply,
    );
  }
};
