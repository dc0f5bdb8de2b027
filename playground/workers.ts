/**
 * The page's two workers, as the page sees them.
 *
 * @module
 */
import type { Parameters } from "../src/engine/engine.ts";
import type { LookerMessage, LookerReply, Sight, TrainerMessage, TrainerReply } from "./logic/protocol.ts";

function openWorker<Message, Reply>(
  file: string,
  heard: (reply: Reply) => void,
  stopped: (reason: string) => void,
): (message: Message) => void {
  const worker = new Worker(new URL(file, import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Reply>) => heard(data);
  worker.onerror = (event) => stopped(event.message || `${file} cannot be loaded: load this page again`);
  return (message) => worker.postMessage(message);
}

/** Starts the worker that trains. @returns Tells it something. */
export function openTrainer(heard: (reply: TrainerReply) => void): (message: TrainerMessage) => void {
  return openWorker<TrainerMessage, TrainerReply>(
    "trainer.js",
    heard,
    (message) => heard({ kind: "failed", message }),
  );
}

/** A question for the looker, and what is done with the answer. */
export interface Question extends Omit<LookerMessage, "parameters"> {
  readonly parameters: Parameters;
  readonly answered: (sight: Sight) => void;
}

/** Asks the looker one question at a time; of those that come meanwhile, the last alone. */
export class Asker {
  readonly #post: (message: LookerMessage) => void;
  readonly #failed: (message: string) => void;
  #asked: Question | undefined;
  #next: Question | undefined;
  /** What the looker has. */
  #parameters: Parameters | undefined;

  constructor(failed: (message: string) => void) {
    this.#failed = failed;
    this.#post = openWorker<LookerMessage, LookerReply>(
      "looker.js",
      (reply) => this.#hear(reply),
      (message) => this.#hear({ kind: "failed", message }),
    );
  }

  /** Asks as soon as the last question has been answered. */
  ask(question: Question): void {
    if (this.#asked) {
      this.#next = question;
      return;
    }
    const { answered: _answered, parameters, ...message } = question;
    this.#asked = question;
    this.#post(parameters === this.#parameters ? message : { ...message, parameters });
    this.#parameters = parameters;
  }

  #hear(reply: LookerReply): void {
    const asked = this.#asked, next = this.#next;
    this.#asked = this.#next = undefined;
    switch (reply.kind) {
      case "sight":
        asked?.answered(reply);
        break;
      case "failed":
        this.#parameters = undefined;
        this.#failed(reply.message);
        break;
      default:
        reply satisfies never;
    }
    if (next) this.ask(next);
  }
}
