/** A worker thread that runs a server. */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { type Server, startServer } from "./server.ts";
import type { ThreadMessage, ThreadReply } from "./threads.ts";

let server: Server | undefined;
self.onmessage = async ({ data }: MessageEvent<ThreadMessage>) => {
  const reply = (message: ThreadReply) => self.postMessage(message);
  try {
    switch (data.kind) {
      case "start":
        server = await startServer(data.setup);
        reply({ kind: "listening" });
        return;
      case "stop":
        reply({ kind: "stopped", answered: await server?.stop() ?? 0 });
        return;
      default:
        data satisfies never;
    }
  } catch (error) {
    // Sent, not thrown: Deno prints a worker's uncaught error even where a listener handles it.
    reply({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};
