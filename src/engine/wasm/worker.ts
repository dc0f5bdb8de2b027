/**
 * A thread of the WASM engine: a lane behind messages.
 *
 * @module
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { Lane, type LaneMessage, type LaneReply } from "./lane.ts";

let lane: Lane | undefined;
self.onmessage = ({ data }: MessageEvent<LaneMessage>) => {
  try {
    if (data.kind === "setup") lane = new Lane(data.setup);
    const reply = lane?.handle(data);
    if (reply) self.postMessage(reply);
  } catch (error) {
    // Told, not thrown: Deno prints what a worker throws, whoever listens for it.
    self.postMessage({ failure: error instanceof Error ? error.message : String(error) } satisfies LaneReply);
  }
};
