/**
 * All lanes of an engine: messages go out to them in order, and a call is answered when every lane has answered it.
 *
 * @module
 */
import type { EngineError } from "../../errors.ts";
import { type Channel, openLocal, openWorker } from "./channel.ts";
import type { LaneMessage, LaneReply, LaneSetup } from "./lane.ts";

/** A call that has been handed out. */
interface Pending {
  /** How many lanes have yet to answer it. */
  lanes: number;
  readonly finish: (reply: LaneReply) => void;
  readonly fail: (error: EngineError) => void;
}

/** One lane or more. */
export class Lanes {
  readonly #channels: readonly Channel[];
  /** For each lane the calls that it has not answered yet, in order. */
  readonly #waiting: readonly Pending[][];

  /**
   * Makes them; those in workers load while the caller goes on.
   *
   * @param threads Workers; 0: one lane in the caller's own thread.
   * @param failed Is told when a lane has stopped. The others are to be closed then.
   */
  constructor(
    threads: number,
    setup: Omit<LaneSetup, "lane" | "lanes">,
    failed: (error: EngineError) => void,
  ) {
    const lanes = Math.max(1, threads);
    const open = threads > 0 ? openWorker : openLocal;
    this.#waiting = Array.from({ length: lanes }, () => []);
    this.#channels = this.#waiting.map((_, lane) =>
      open({ ...setup, lane, lanes }, { answer: (reply) => this.#answer(lane, reply), fail: failed })
    );
  }

  /** Tells every lane what needs no answer. */
  send(message: LaneMessage): void {
    for (const channel of this.#channels) channel.post(message);
  }

  /**
   * Hands a call out to the first lanes.
   *
   * @param lanes How many. @default {all}
   * @returns The answer of the one that was last.
   */
  handOut(message: LaneMessage, lanes: number = this.#channels.length): Promise<LaneReply> {
    return new Promise((finish, fail) => {
      const call: Pending = { lanes, finish, fail };
      for (let lane = 0; lane < lanes; lane++) {
        this.#waiting[lane]!.push(call);
        this.#channels[lane]!.post(message);
      }
    });
  }

  /** Stops all lanes; calls that are not answered yet are rejected with the reason. */
  close(reason: EngineError): void {
    for (const channel of this.#channels) channel.close();
    for (const calls of this.#waiting) for (const { fail } of calls.splice(0)) fail(reason);
  }

  #answer(lane: number, reply: LaneReply): void {
    const call = this.#waiting[lane]!.shift();
    if (call && --call.lanes === 0) call.finish(reply);
  }
}
