/**
 * An engine that can be paused, and whose neurons' constants can be changed, between any two calls.
 *
 * The trainer needs to know of neither. The engine also lets messages in between the calls: with `threads: 0` the engine works in this very
 * thread, and promises alone would never give way to them.
 *
 * @module
 */
import type { Engine } from "../../src/engine/engine.ts";
import { ForwardingEngine } from "../../src/engine/forwarding_engine.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";

/** Makes an engine of a network. */
export type OpenEngine = (spec: NetworkSpec) => Promise<Engine & Disposable>;

/** An engine over others, one at a time. */
export class TunedEngine extends ForwardingEngine {
  readonly #open: OpenEngine;
  protected engine: Engine & Disposable;
  #spec: NetworkSpec;
  #next: NetworkSpec | undefined;
  /** When the last call has been handed to the engine. */
  #handedOver: Promise<unknown> = Promise.resolve();
  #held: PromiseWithResolvers<void> | undefined;
  #heldSince = 0;
  #heldFor = 0;

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

  /** The network as the last call had it. */
  override get spec(): NetworkSpec {
    return this.#spec;
  }

  /** Milliseconds of all pauses. */
  get heldFor(): number {
    return this.#heldFor + (this.#held ? performance.now() - this.#heldSince : 0);
  }

  /** Pauses: holds back all calls that the engine has not received yet. */
  hold(): void {
    if (this.#held) return;
    this.#held = Promise.withResolvers();
    this.#heldSince = performance.now();
  }

  /** Lets them go. */
  release(): void {
    if (!this.#held) return;
    this.#heldFor = this.heldFor;
    const { resolve } = this.#held;
    this.#held = undefined;
    resolve();
  }

  /**
   * Changes constants from the next call on: weights and what the optimizer remembers stay.
   *
   * @param spec The same network but for its constants.
   */
  tune(spec: NetworkSpec): void {
    this.#next = spec;
  }

  override close(): void {
    this.release();
    this.engine.close();
  }

  /** Hands a call to the engine once all before it have been. Its answer is not waited for. */
  protected call<Result>(work: (engine: Engine) => Promise<Result>): Promise<Result> {
    const before = this.#handedOver;
    const handedOver = (async () => {
      await before;
      await nextTask();
      while (this.#held) await this.#held.promise;
      if (this.#next) await this.#change(this.#next);
      return { answer: work(this.engine) };
    })();
    this.#handedOver = handedOver.catch(() => {}); // the caller receives the error
    return handedOver.then(({ answer }) => answer);
  }

  async #change(spec: NetworkSpec): Promise<void> {
    this.#next = undefined;
    const state = await this.engine.getState(); // after all calls that it has had
    const engine = await this.#open(spec);
    this.engine.close();
    this.engine = engine;
    this.#spec = spec;
    await engine.setState(state);
  }
}

/** Gives way to messages that have come. Timers would do, but browsers hold back those that are set again and again. */
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
