/**
 * An engine that can be paused or slowed down, and whose neurons' constants can be changed, between any two calls of the trainer.
 *
 * It also yields to messages between calls: with `threads: 0` the WASM engine works in this thread, and promises alone would
 * never let the event loop run.
 */
import type { Engine } from "../../src/engine/engine.ts";
import { ForwardingEngine } from "../../src/engine/forwarding_engine.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";

/** Creates an engine for a network. */
type OpenEngine = (spec: NetworkSpec) => Promise<Engine & Disposable>;

/** Forwards calls to an engine, which a change of constants replaces. */
export class TunedEngine extends ForwardingEngine {
  readonly #open: OpenEngine;
  protected engine: Engine & Disposable;
  #spec: NetworkSpec;
  #next: NetworkSpec | undefined;
  /** Resolves once the engine has received the last call. */
  #handedOver: Promise<unknown> = Promise.resolve();
  #held: PromiseWithResolvers<void> | undefined;
  #heldSince = 0;
  #heldFor = 0;
  #rest = 0;

  private constructor(open: OpenEngine, engine: Engine & Disposable, spec: NetworkSpec) {
    super();
    this.#open = open;
    this.engine = engine;
    this.#spec = spec;
  }

  /** Opens the first engine. */
  static async open(spec: NetworkSpec, open: OpenEngine): Promise<TunedEngine> {
    return new TunedEngine(open, await open(spec), spec);
  }

  /** The network of the last call. */
  override get spec(): NetworkSpec {
    return this.#spec;
  }

  /** Milliseconds of all pauses. */
  get heldFor(): number {
    return this.#heldFor + (this.#held ? performance.now() - this.#heldSince : 0);
  }

  /** Pauses: holds back further calls. */
  hold(): void {
    if (this.#held) return;
    this.#held = Promise.withResolvers();
    this.#heldSince = performance.now();
  }

  /** Ends a pause. */
  release(): void {
    if (!this.#held) return;
    this.#heldFor = this.heldFor;
    const { resolve } = this.#held;
    this.#held = undefined;
    resolve();
  }

  /** Rests before each further call. @param rest Milliseconds. */
  pace(rest: number): void {
    this.#rest = rest;
  }

  /** Changes constants from the next call on; weights and optimizer state stay. @param spec The network with other constants. */
  tune(spec: NetworkSpec): void {
    this.#next = spec;
  }

  override close(): void {
    this.release();
    this.engine.close();
  }

  /** Forwards a call after all earlier ones, without waiting for their results. */
  protected call<Result>(work: (engine: Engine) => Promise<Result>): Promise<Result> {
    const before = this.#handedOver;
    const handedOver = (async () => {
      await before;
      await nextTask();
      if (this.#rest > 0) await new Promise((resolve) => setTimeout(resolve, this.#rest));
      while (this.#held) await this.#held.promise;
      if (this.#next) await this.#change(this.#next);
      return { answer: work(this.engine) };
    })();
    this.#handedOver = handedOver.catch(() => {}); // the caller receives the error
    return handedOver.then(({ answer }) => answer);
  }

  async #change(spec: NetworkSpec): Promise<void> {
    this.#next = undefined;
    const state = await this.engine.getState(); // after all earlier calls
    const engine = await this.#open(spec);
    this.engine.close();
    this.engine = engine;
    this.#spec = spec;
    await engine.setState(state);
  }
}

/** Lets the event loop handle pending messages. Timers would too, but browsers throttle repeated ones. */
function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close(); // older runtimes leave it open
      resolve();
    };
    port2.postMessage(null);
  });
}
