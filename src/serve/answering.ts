/**
 * Who answers: a thread of its own, or the caller's.
 *
 * @module
 */
import type { Answer, Classifier } from "../classify/classifier.ts";
import type { Questions } from "./questions.ts";
import { overloaded } from "./refusal.ts";

/** Samples, and what each one's draws are keyed by. */
export interface Asked extends Questions {
  readonly ids: Uint32Array;
}

/** Answers for samples, and sheds what is too much. */
export interface Answering {
  /** Samples that have been taken and not answered. */
  readonly waiting: number;
  /** Throws where so many are waiting that no more are taken. @throws {Refusal} 429. */
  checkRoom(): void;
  /**
   * Answers for a request's samples, in their order.
   *
   * @param signal The sender is gone: what has not begun is left.
   * @throws {Refusal} 429 as in {@linkcode checkRoom}.
   */
  answer(asked: Asked, signal?: AbortSignal): Promise<Answer[]>;
}

/** Samples between which a long request lets others have their turn. */
const TURN = 16;

/**
 * Answers in the caller's own thread, for runtimes without workers.
 *
 * @param most Samples that may be waiting before more are refused.
 */
export function answerHere(classifier: Classifier, most: number): Answering {
  let waiting = 0;
  const checkRoom = () => {
    if (waiting >= most) throw overloaded(1);
  };
  return {
    get waiting() {
      return waiting;
    },
    checkRoom,
    async answer({ features, count, ids }, signal) {
      checkRoom();
      waiting += count;
      let left = count;
      try {
        const answers: Answer[] = [];
        for (const id of ids) {
          signal?.throwIfAborted();
          const at = answers.length * classifier.size;
          answers.push(classifier.answer(features.subarray(at, at + classifier.size), id));
          waiting--;
          if (--left > 0 && answers.length % TURN === 0) await new Promise((resolve) => setTimeout(resolve));
        }
        return answers;
      } finally {
        waiting -= left;
      }
    },
  };
}
