/** The page's side of its two workers. */
import type { Parameters } from "../src/engine/engine.ts";
import type {
  Inspection,
  InspectorMessage,
  InspectorReply,
  TrainerMessage,
  TrainerReply,
} from "./logic/protocol.ts";

function openWorker<Message, Reply>(
  file: string,
  onMessage: (reply: Reply) => void,
  onError: (reason: string) => void,
): (message: Message) => void {
  const worker = new Worker(new URL(file, import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Reply>) => onMessage(data);
  worker.onerror = (event) => onError(event.message || `${file} cannot be loaded: load this page again`);
  return (message) => worker.postMessage(message);
}

/** Starts the worker that trains. @returns The function that sends it a message. */
export function openTrainer(onMessage: (reply: TrainerReply) => void): (message: TrainerMessage) => void {
  return openWorker("trainer.js", onMessage, (message) => onMessage({ kind: "failed", message }));
}

/** A request to the inspector, and the callback for its answer. */
interface InspectionRequest extends Omit<InspectorMessage, "parameters"> {
  readonly parameters: Parameters;
  readonly onAnswer: (inspection: Inspection) => void;
}

/** Sends the inspector one request at a time; of waiting requests, only the last is kept. */
export class RequestQueue {
  readonly #post: (message: InspectorMessage) => void;
  readonly #failed: (message: string) => void;
  #pending: InspectionRequest | undefined;
  #next: InspectionRequest | undefined;
  /** The parameters that the inspector has. */
  #parameters: Parameters | undefined;

  constructor(failed: (message: string) => void) {
    this.#failed = failed;
    const onMessage = (reply: InspectorReply) => this.#onMessage(reply);
    this.#post = openWorker("inspector.js", onMessage, (message) => onMessage({ kind: "failed", message }));
  }

  /** Sends a request once the previous one has its answer. */
  add(request: InspectionRequest): void {
    if (this.#pending) {
      this.#next = request;
      return;
    }
    const { onAnswer: _onAnswer, parameters, ...message } = request;
    this.#pending = request;
    this.#post(parameters === this.#parameters ? message : { ...message, parameters });
    this.#parameters = parameters;
  }

  #onMessage(reply: InspectorReply): void {
    const pending = this.#pending, next = this.#next;
    this.#pending = this.#next = undefined;
    switch (reply.kind) {
      case "inspection":
        pending?.onAnswer(reply);
        break;
      case "failed":
        this.#parameters = undefined;
        this.#failed(reply.message);
        break;
      default:
        reply satisfies never;
    }
    if (next) this.add(next);
  }
}
