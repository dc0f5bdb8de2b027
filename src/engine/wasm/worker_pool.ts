/**
 * All workers of an engine: messages go out to them in order, and a call is answered when every worker has answered it.
 *
 * @module
 */
import type { EngineError } from "../../errors.ts";
import { type Channel, openLocal, openWorker } from "./channel.ts";
import type { WorkerMessage, WorkerReply, WorkerSetup } from "./engine_worker.ts";

/** A call that has been handed out. */
interface Pending {
  /** How many workers have yet to answer it. */
  workers: number;
  readonly finish: (reply: WorkerReply) => void;
  readonly fail: (error: EngineError) => void;
}

/** One worker or more. */
export class WorkerPool {
  readonly #channels: readonly Channel[];
  /** For each worker the calls that it has not answered yet, in order. */
  readonly #waiting: readonly Pending[][];

  /**
   * Makes them; those in threads of their own load while the caller goes on.
   *
   * @param threads How many; 0: one worker in the caller's own thread.
   * @param failed Is told when a worker has stopped. The others are to be closed then.
   */
  constructor(
    threads: number,
    setup: Omit<WorkerSetup, "worker" | "workers">,
    failed: (error: EngineError) => void,
  ) {
    const workers = Math.max(1, threads);
    const open = threads > 0 ? openWorker : openLocal;
    this.#waiting = Array.from({ length: workers }, () => []);
    this.#channels = this.#waiting.map((_, worker) =>
      open({ ...setup, worker, workers }, { answer: (reply) => this.#answer(worker, reply), fail: failed })
    );
  }

  /** Tells every worker what needs no answer. */
  send(message: WorkerMessage): void {
    for (const channel of this.#channels) channel.post(message);
  }

  /**
   * Hands a call out to the first workers.
   *
   * @param workers How many. @default {all}
   * @returns The answer of the one that was last.
   */
  handOut(message: WorkerMessage, workers: number = this.#channels.length): Promise<WorkerReply> {
    return new Promise((finish, fail) => {
      const call: Pending = { workers, finish, fail };
      for (let worker = 0; worker < workers; worker++) {
        this.#waiting[worker]!.push(call);
        this.#channels[worker]!.post(message);
      }
    });
  }

  /** Stops all workers; calls that are not answered yet are rejected with the reason. */
  close(reason: EngineError): void {
    for (const channel of this.#channels) channel.close();
    for (const calls of this.#waiting) for (const { fail } of calls.splice(0)) fail(reason);
  }

  #answer(worker: number, reply: WorkerReply): void {
    const call = this.#waiting[worker]!.shift();
    if (call && --call.workers === 0) call.finish(reply);
  }
}
