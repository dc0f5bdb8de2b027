/**
 * A lane as the engine sees it: something that takes messages in order and answers some of them, in a worker or here.
 *
 * @module
 */
import { EngineError } from "../../errors.ts";
import { Lane, type LaneMessage, type LaneReply, type LaneSetup } from "./lane.ts";

/** Where messages for a lane go. */
export interface Channel {
  post(message: LaneMessage): void;
  close(): void;
}

/** Who hears a lane. */
export interface ChannelListener {
  answer(reply: LaneReply): void;
  fail(error: EngineError): void;
}

/** Starts a worker and makes its lane there. */
export function openWorker(setup: LaneSetup, listener: ChannelListener): Channel {
  if (typeof Worker === "undefined") {
    throw new EngineError("this runtime has no workers: make the engine with threads: 0");
  }
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const name = `worker ${setup.lane + 1} of ${setup.lanes}`;
  const stopped = (reason: string) => listener.fail(new EngineError(`${name} stopped: ${reason}`));
  worker.onmessage = ({ data }: MessageEvent<LaneReply>) => {
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
 * Makes a lane in the caller's own thread. Each message is carried out when the one before has been answered, so that the
 * order of answers is that of a worker's.
 */
export function openLocal(setup: LaneSetup, listener: ChannelListener): Channel {
  const lane = carryOut(() => new Lane(setup));
  let closed = false;
  let last = Promise.resolve();
  return {
    post(message) {
      last = last.then(() => {
        if (closed) return;
        try {
          const reply = carryOut(() => lane.handle(message));
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

/** What goes wrong inside a lane is the engine's failure, whatever it was; its cause is kept. */
function carryOut<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new EngineError(`the engine stopped: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
