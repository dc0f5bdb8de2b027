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
import { classesOf, type NetworkSpec } from "../../network/spec.ts";
import { checkBatch, checkSamples } from "../checks.ts";
import type {
  Batch,
  BatchResult,
  Classification,
  Engine,
  EngineState,
  Parameters,
  SampleTrace,
  Step,
} from "../engine.ts";
import { completeStep, findsMoments, momentsOf, type OptimiserName, optimiserOf } from "../optimiser.ts";
import { compilePlan } from "../plan.ts";
import { type Channel, openLocal, openWorker } from "./channel.ts";
import type { CoreOptions } from "./core.ts";
import { NORM_FLOATS } from "./core_memory.ts";
import { type Precision, type Tile, TILES } from "./input_product.ts";
import { instantiate, type KernelModule } from "./kernels.ts";
import type { DenseFrom } from "./rows_product.ts";
import { type Job, type LaneMessage, type LaneReply, shardCount, type SharedState } from "./lane.ts";
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
  /** Gradient shards of a batch; part of what the result's bits depend on. @default {one for 16 samples, at most 24} */
  readonly shards?: number;
  /** Leave out units that provably will not spike. Never changes the result. @default {true} */
  readonly skip?: boolean;
  /** The least Z at which a unit is left out; a spike then is missed with probability exp(−Z²/2). @default {8} */
  readonly skipBound?: number;
  /** What the product with noise-coded inputs is computed in. `i16` draws 8 bits in place of 16. @default {"f32"} */
  readonly precision?: Precision;
  /** Which kernel computes the product, one of the precision's; never changes the result. @default {the first} */
  readonly tile?: Tile;
  /**
   * The shares of (input, step) pairs that spike above which a layer's product with them is a whole one, not a sum of rows.
   * Changes the result by rounding alone. @default {as measured}
   */
  readonly denseFrom?: DenseFrom;
  /** Keep all states, for {@linkcode Engine.trace}. @default {false} */
  readonly record?: boolean;
}

/** A call that has been handed out. */
interface Pending {
  /** How many lanes have yet to answer it. */
  lanes: number;
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
  readonly #spec: NetworkSpec;
  readonly #layout: ParameterLayout;
  readonly #batchSize: number;
  readonly #shards: number | undefined;
  readonly #shared: SharedState;
  readonly #channels: Channel[] = [];
  readonly #sampleIds = new Map<Samples, number>();
  /** For each lane the calls that it has not answered yet, in order. */
  readonly #waiting: Pending[][];
  /** The last call in either slot, and the last that had the engine to itself. */
  readonly #jobs: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];
  #alone: Promise<unknown> = Promise.resolve();
  #jobCount = 0;
  /** Steps of the optimiser, and whose moments they left. */
  #steps = 0;
  #optimiser: OptimiserName = "sgd";
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
      precision = "f32",
      tile,
      denseFrom,
      record = false,
    }: WasmEngineOptions,
  ) {
    const plan = compilePlan(spec, { skip, record });
    const most = shards ?? shardCount(batchSize);
    const options: CoreOptions = {
      plan,
      seed,
      shards: most,
      skipBound,
      precision,
      ...(tile && { tile }),
      ...(denseFrom && { denseFrom }),
    };
    const lanes = Math.max(1, threads);
    this.threads = threads;
    const tiles = plan.layers[0]!.source === "inputs" ? `, ${tile ?? TILES[precision][0]}` : "";
    this.description = `${describeKernels(kernels)}${tiles}, ${
      threads === 1 ? "1 thread" : `${threads} threads`
    }`;
    this.#spec = spec;
    this.#batchSize = batchSize;
    this.#shards = shards;
    this.#layout = layOut(plan);
    const below = plan.layers.slice(0, -1).reduce((sum, { units }) => sum + units, 0);
    this.#shared = shareState({
      size: this.#layout.size,
      shards: most,
      batchSize,
      classes: plan.classes,
      lanes,
      unitsBelow: below,
      threaded: threads > 0,
    });
    this.#waiting = Array.from({ length: lanes }, () => []);
    const open = threads > 0 ? openWorker : openLocal;
    for (let lane = 0; lane < lanes; lane++) {
      this.#channels.push(open({ kernels, options, shared: this.#shared, lane, lanes }, {
        answer: (reply) => this.#answer(lane, reply),
        fail: (error) => this.#fail(error),
      }));
    }
  }

  setParameters(parameters: Parameters): Promise<void> {
    return this.#runAlone(() => {
      this.#shared.parameters.set(toLayout(this.#layout, parameters));
      for (const moment of this.#shared.moments) moment.fill(0);
      this.#steps = 0;
    });
  }

  getParameters(): Promise<Parameters> {
    return this.#runAlone(() => fromLayout(this.#layout, this.#shared.parameters));
  }

  getState(): Promise<EngineState> {
    return this.#runAlone(() => ({
      parameters: fromLayout(this.#layout, this.#shared.parameters),
      moments: new Map(
        momentsOf(this.#optimiser).map((
          name,
          i,
        ) => [name, fromLayout(this.#layout, this.#shared.moments[i]!)]),
      ),
      steps: this.#steps,
    }));
  }

  setState({ parameters, moments, steps }: EngineState): Promise<void> {
    return this.#runAlone(() => {
      const optimiser = optimiserOf(moments.keys());
      const taken = toLayout(this.#layout, parameters);
      const remembered = momentsOf(optimiser).map((name) => toLayout(this.#layout, moments.get(name)!));
      this.#shared.parameters.set(taken);
      remembered.forEach((moment, i) => this.#shared.moments[i]!.set(moment));
      this.#optimiser = optimiser;
      this.#steps = steps;
    });
  }

  train(batch: Batch, step: Step): Promise<BatchResult> {
    const message = (job: Job): LaneMessage => {
      const complete = completeStep(step);
      this.#takeOptimiser(complete.kind);
      return { kind: "train", job, step: complete, number: ++this.#steps };
    };
    return this.#run(batch, message, (job) => this.#sum(batch, job));
  }

  evaluate(batch: Batch): Promise<BatchResult> {
    return this.#run(batch, (job) => ({ kind: "evaluate", job }), (job) => this.#sum(batch, job));
  }

  classify(batch: Batch): Promise<Classification> {
    return this.#run(batch, (job) => ({ kind: "evaluate", job }), ({ slot, indices: { length } }) => {
      const { logits, predictions, spikes } = this.#shared.results[slot];
      return { // copies, which are never shared memory
        logits: Float32Array.from(logits.subarray(0, length * classesOf(this.#spec))),
        predictions: Uint8Array.from(predictions.subarray(0, length)),
        spikes: Int32Array.from(spikes.subarray(0, length)),
      };
    });
  }

  trace(batch: Batch): Promise<SampleTrace> {
    const message = (job: Job): LaneMessage => ({ kind: "trace", job });
    return this.#run(batch, message, (_job, { trace }) => trace!, 1);
  }

  close(): void {
    this.#fail(new EngineError("the engine has been closed"));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Two batches may be under way, the one in work and the next, so that no thread waits for a message. */
  #run<Result>(
    batch: Batch,
    message: (job: Job) => LaneMessage,
    result: (job: Job, reply: LaneReply) => Result,
    lanes = this.#channels.length,
  ): Promise<Result> {
    const slot = this.#jobCount++ % 2 === 0 ? 0 : 1;
    const before = [this.#jobs[slot], this.#alone];
    const call = (async () => {
      await Promise.all(before);
      if (this.#failure) throw this.#failure;
      const job = this.#job(batch, slot);
      this.#shared.control[1 + slot] = 0;
      return result(job, await this.#handOut(message(job), lanes));
    })();
    this.#jobs[slot] = call.catch(() => {});
    return call;
  }

  /** Between the calls made before and those made after. */
  #runAlone<Result>(work: () => Result): Promise<Result> {
    const before = [...this.#jobs, this.#alone];
    const call = (async () => {
      await Promise.all(before);
      if (this.#failure) throw this.#failure;
      return work();
    })();
    this.#alone = call.catch(() => {});
    return call;
  }

  /** Goes on with this optimiser, if the moments are its own or there are none yet. */
  #takeOptimiser(kind: OptimiserName): void {
    if (!findsMoments(kind, { kind: this.#optimiser, steps: this.#steps })) {
      for (const moment of this.#shared.moments) moment.fill(0);
    }
    this.#optimiser = kind;
  }

  #job(batch: Batch, slot: 0 | 1): Job {
    const { samples, indices, purpose, epoch, augmentation } = batch;
    checkBatch(batch, this.#batchSize);
    let id = this.#sampleIds.get(samples);
    if (id === undefined) {
      checkSamples(samples, this.#spec);
      id = this.#sampleIds.size;
      this.#sampleIds.set(samples, id);
      for (const channel of this.#channels) channel.post({ kind: "samples", id, samples });
    }
    const shards = Math.min(this.#shards ?? shardCount(indices.length), indices.length);
    return { samples: id, indices, purpose, epoch, ...(augmentation && { augmentation }), slot, shards };
  }

  #handOut(message: LaneMessage, lanes: number): Promise<LaneReply> {
    return new Promise((finish, fail) => {
      const call: Pending = { lanes, finish, fail };
      for (let lane = 0; lane < lanes; lane++) {
        this.#waiting[lane]!.push(call);
        this.#channels[lane]!.post(message);
      }
    });
  }

  #answer(lane: number, reply: LaneReply): void {
    const call = this.#waiting[lane]!.shift();
    if (call && --call.lanes === 0) call.finish(reply);
  }

  #sum({ samples, indices }: Batch, { slot }: Job): BatchResult {
    const { losses, predictions, spikes, unitSpikes } = this.#shared.results[slot];
    let loss = 0, correct = 0, fired = 0;
    for (let i = 0; i < indices.length; i++) {
      loss += losses[i]!;
      fired += spikes[i]!;
      if (predictions[i] === samples.labels[indices[i]!]) correct++;
    }
    let first = 0;
    return {
      loss,
      correct,
      total: indices.length,
      spikes: fired,
      unitSpikes: this.#spec.layers.slice(0, -1).map(({ units }) => {
        const sums = new Uint32Array(units);
        for (const lane of unitSpikes) for (let i = 0; i < units; i++) sums[i]! += lane[first + i]!;
        first += units;
        return sums;
      }),
    };
  }

  #fail(error: EngineError): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const channel of this.#channels) channel.close();
    for (const calls of this.#waiting) for (const { fail } of calls.splice(0)) fail(error);
  }
}

/** The build in words, and whether its multiply-adds are fused on this machine: what the bits of a result depend on. */
export function describeKernels({ variant, module }: KernelModule): string {
  if (variant === "plain") return "WASM SIMD128";
  return `WASM relaxed SIMD${instantiate(module).fuses() ? ", fused multiply-adds" : ""}`;
}

/** How much there is to share. */
interface SharedSizes {
  /** Floats of the parameters. */
  readonly size: number;
  readonly shards: number;
  readonly batchSize: number;
  readonly classes: number;
  readonly lanes: number;
  /** Units of the layers below the top. */
  readonly unitsBelow: number;
  readonly threaded: boolean;
}

function shareState(sizes: SharedSizes): SharedState {
  const { size, shards, batchSize, classes, lanes, unitsBelow, threaded } = sizes;
  const bytes = (n: number) => threaded ? new SharedArrayBuffer(n) : new ArrayBuffer(n);
  const floats = (n: number) => new Float32Array(bytes(4 * n));
  const results = () => ({
    losses: new Float64Array(bytes(8 * batchSize)),
    logits: floats(batchSize * classes),
    predictions: new Uint8Array(bytes(batchSize)),
    spikes: new Int32Array(bytes(4 * batchSize)),
    unitSpikes: Array.from({ length: lanes }, () => new Uint32Array(bytes(4 * unitsBelow))),
  });
  return {
    control: new Int32Array(bytes(12)),
    parameters: floats(size),
    moments: [floats(size), floats(size)],
    squares: new Float64Array(bytes(8 * Math.ceil(size / NORM_FLOATS))),
    shards: Array.from({ length: shards }, () => floats(size)),
    results: [results(), results()],
  };
}
