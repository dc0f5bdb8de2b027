/**
 * A thread of the WASM engine: a lane behind messages.
 *
 * @module
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { Lane, type LaneMessage } from "./lane.ts";

let lane: Lane | undefined;
self.onmessage = ({ data }: MessageEvent<LaneMessage>) => {
  if (data.kind === "setup") lane = new Lane(data.setup);
  const reply = lane?.handle(data);
  if (reply) self.postMessage(reply);
};
