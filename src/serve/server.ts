/**
 * One thread's server, under Deno: the routes, a network of its own, and a way to stop that loses nothing.
 *
 * @module
 */
import { Classifier } from "../classify/classifier.ts";
import type { KernelModule } from "../engine/wasm/kernels.ts";
import { SpikeletError } from "../errors.ts";
import type { Model } from "../network/model_file.ts";
import { sampleSize } from "../network/spec.ts";
import { Answering } from "./answering.ts";
import { createApp, type LogEntry, type Seed } from "./app.ts";
import type { Site } from "./site.ts";

/** Everything that a server needs to know; it can be handed to a worker. */
export interface ServerSetup {
  readonly model: Model;
  readonly kernels: KernelModule;
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Other threads listen at the same port. */
  readonly isShared: boolean;
  readonly seed: Seed;
  /** Samples that may wait before more are refused. */
  readonly waiting: number;
  readonly mostBytes: number;
  /** How long a body may take to arrive, in milliseconds. */
  readonly bodyTime: number;
  /** Tell of every answer on standard error. */
  readonly log: boolean;
  /** The page that learns, where it has been built. */
  readonly site?: Site;
}

/** A server that listens. */
export interface Server {
  readonly hostname: string;
  readonly port: number;
  /** Takes no more requests and answers those that it has. @returns How many it has answered since it began. */
  stop(): Promise<number>;
}

/** What a request may wait for others of the same turn of the event loop, in milliseconds. */
const TURN = 50;
/** What a stopping server waits for answers that are under way, beyond the time that a body may take. */
const LAST_ANSWERS = 5000;

/**
 * Starts listening.
 *
 * @throws {SpikeletError} when the address cannot be had.
 */
export function startServer(setup: ServerSetup): Server {
  const { model, kernels, hostname, port, isShared, seed, waiting, mostBytes, bodyTime, log, site } = setup;
  const classifier = new Classifier(model, { kernels });
  classifier.answer(new Uint8Array(sampleSize(model.spec)), 0); // so that the first request finds it awake
  let answered = 0, isStopping = false;
  const underWay = new Set<Promise<Response>>();
  const app = createApp({
    model,
    kernels: kernels.variant,
    answering: new Answering(classifier, { waiting, turn: TURN }),
    seed,
    mostBytes,
    bodyTime,
    ...(site && { page: site }),
    isStopping: () => isStopping,
    log: (entry) => {
      answered++;
      if (log) console.error(logLine(entry));
    },
  });
  const server = listen({ hostname, port, reusePort: isShared }, (request) => {
    const response = Promise.resolve(app.fetch(request));
    underWay.add(response);
    response.finally(() => underWay.delete(response));
    return response;
  });
  return {
    hostname: server.addr.hostname,
    port: server.addr.port,
    async stop() {
      isStopping = true;
      // Shutting down would cut the bodies that are still to come.
      await within(Promise.all(underWay), bodyTime + LAST_ANSWERS);
      await within(server.shutdown(), LAST_ANSWERS);
      return answered;
    },
  };
}

/** Makes sure that a port is free: with several threads, a second server would share it with the first unnoticed. */
export function checkPort(hostname: string, port: number): void {
  if (port === 0) return;
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    throw listenError(error, hostname, port);
  }
}

function listen(
  options: Deno.ServeTcpOptions & { hostname: string; port: number },
  handler: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ ...options, onListen: () => {} }, handler);
  } catch (error) {
    throw listenError(error, options.hostname, options.port);
  }
}

/** What the operating system and Deno's permissions say of an address, in one line. */
function listenError(error: unknown, hostname: string, port: number): unknown {
  const address = `${hostname}:${port}`;
  if (error instanceof Deno.errors.AddrInUse) {
    return new SpikeletError(`${address}: this port is taken: choose another --port, or 0 for a free one`);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new SpikeletError(`${address}: Deno may not listen there; run again with --allow-net=${address}`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new SpikeletError(`${address}: this user may not listen at this port: choose one above 1023`);
  }
  // A name that stands for no address is a plain Error.
  if (error instanceof Error && !(error instanceof TypeError || error instanceof RangeError)) {
    return new SpikeletError(`${address}: cannot listen there (${error.message}): choose another --host`);
  }
  return error;
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
  const asked = samples === 0 ? "" : `${samples.toLocaleString("en")} sample${samples === 1 ? "" : "s"}, `;
  return `${time} ${method} ${shown} ${status}, ${asked}${milliseconds.toFixed(1)} ms`;
}
