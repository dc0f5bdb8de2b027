/** One thread's server, under Deno: the routes, a network of its own, and a stop that loses no request. */
import { Classifier } from "../classify/classifier.ts";
import type { KernelModule } from "../engine/wasm/kernels.ts";
import type { Model } from "../network/model_file.ts";
import { sampleSize } from "../network/spec.ts";
import { printError } from "../text/print.ts";
import { Answering } from "./answering.ts";
import type { Access } from "./access.ts";
import { createApp, type LogEntry } from "./app.ts";
import type { Seed } from "./classify_route.ts";
import { listen } from "./listen.ts";
import type { Site } from "./site.ts";
import { counted } from "../text/figures.ts";

/** Options of a server; they can be sent to a worker. */
export interface ServerSetup extends Access {
  readonly model: Model;
  readonly kernels: KernelModule;
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** Other threads listen at the same port. */
  readonly isShared: boolean;
  /** The most connections at a time. */
  readonly connections: number;
  readonly seed: Seed;
  /** Samples that may wait before more are refused. */
  readonly waiting: number;
  readonly mostBytes: number;
  /** How long a body may take to arrive, and a connection may be silent, in milliseconds. */
  readonly bodyTime: number;
  /** Log every answer on standard error. */
  readonly log: boolean;
  /** The page that learns, where it has been built; `false`: no page. @default {a form} */
  readonly page?: Site | false;
  /** Whether `/model` and the model's file are there. */
  readonly publishesModel: boolean;
}

/** A listening server. */
export interface Server {
  readonly hostname: string;
  readonly port: number;
  /** Accepts no more requests and answers those that have begun. @returns How many it has answered since its start. */
  stop(): Promise<number>;
}

/** Milliseconds that a request may wait for others of the same turn of the event loop. */
const TURN = 50;
/** How long a stopping server waits for pending answers, beyond the time that a body may take. */
const LAST_ANSWERS = 5000;

/** Starts listening. @throws {SpikeletError} when the address cannot be had. */
export async function startServer(setup: ServerSetup): Promise<Server> {
  const { model, kernels, waiting, bodyTime } = setup;
  const classifier = new Classifier(model, { kernels });
  classifier.answer(new Uint8Array(sampleSize(model.spec)), 0); // so that the first request need not wait for V8
  let answered = 0, isStopping = false;
  const pending = new Set<Promise<Response>>();
  const app = createApp({
    ...setup,
    kernels: kernels.variant,
    answering: new Answering(classifier, { waiting, turn: TURN }),
    isStopping: () => isStopping,
    report: (error) => printError(Deno.inspect(error)),
    log: (entry) => {
      answered++;
      if (setup.log) printError(logLine(entry));
    },
  });
  const handler = (request: Request) => {
    const response = Promise.resolve(app.fetch(request));
    pending.add(response);
    const end = () => pending.delete(response);
    response.then(end, end); // not `finally`, whose promise would be rejected unhandled
    return response;
  };
  const { hostname, port, isShared, connections } = setup;
  const listener = await listen({ hostname, port, isShared, connections, silence: bodyTime, handler });
  return {
    hostname: listener.hostname,
    port: listener.port,
    async stop() {
      await listener.drain();
      isStopping = true;
      // Closing would cut bodies that are still arriving.
      await within(Promise.all(pending), bodyTime + LAST_ANSWERS);
      await within(listener.close(), bodyTime + LAST_ANSWERS);
      return answered;
    },
  };
}

/** Waits for a promise, but not longer than some milliseconds. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** `2026-11-25T02:00:00.000Z POST /classify 200, 1 sample, 0.8 ms` */
function logLine({ method, path, status, samples, milliseconds }: LogEntry): string {
  const time = new Date().toISOString(), shown = JSON.stringify(path.slice(0, 200)).slice(1, -1);
  const size = samples === 0 ? "" : `${counted(samples, "sample")}, `;
  return `${time} ${method} ${shown} ${status}, ${size}${milliseconds.toFixed(1)} ms`;
}
