/** Servers that share a port, a thread each; the operating system gives every connection to one of them. */
import { EngineError } from "../errors.ts";
import { checkAddress } from "./listen.ts";
import { type Server, type ServerSetup, startServer } from "./server.ts";

/** A message to a thread. */
export type ThreadMessage =
  | { readonly kind: "start"; readonly setup: ServerSetup }
  | { readonly kind: "stop" };

/** A thread's message: it listens, it has answered so many requests, or it failed. */
export type ThreadReply =
  | { readonly kind: "listening" }
  | { readonly kind: "stopped"; readonly answered: number }
  | { readonly kind: "failed"; readonly message: string };

/** Threads other than the first may share a port where connections are spread over them: on Linux. */
export const MOST_THREADS = Deno.build.os === "linux" ? 256 : 1;

/**
 * Starts a server on each of some threads, the first of them the caller's.
 *
 * @param setup `connections` are those of all threads together; `isShared` is ignored.
 * @param threads 1 to {@linkcode MOST_THREADS}.
 * @param onFailure Called when a thread has stopped by itself; the others continue.
 * @throws {SpikeletError} when the address cannot be had, or a thread cannot be started.
 */
export async function startThreads(
  setup: ServerSetup,
  threads: number,
  onFailure: (error: EngineError) => void,
): Promise<Server> {
  checkAddress(setup.hostname, setup.port);
  const connections = Math.ceil(setup.connections / threads);
  const first = await startServer({ ...setup, connections, isShared: threads > 1 });
  const shared = { ...setup, connections, port: first.port, isShared: true };
  const names = Array.from({ length: threads - 1 }, (_, i) => `thread ${i + 2} of ${threads}`);
  const others = await Promise.all(names.map((name) => startThread(shared, name, onFailure)));
  return {
    hostname: first.hostname,
    port: first.port,
    async stop() {
      const answered = await Promise.all([first.stop(), ...others.map((stop) => stop())]);
      return answered.reduce((a, b) => a + b);
    },
  };
}

/** Starts one thread. @returns A function that stops it. */
async function startThread(
  setup: ServerSetup,
  name: string,
  onFailure: (error: EngineError) => void,
): Promise<() => Promise<number>> {
  const worker = new Worker(new URL("./server_worker.ts", import.meta.url), { type: "module" });
  const listening = Promise.withResolvers<void>(), stopped = Promise.withResolvers<number>();
  const fail = (reason: string) => {
    const error = new EngineError(`${name} stopped: ${reason}`);
    listening.reject(error);
    stopped.resolve(0);
    onFailure(error);
  };
  worker.onmessage = ({ data }: MessageEvent<ThreadReply>) => {
    switch (data.kind) {
      case "listening":
        return listening.resolve();
      case "stopped":
        return stopped.resolve(data.answered);
      case "failed":
        return fail(data.message);
      default:
        return data satisfies never;
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  worker.postMessage({ kind: "start", setup } satisfies ThreadMessage);
  await listening.promise;
  return async () => {
    worker.postMessage({ kind: "stop" } satisfies ThreadMessage);
    const answered = await stopped.promise;
    worker.terminate();
    return answered;
  };
}
