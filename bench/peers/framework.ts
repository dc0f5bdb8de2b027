/** A framework that trains one of the field's networks in a process of its own (field.py), which stays there between its turns. */
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { PeerMissing, PEERS_ENVIRONMENT, peersPython } from "./environment.ts";

const SCRIPT = fileURLToPath(new URL("./field.py", import.meta.url));

/** What a network can be trained with, best known first. */
export const FRAMEWORKS = ["compiled", "tuned", "snntorch", "norse", "spikingjelly"] as const;

/** One of them. */
export type FrameworkName = typeof FRAMEWORKS[number];

const started = v.object({
  torch: v.string(),
  libraries: v.number(),
  version: v.optional(v.string()),
  loss: v.optional(v.number()),
  deviation: v.optional(v.number()),
});
const timed = v.object({ seconds: v.array(v.number()), peak: v.number() });

/** The first answer: versions, bytes of the process between batches beside parameters and moments, and, of a model that is ours, the loss of our batch and the gradients' deviation from ours. */
export type Started = v.InferOutput<typeof started>;

/** A running framework. */
export class Framework implements Disposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";
  #peak = 0;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#requests = process.stdin.getWriter();
  }

  /**
   * Starts a framework, compiled and warm.
   *
   * @param file A batch of ours, with loss and gradients.
   * @throws {PeerMissing} when there is no Python for it, or it ends by itself.
   */
  static async start(name: FrameworkName, task: string, file: string): Promise<[Framework, Started]> {
    const threads = navigator.hardwareConcurrency, python = await peersPython();
    const options = { task, framework: name, case: file, threads };
    const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const command = new Deno.Command(python, {
      args: ["-B", SCRIPT, ...args],
      clearEnv: true,
      env: PEERS_ENVIRONMENT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
    const framework = new Framework(command.spawn());
    return [framework, v.parse(started, await framework.#answer())];
  }

  /** The most bytes that were resident of the process while it trained; 0 before that. */
  get peak(): number {
    return this.#peak;
  }

  /** Trains with so many batches. @returns Seconds of each. */
  async train(batches: number): Promise<readonly number[]> {
    await this.#requests.write(new TextEncoder().encode(`${batches}\n`));
    const { seconds, peak } = v.parse(timed, await this.#answer());
    this.#peak = peak;
    return seconds;
  }

  [Symbol.dispose](): void {
    try {
      this.#process.kill();
    } catch { /* it has ended by itself */ }
  }

  async #answer(): Promise<unknown> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) {
        throw new PeerMissing(`it ended with exit code ${(await this.#process.status).code}: see above`);
      }
      this.#rest += value;
    }
    const [line = "", ...others] = this.#rest.split("\n");
    this.#rest = others.join("\n");
    return JSON.parse(line);
  }
}
