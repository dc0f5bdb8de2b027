/** All workers of an engine: they get messages in order, and a call resolves when every worker has answered it. */
import type { EngineError } from "../../errors.ts";
import { type Channel, openLocal, openWorker } from "./channel.ts";
import type { WorkerMessage, WorkerReply, WorkerSetup } from "./engine_worker.ts";

interface PendingCall {
  /** Workers that have not answered yet. */
  workers: number;
  readonly resolve: (reply: WorkerReply) => void;
  readonly reject: (error: EngineError) => void;
}

/** One worker or more. */
export class WorkerPool {
  readonly #channels: readonly Channel[];
  /** Each worker's unanswered calls, in order. */
  readonly #pending: readonly PendingCall[][];

  /**
   * Starts the workers; those in threads of their own load in the background.
   *
   * @param threads How many; 0: one worker in the caller's own thread.
   * @param onFailure Called when a worker has stopped; close the pool then.
   */
  constructor(
    threads: number,
    setup: Omit<WorkerSetup, "worker" | "workers">,
    onFailure: (error: EngineError) => void,
  ) {
    const workers = Math.max(1, threads);
    const open = threads > 0 ? openWorker : openLocal;
    this.#pending = Array.from({ length: workers }, () => []);
    this.#channels = this.#pending.map((_, worker) =>
      open({ ...setup, worker, workers }, { onReply: (reply) => this.#onReply(worker, reply), onFailure })
    );
  }

  /** Sends every worker a message that needs no answer. */
  send(message: WorkerMessage): void {
    for (const channel of this.#channels) channel.post(message);
  }

  /** Sends a call to the first `workers` workers; resolves with the last one's answer. */
  call(message: WorkerMessage, workers: number = this.#channels.length): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      const call: PendingCall = { workers, resolve, reject };
      for (let worker = 0; worker < workers; worker++) {
        this.#pending[worker]!.push(call);
        this.#channels[worker]!.post(message);
      }
    });
  }

  /** Stops all workers and rejects the pending calls with the reason. */
  close(reason: EngineError): void {
    for (const channel of this.#channels) channel.close();
    for (const calls of this.#pending) for (const { reject } of calls.splice(0)) reject(reason);
  }

  #onReply(worker: number, reply: WorkerReply): void {
    const call = this.#pending[worker]!.shift();
    if (call && --call.workers === 0) call.resolve(reply);
  }
}
