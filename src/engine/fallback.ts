/**
 * An engine that continues on a second engine when the first fails, and loses nothing.
 *
 * It keeps a state, and each later call that changed it. When the first engine fails, the second takes the state, repeats the calls
 * answered since, and then executes the pending ones. Draws are counter-based, so the repeated calls give the same results but
 * for rounding, and callers get each answer once.
 */
import { EngineError } from "../errors.ts";
import { checkObject } from "../misuse.ts";
import { checkState } from "./checks.ts";
import type { Batch, BatchResult, Engine, EngineState, Parameters, Update } from "./engine.ts";
import { ForwardingEngine } from "./forwarding_engine.ts";

/** The state is taken anew after so many training batches, which bounds those that are repeated. */
const BATCHES = 50;

/** The second engine. */
export interface FallbackOptions {
  /** Opens the second engine, for the same network. */
  readonly open: () => Promise<Engine & Disposable>;
  /** Called once with the first engine's failure, before the second engine is opened. */
  readonly onFailure?: (failure: EngineError) => void;
}

interface Call {
  /** From 1, in the order of the calls. */
  readonly number: number;
  readonly execute: (engine: Engine) => Promise<unknown>;
}

/** A call that has not been answered. */
interface Pending extends Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A call's effect on the state. */
type Effect = "none" | "changes" | "replaces";

/**
 * Wraps an engine, which is closed when it fails or the wrapper is closed.
 *
 * @throws {OptionError} when `first` is no engine or there are no options.
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
  /** The calls that bring a new engine to the first one's state: one that replaces the state, and the changes since. */
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
    const { parameters, moments, average, updates } = given;
    const copies = new Map([...moments].map(([name, moment]) => [name, copyOf(moment)]));
    const state = {
      parameters: copyOf(parameters),
      moments: copies,
      ...(average && { average: copyOf(average) }),
      updates,
    };
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
    if (this.#stage === "between") this.#rejectAll(new EngineError("the engine has been closed"));
  }

  protected call<Result>(
    execute: (engine: Engine) => Promise<Result>,
    effect: Effect = "none",
  ): Promise<Result> {
    const number = ++this.#calls;
    return new Promise((settled, reject) => {
      const resolve = (result: unknown) => {
        if (effect !== "none") this.#record({ number, execute }, effect);
        settled(result as Result); // the result of execute
      };
      const pending = { number, execute, resolve, reject };
      this.#pending.push(pending);
      if (this.#stage !== "between") this.#start(pending);
      else if (this.#isClosed) this.close(); // which rejects it with the others
    });
  }

  /** Logs a call of the first engine; the second's failure is final. */
  #record(call: Call, effect: "changes" | "replaces"): void {
    if (this.#stage !== "first") return;
    const [base] = this.#log;
    if (effect === "replaces") this.#log = [call, ...this.#log.filter(({ number }) => number > call.number)];
    else if (!base || call.number > base.number) this.#log.push(call);
  }

  /** Gets the state after the calls made so far: these need not be repeated then. */
  #keepState(): void {
    const number = this.#calls;
    this.getState().then(
      (state) => this.#record({ number, execute: (engine) => engine.setState(state) }, "replaces"),
      () => {}, // the call that failed first reports the failure
    );
  }

  #start(pending: Pending): void {
    const engine = this.engine;
    /** Takes the call off the list; false where the second engine has it, or will have it. */
    const settle = () => {
      if (engine !== this.engine || this.#stage === "between") return false;
      this.#pending.splice(this.#pending.indexOf(pending), 1);
      return true;
    };
    pending.execute(engine).then((result) => {
      if (settle()) pending.resolve(result);
    }, (error: unknown) => {
      const isFailure = error instanceof EngineError && this.#stage === "first" && !this.#isClosed;
      if (isFailure) this.#openSecond(error);
      else if (settle()) pending.reject(error);
    });
  }

  async #openSecond(failure: EngineError): Promise<void> {
    this.#stage = "between";
    this.engine.close();
    this.#options.onFailure?.(failure);
    try {
      const second = await this.#options.open();
      this.engine = second;
      if (this.#isClosed) return second.close();
      await Promise.all(
        this.#log.toSorted((a, b) => a.number - b.number).map(({ execute }) => execute(second)),
      );
      if (this.#isClosed) return;
      this.#stage = "second";
      for (const pending of [...this.#pending]) this.#start(pending);
    } catch (error) {
      this.#stage = "second"; // there is no third
      this.#rejectAll(error);
    } finally {
      this.#log = [];
    }
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}

function copyOf(parameters: Parameters): Parameters {
  return new Map([...parameters].map(([name, values]) => [name, values.slice()]));
}
