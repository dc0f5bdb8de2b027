/**
 * Computes answers in the calling thread: long requests take turns, and a request beyond the limits is refused.
 *
 * A sample of the notebook's network takes a fraction of a millisecond, less than a message to another thread and its reply. So each
 * thread of a server has its own network and its own listener.
 */
import type { Answer, Classifier } from "../classify/classifier.ts";
import type { RequestSamples } from "./request_samples.ts";
import { overloaded } from "./refusal.ts";

/** Samples, and the key of each one's draws. */
export interface KeyedSamples extends RequestSamples {
  readonly ids: Uint32Array;
}

/** Limits beyond which requests are refused. */
export interface AnsweringLimits {
  /** The most samples that may wait, over all requests. */
  readonly waiting: number;
  /** Milliseconds of answers in one turn of the event loop: later requests of the same turn would wait for longer. */
  readonly turn: number;
}

/** A long request yields to others after so many samples, or so many milliseconds. */
const SAMPLES = 16, MILLISECONDS = 10;

/** The sender of a request has gone before it was answered. */
export class SenderGone extends Error {
  override readonly name = "SenderGone";
  constructor() {
    super("the sender is gone");
  }
}

/** Answers by a classifier. */
export class Answering {
  readonly #classifier: Classifier;
  readonly #limits: AnsweringLimits;
  #waiting = 0;
  /** Milliseconds of answers in this turn of the event loop; `undefined` before the first. */
  #worked: number | undefined;

  constructor(classifier: Classifier, limits: AnsweringLimits) {
    this.#classifier = classifier;
    this.#limits = limits;
  }

  /** Samples of requests that are not answered yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Refuses a request where too many samples wait. @throws {Refusal} 429. */
  checkRoom(): void {
    if (this.#waiting >= this.#limits.waiting || (this.#worked ?? 0) >= this.#limits.turn) {
      throw overloaded(1);
    }
  }

  /**
   * Answers for a request's samples, in their order.
   *
   * @param signal Aborted where the sender is gone: the remaining samples are not computed.
   * @throws {SenderGone} then, whatever the runtime's reason is: some abort with a string.
   */
  async answer({ samples, ids }: KeyedSamples, signal?: AbortSignal): Promise<Answer[]> {
    const count = samples.length;
    const answers: Answer[] = [];
    this.#waiting += count;
    try {
      while (answers.length < count) {
        if (signal?.aborted) throw new SenderGone();
        if (answers.length > 0) await nextTurn();
        const started = performance.now();
        const end = Math.min(count, answers.length + SAMPLES);
        while (answers.length < end && performance.now() - started < MILLISECONDS) {
          const i = answers.length;
          const { features, steps } = samples[i]!;
          answers.push(this.#classifier.answer(features, ids[i]!, steps));
        }
        this.count(performance.now() - started);
      }
      return answers;
    } finally {
      this.#waiting -= count;
    }
  }

  /** Counts work on an answer that was done elsewhere, such as reading a picture. */
  count(milliseconds: number): void {
    if (this.#limits.turn === Infinity) return;
    if (this.#worked === undefined) {
      this.#worked = 0;
      nextTurn().then(() => this.#worked = undefined);
    }
    this.#worked += milliseconds;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
