/**
 * An engine that goes on with another when the first fails, and loses nothing.
 *
 * It keeps a state to go on from, and each call since that changed it. When the first engine fails, the second is given the
 * state, does again what had been answered since, and then does what had not. Draws are counted, so what it does again is the
 * same, but for rounding; callers hear each answer once, and do not notice but by the time it takes.
 *
 * @module
 */
import { EngineError } from "../errors.ts";
import { checkObject } from "../misuse.ts";
import { checkState } from "./checks.ts";
import type { Batch, BatchResult, Engine, EngineState, Parameters, Update } from "./engine.ts";
import { ForwardingEngine } from "./forwarding_engine.ts";

/** From how many training batches on the state is taken anew: so many at most are done again. */
const BATCHES = 50;

/** What to go on with, and who is told. */
export interface FallbackOptions {
  /** Opens the second engine, for the same network. */
  readonly open: () => Promise<Engine & Disposable>;
  /** Hears of the failure, once, before the second engine is opened. */
  readonly onFailure?: (failure: EngineError) => void;
}

/** A call as it was made. */
interface Call {
  /** From 1, in the order of the calls. */
  readonly number: number;
  readonly carryOut: (engine: Engine) => Promise<unknown>;
}

/** A call that has not been answered. */
interface Pending extends Call {
  readonly answer: (result: unknown) => void;
  readonly refuse: (error: unknown) => void;
}

/** What a call does to the state. */
type Effect = "none" | "changes" | "replaces";

/**
 * Wraps an engine.
 *
 * @param first Is closed when it has failed, or with the whole.
 * @throws {OptionError} when there is no first engine, or no way to a second.
 */
export function withFallback(first: Engine & Disposable, options: FallbackOptions): Engine & Disposable {
  checkObject("first", first, "an engine, such as createEngine makes");
  checkObject("options", options, "an object with `open`, which opens the second engine");
  return new FallbackEngine(first, options);
}

class FallbackEngine extends ForwardingEngine {
  readonly #options: FallbackOptions;
  protected engine: Engine & Disposable;
  #stage: "first" | "between" | "second" = "first";
  #isClosed = false;
  #calls = 0;
  /** What leads from a new engine to what the first has come to: a call that replaces the state, and the changes since. */
  #log: Call[] = [];
  /** In the order of the calls. */
  #pending: Pending[] = [];
  #trained = 0;

  constructor(first: Engine & Disposable, options: FallbackOptions) {
    super();
    this.engine = first;
    this.#options = options;
  }

  override setParameters(parameters: Parameters): Promise<void> {
    const copy = copyOf(parameters);
    return this.call((engine) => engine.setParameters(copy), "replaces");
  }

  override async setState(given: EngineState): Promise<void> {
    checkState(given);
    const { parameters, moments, updates } = given;
    const copies = new Map([...moments].map(([name, moment]) => [name, copyOf(moment)]));
    const state = { parameters: copyOf(parameters), moments: copies, updates };
    return await this.call((engine) => engine.setState(state), "replaces");
  }

  override train(batch: Batch, update: Update): Promise<BatchResult> {
    const copy = { ...batch, indices: batch.indices.slice() };
    const trained = this.call((engine) => engine.train(copy, update), "changes");
    if (this.#stage === "first" && ++this.#trained % BATCHES === 0) this.#keepState();
    return trained;
  }

  override close(): void {
    this.#isClosed = true;
    this.engine.close();
    if (this.#stage === "between") this.#refuseAll(new EngineError("the engine has been closed"));
  }

  protected call<Result>(
    carryOut: (engine: Engine) => Promise<Result>,
    effect: Effect = "none",
  ): Promise<Result> {
    const number = ++this.#calls;
    return new Promise((resolve, refuse) => {
      const answer = (result: unknown) => {
        if (effect !== "none") this.#remember({ number, carryOut }, effect);
        resolve(result as Result); // it is what carryOut gave
      };
      const pending = { number, carryOut, answer, refuse };
      this.#pending.push(pending);
      if (this.#stage !== "between") this.#start(pending);
      else if (this.#isClosed) this.close(); // it is refused with the others
    });
  }

  /** What the first engine has done; the second's failure is final. */
  #remember(call: Call, effect: "changes" | "replaces"): void {
    if (this.#stage !== "first") return;
    const [base] = this.#log;
    if (effect === "replaces") this.#log = [call, ...this.#log.filter(({ number }) => number > call.number)];
    else if (!base || call.number > base.number) this.#log.push(call);
  }

  /** Asks for the state behind the calls made so far: what is before it need not be done again then. */
  #keepState(): void {
    const number = this.#calls;
    this.getState().then(
      (state) => this.#remember({ number, carryOut: (engine) => engine.setState(state) }, "replaces"),
      () => {}, // the engine has failed, and others are told
    );
  }

  /** Puts a call to the engine, and hears what becomes of it. */
  #start(pending: Pending): void {
    const engine = this.engine;
    /** Takes it off the list; false: it is with the second engine by now, or will be. */
    const settle = () => {
      if (engine !== this.engine || this.#stage === "between") return false;
      this.#pending.splice(this.#pending.indexOf(pending), 1);
      return true;
    };
    pending.carryOut(engine).then((result) => {
      if (settle()) pending.answer(result);
    }, (error: unknown) => {
      const isFailure = error instanceof EngineError && this.#stage === "first" && !this.#isClosed;
      if (isFailure) this.#goOn(error);
      else if (settle()) pending.refuse(error);
    });
  }

  async #goOn(failure: EngineError): Promise<void> {
    this.#stage = "between";
    this.engine.close();
    this.#options.onFailure?.(failure);
    try {
      const second = await this.#options.open();
      this.engine = second;
      if (this.#isClosed) return second.close();
      await Promise.all(
        this.#log.toSorted((a, b) => a.number - b.number).map(({ carryOut }) => carryOut(second)),
      );
      if (this.#isClosed) return;
      this.#stage = "second";
      for (const pending of [...this.#pending]) this.#start(pending);
    } catch (error) {
      this.#stage = "second"; // there is no third
      this.#refuseAll(error);
    } finally {
      this.#log = [];
    }
  }

  #refuseAll(error: unknown): void {
    for (const { refuse } of this.#pending.splice(0)) refuse(error);
  }
}

function copyOf(parameters: Parameters): Parameters {
  return new Map([...parameters].map(([name, values]) => [name, values.slice()]));
}
