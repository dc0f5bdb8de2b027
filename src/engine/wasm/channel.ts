/** A channel to a worker, which handles messages in order, in a thread of its own or in the caller's. */
import { EngineError } from "../../errors.ts";
import { EngineWorker, type WorkerMessage, type WorkerReply, type WorkerSetup } from "./engine_worker.ts";

/** Sends messages to a worker. */
export interface Channel {
  post(message: WorkerMessage): void;
  close(): void;
}

/** Callbacks for a worker's replies and its failure. */
export interface ChannelListener {
  readonly onReply: (reply: WorkerReply) => void;
  readonly onFailure: (error: EngineError) => void;
}

/** Starts a worker in a thread of its own. */
export function openWorker(setup: WorkerSetup, listener: ChannelListener): Channel {
  if (typeof Worker === "undefined") {
    throw new EngineError("this runtime has no workers: make the engine with threads: 0");
  }
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const name = `worker ${setup.worker + 1} of ${setup.workers}`;
  const stopped = (reason: string) => listener.onFailure(new EngineError(`${name} stopped: ${reason}`));
  worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
    if (data.failure === undefined) listener.onReply(data);
    else stopped(data.failure);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    stopped(event.message);
  };
  worker.onmessageerror = () => stopped("its message could not be read");
  worker.postMessage({ kind: "setup", setup });
  return { post: (message) => worker.postMessage(message), close: () => worker.terminate() };
}

/** Makes a worker in the caller's own thread. It handles messages one after the other, as a thread of its own does. */
export function openLocal(setup: WorkerSetup, listener: ChannelListener): Channel {
  const worker = wrapErrors(() => new EngineWorker(setup));
  let closed = false;
  let last = Promise.resolve();
  return {
    post(message) {
      last = last.then(() => {
        if (closed) return;
        try {
          const reply = wrapErrors(() => worker.handle(message));
          if (reply) listener.onReply(reply);
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
          listener.onFailure(error);
        }
      });
    },
    close() {
      closed = true;
    },
  };
}

/** Turns every error inside a worker into the engine's failure, with its cause. */
function wrapErrors<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new EngineError(`the engine stopped: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
