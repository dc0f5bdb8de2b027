/**
 * The WASM engine: SIMD kernels on every core, one worker each, every worker with a memory of its own.
 *
 * The number of threads never changes a bit of the result (see lane.ts). With `threads: 0` there is no worker: the caller's
 * own thread does the work, where a runtime has no workers or no shared memory.
 *
 * @module
 */
import type { Samples } from "../../data/samples.ts";
import { EngineError } from "../../errors.ts";
import type { NetworkSpec } from "../../network/spec.ts";
import type { Batch, BatchResult, Engine, Parameters, SampleTrace, Step } from "../engine.ts";
import { compilePlan } from "../plan.ts";
import type { CoreOptions } from "./core.ts";
import { instantiate, type KernelModule } from "./kernels.ts";
import { type Job, Lane, type LaneMessage, type LaneReply, shardCount, type SharedState } from "./lane.ts";
import { fromLayout, layOut, type ParameterLayout, toLayout } from "./layout.ts";

/** How to make a WASM engine. */
export interface WasmEngineOptions {
  /** What to train or run. */
  readonly spec: NetworkSpec;
  /** The kernels, compiled; see `loadKernels`. */
  readonly kernels: KernelModule;
  /** Workers; 0 works in the caller's own thread. @default {1} */
  readonly threads?: number;
  /** Seed of all draws. @default {0} */
  readonly seed?: number;
  /** The most samples that a batch will have. @default {1000} */
  readonly batchSize?: number;
  /** Gradient shards of a batch; part of what the result's bits depend on. @default {one for 16 samples, at most 32} */
  readonly shards?: number;
  /** Leave out units that provably will not spike. Never changes the result. @default {true} */
  readonly skip?: boolean;
  /** The least Z at which a unit is left out; a spike then is missed with probability exp(−Z²/2). @default {8} */
  readonly skipBound?: number;
  /** Keep all states, for {@linkcode Engine.trace}. @default {false} */
  readonly record?: boolean;
}

/** A lane as the engine sees it: in a worker, or here. */
interface Channel {
  post(message: LaneMessage): void;
  close(): void;
}

/** A call that has been handed out and not answered by every lane yet. */
interface Pending {
  waiting: number;
  readonly finish: (reply: LaneReply) => void;
  readonly fail: (error: EngineError) => void;
}

/**
 * Makes a WASM engine; its workers start at once and load while the caller goes on.
 *
 * @example
 * ```ts
 * import { createWasmEngine, initialParameters, loadKernels, seedNetwork } from "@spikelet/spikelet";
 *
 * const spec = seedNetwork({ inputs: 4, hidden: 8, classes: 2, steps: 16 });
 * using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads: 0 });
 * await engine.setParameters(initialParameters(spec, 0));
 * ```
 */
export function createWasmEngine(options: WasmEngineOptions): Engine & Disposable {
  return new WasmEngine(options);
}

class WasmEngine implements Engine, Disposable {
  readonly name = "wasm";
  readonly description: string;
  readonly threads: number;
  readonly #layout: ParameterLayout;
  readonly #classes: number;
  readonly #batchSize: number;
  readonly #shards: number | undefined;
  readonly #shared: SharedState;
  readonly #channels: Channel[];
  readonly #sampleIds = new Map<Samples, number>();
  /** Answered in the order in which they were handed out, for every lane takes its messages in order. */
  readonly #pending: Pending[] = [];
  readonly #answered: number[];
  #handedOut = 0;
  #finished = 0;
  #jobs: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  #failure: EngineError | undefined;

  constructor(
    {
      spec,
      kernels,
      threads = 1,
      seed = 0,
      batchSize = 1000,
      shards,
      skip = true,
      skipBound = 8,
      record = false,
    }: WasmEngineOptions,
  ) {
    const plan = compilePlan(spec, { skip, record });
    const most = shards ?? shardCount(batchSize);
    const options: CoreOptions = { plan, seed, shards: most, skipBound };
    const lanes = Math.max(1, threads);
    this.threads = threads;
    this.description = `${describeKernels(kernels)}, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
    this.#classes = plan.classes;
    this.#batchSize = batchSize;
    this.#shards = shards;
    this.#layout = layOut(plan);
    this.#shared = shareState(this.#layout.size, most, batchSize, threads > 0);
    this.#answered = new Array(lanes).fill(0);
    this.#channels = Array.from({ length: lanes }, (_, lane) => {
      const setup = { kernels, options, shared: this.#shared, lane, lanes };
      return threads > 0 ? this.#openWorker(setup, lane) : this.#openLocal(setup);
    });
  }

  async setParameters(parameters: Parameters): Promise<void> {
    await this.#idle();
    this.#shared.parameters.set(toLayout(this.#layout, parameters));
    this.#shared.velocity.fill(0);
  }

  async getParameters(): Promise<Parameters> {
    await this.#idle();
    return fromLayout(this.#layout, this.#shared.parameters);
  }

  async getVelocity(): Promise<Parameters> {
    await this.#idle();
    return fromLayout(this.#layout, this.#shared.velocity);
  }

  train(batch: Batch, step: Step): Promise<BatchResult> {
    return this.#run(batch, (job) => ({ kind: "train", job, step }));
  }

  evaluate(batch: Batch): Promise<BatchResult> {
    return this.#run(batch, (job) => ({ kind: "evaluate", job }));
  }

  async trace(batch: Batch): Promise<SampleTrace> {
    const job = this.#job(batch, 0, 1);
    const { trace } = await this.#handOut({ kind: "trace", job }, 1);
    return trace!;
  }

  close(): void {
    this.#fail(new EngineError("the engine has been closed"));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Two batches may be under way: one in work, and the next, so that no thread waits for a message. */
  async #run(batch: Batch, message: (job: Job) => LaneMessage): Promise<BatchResult> {
    const number = this.#handedOut++;
    const slot = number % 2 === 0 ? 0 : 1;
    const before = this.#jobs[slot];
    const result = (async () => {
      await before;
      const shards = this.#shards ?? shardCount(batch.indices.length);
      const job = this.#job(batch, slot, Math.min(shards, batch.indices.length));
      this.#shared.control[1 + slot] = 0;
      await this.#handOut(message(job), this.#channels.length);
      return this.#sum(batch, slot);
    })();
    this.#jobs[slot] = result.catch(() => {});
    return await result;
  }

  #job({ samples, indices, purpose, epoch }: Batch, slot: 0 | 1, shards: number): Job {
    if (indices.length === 0 || indices.length > this.#batchSize) {
      throw new RangeError(`a batch of ${indices.length} samples: expected 1 to ${this.#batchSize}`);
    }
    let id = this.#sampleIds.get(samples);
    if (id === undefined) {
      const strange = samples.labels.findIndex((label) => label >= this.#classes);
      if (strange >= 0) {
        throw new RangeError(
          `${samples.name}: label ${
            samples.labels[strange]
          } at ${strange}, but the network has ${this.#classes} classes`,
        );
      }
      id = this.#sampleIds.size;
      this.#sampleIds.set(samples, id);
      for (const channel of this.#channels) channel.post({ kind: "samples", id, samples });
    }
    return { samples: id, indices, purpose, epoch, slot, shards };
  }

  #handOut(message: LaneMessage, lanes: number): Promise<LaneReply> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((finish, fail) => {
      this.#pending.push({ waiting: lanes, finish, fail });
      for (let lane = 0; lane < this.#channels.length; lane++) {
        if (lane < lanes) this.#channels[lane]!.post(message);
        else this.#answered[lane]!++;
      }
    });
  }

  #answer(lane: number, reply: LaneReply): void {
    const call = this.#pending[this.#answered[lane]!++ - this.#finished];
    if (!call || --call.waiting > 0) return;
    call.finish(reply);
    while (this.#pending[0]?.waiting === 0) {
      this.#pending.shift();
      this.#finished++;
    }
  }

  async #idle(): Promise<void> {
    await Promise.all(this.#jobs);
    if (this.#failure) throw this.#failure;
  }

  #sum({ samples, indices }: Batch, slot: 0 | 1): BatchResult {
    const { losses, predictions, spikes } = this.#shared.results[slot];
    let loss = 0, correct = 0, fired = 0;
    for (let i = 0; i < indices.length; i++) {
      loss += losses[i]!;
      fired += spikes[i]!;
      if (predictions[i] === samples.labels[indices[i]!]) correct++;
    }
    return { loss, correct, total: indices.length, spikes: fired };
  }

  #fail(error: EngineError): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const channel of this.#channels) channel.close();
    for (const { fail } of this.#pending.splice(0)) fail(error);
  }

  #openWorker(setup: ConstructorParameters<typeof Lane>[0], lane: number): Channel {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<LaneReply>) => this.#answer(lane, data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new EngineError(`worker ${lane + 1} of ${this.threads} stopped: ${event.message}`));
    };
    worker.postMessage({ kind: "setup", setup });
    return { post: (message) => worker.postMessage(message), close: () => worker.terminate() };
  }

  #openLocal(setup: ConstructorParameters<typeof Lane>[0]): Channel {
    const lane = new Lane(setup);
    return {
      post: (message) => {
        const reply = lane.handle(message);
        if (reply) queueMicrotask(() => this.#answer(0, reply));
      },
      close: () => {},
    };
  }
}

/** The build in words, and whether its multiply-adds are fused on this machine: what the bits of a result depend on. */
export function describeKernels({ variant, module }: KernelModule): string {
  if (variant === "plain") return "WASM SIMD128";
  return `WASM relaxed SIMD${instantiate(module).fuses() ? ", fused multiply-adds" : ""}`;
}

function shareState(size: number, shards: number, batchSize: number, threaded: boolean): SharedState {
  const bytes = (n: number) => threaded ? new SharedArrayBuffer(n) : new ArrayBuffer(n);
  const floats = (n: number) => new Float32Array(bytes(4 * n));
  const results = () => ({
    losses: new Float64Array(bytes(8 * batchSize)),
    predictions: new Uint8Array(bytes(batchSize)),
    spikes: new Int32Array(bytes(4 * batchSize)),
  });
  return {
    control: new Int32Array(bytes(12)),
    parameters: floats(size),
    velocity: floats(size),
    shards: Array.from({ length: shards }, () => floats(size)),
    results: [results(), results()],
  };
}
