/** Base of an engine that forwards its calls to another one. */
import type { NetworkSpec } from "../network/spec.ts";
import type {
  Batch,
  BatchResult,
  Classification,
  Engine,
  EngineState,
  MemoryNeeds,
  Parameters,
  SampleTrace,
  Update,
} from "./engine.ts";

/** Forwards every call; a subclass overrides those that need more. */
export abstract class ForwardingEngine implements Engine, Disposable {
  /** The present engine. */
  protected abstract readonly engine: Engine;

  /** Executes a call on the engine, now or later. */
  protected abstract call<Result>(execute: (engine: Engine) => Promise<Result>): Promise<Result>;

  abstract close(): void;

  get name(): string {
    return this.engine.name;
  }

  get description(): string {
    return this.engine.description;
  }

  get kernels(): string {
    return this.engine.kernels;
  }

  get threads(): number {
    return this.engine.threads;
  }

  get spec(): NetworkSpec {
    return this.engine.spec;
  }

  get batchSize(): number {
    return this.engine.batchSize;
  }

  get needs(): MemoryNeeds {
    return this.engine.needs;
  }

  setParameters(parameters: Parameters): Promise<void> {
    return this.call((engine) => engine.setParameters(parameters));
  }

  getParameters(): Promise<Parameters> {
    return this.call((engine) => engine.getParameters());
  }

  getState(): Promise<EngineState> {
    return this.call((engine) => engine.getState());
  }

  setState(state: EngineState): Promise<void> {
    return this.call((engine) => engine.setState(state));
  }

  train(batch: Batch, update: Update): Promise<BatchResult> {
    return this.call((engine) => engine.train(batch, update));
  }

  evaluate(batch: Batch): Promise<BatchResult> {
    return this.call((engine) => engine.evaluate(batch));
  }

  classify(batch: Batch): Promise<Classification> {
    return this.call((engine) => engine.classify(batch));
  }

  trace(batch: Batch): Promise<SampleTrace> {
    return this.call((engine) => engine.trace(batch));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
