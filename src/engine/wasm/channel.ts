/**
 * A worker as the engine sees it: something that takes messages in order and answers some of them, in a thread of its own or in the caller's.
 *
 * @module
 */
import { EngineError } from "../../errors.ts";
import { EngineWorker, type WorkerMessage, type WorkerReply, type WorkerSetup } from "./engine_worker.ts";

/** Where messages for a worker go. */
export interface Channel {
  post(message: WorkerMessage): void;
  close(): void;
}

/** Who hears a worker. */
export interface ChannelListener {
  answer(reply: WorkerReply): void;
  fail(error: EngineError): void;
}

/** Starts a thread, and a worker in it. */
export function openWorker(setup: WorkerSetup, listener: ChannelListener): Channel {
  if (typeof Worker === "undefined") {
    throw new EngineError("this runtime has no workers: make the engine with threads: 0");
  }
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const name = `worker ${setup.worker + 1} of ${setup.workers}`;
  const stopped = (reason: string) => listener.fail(new EngineError(`${name} stopped: ${reason}`));
  worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
    if (data.failure === undefined) listener.answer(data);
    else stopped(data.failure);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    stopped(event.message);
  };
  worker.onmessageerror = () => stopped("it sent what could not be read");
  worker.postMessage({ kind: "setup", setup });
  return { post: (message) => worker.postMessage(message), close: () => worker.terminate() };
}

/**
 * Makes a worker in the caller's own thread. Each message is carried out when the one before has been answered, so that the
 * order of answers is that of a worker's.
 */
export function openLocal(setup: WorkerSetup, listener: ChannelListener): Channel {
  const worker = carryOut(() => new EngineWorker(setup));
  let closed = false;
  let last = Promise.resolve();
  return {
    post(message) {
      last = last.then(() => {
        if (closed) return;
        try {
          const reply = carryOut(() => worker.handle(message));
          if (reply) listener.answer(reply);
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
          listener.fail(error);
        }
      });
    },
    close() {
      closed = true;
    },
  };
}

/** What goes wrong inside a worker is the engine's failure, whatever it was; its cause is kept. */
function carryOut<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new EngineError(`the engine stopped: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
