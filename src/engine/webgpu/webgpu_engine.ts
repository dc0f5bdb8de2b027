/**
 * The WebGPU engine: a plan's operations on the device, from the draws to the optimizer's update.
 *
 * The device receives pixels and returns three numbers a sample; parameters are read on request. Each call records its work at once, in
 * order, and awaits only its result, so nothing is awaited between two batches.
 */
import { SAMPLE_INFO, SAMPLE_INFO_COLUMNS } from "../../../asm/scan.wgsl.ts";
import { SCORE, SCORES } from "../../../asm/scores.wgsl.ts";
import { SampleFeatures } from "../../data/augment.ts";
import type { Samples } from "../../data/samples.ts";
import { EngineError, OptionError } from "../../errors.ts";
import { initialParameters } from "../../network/initialise.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../network/spec.ts";
import { structureOf } from "../../network/structure.ts";
import { drawKey } from "../../random.ts";
import {
  checkBatch,
  checkEngineOptions,
  checkSamples,
  checkState,
  checkWeights,
  noStates,
} from "../checks.ts";
import {
  type Batch,
  type BatchResult,
  type Classification,
  type Engine,
  type EngineState,
  type MemoryNeeds,
  MOST_TRACED,
  type Parameters,
  type SampleTrace,
  type Update,
} from "../engine.ts";
import type { FoundAdapter, Gpu } from "../gpu/adapter.ts";
import type { Backend, DeviceCounts, DeviceMemory, Tensor } from "../gpu/backend.ts";
import { packSamples, uploadPixels } from "../gpu/encoding.ts";
import { samplesThatFit } from "../gpu/memory.ts";
import { openBackend } from "../gpu/tfjs_backend.ts";
import {
  checkAverage,
  type CompleteUpdate,
  completeUpdate,
  findsMoments,
  momentsOf,
  type OptimizerName,
  optimizerOf,
} from "../optimizer.ts";
import { compilePlan, readStepsOf } from "../plan/compile.ts";
import type { Plan } from "../plan/plan.ts";
import { stepsOf } from "../plan/readers.ts";
import { checkTogether, cutBatch, memoryNeedOf } from "./micro_batches.ts";
import { layerNorms, updateParameters } from "./device_optimizer.ts";
import { DeviceParameters } from "./device_parameters.ts";
import { checkTurns } from "./loop_turns.ts";
import { kernelsOf } from "./neurons.ts";
import { operatorKernelsOf } from "./operators.ts";
import type { DeviceContext, MicroBatch } from "./device_context.ts";
import { ForwardPass } from "./forward.ts";
import { BackwardPass } from "./backward.ts";

/** Options of a WebGPU engine. */
export interface WebGpuEngineOptions {
  /** The network. */
  readonly spec: NetworkSpec;
  /** Seed of all draws. @default {0} */
  readonly seed?: number;
  /** The most samples that a batch will have. @default {1000} */
  readonly batchSize?: number;
  /** The most MiB of the device's memory; the result's bits depend on it. @default {1024} */
  readonly gpuMemory?: number;
  /** Store all states, for {@linkcode Engine.trace}. @default {false} */
  readonly recordStates?: boolean;
  /** The source of adapters. @default {the runtime's WebGPU} */
  readonly gpu?: Gpu;
  /** The adapter. @default {the fastest} */
  readonly adapter?: FoundAdapter;
}

/** An engine on a device, with counts of the device's work. */
export interface WebGpuEngine extends Engine, Disposable {
  /** Work of the device so far. */
  readonly counts: DeviceCounts;
  /** Memory of the device in use. */
  readonly memory: DeviceMemory;
}

/**
 * Makes a WebGPU engine.
 *
 * @throws {EngineError} when there is no adapter, it refuses, or the network is too large for it.
 * @throws {OptionError} when an option is out of its range.
 * @throws {InputError} when the network's description is none.
 *
 * @example
 * ```ts ignore
 * import { createWebGpuEngine, initialParameters, notebookNetwork } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ inputs: 4, hidden: 8, classes: 2, steps: 16 });
 * using engine = await createWebGpuEngine({ spec });
 * await engine.setParameters(initialParameters(spec, 0));
 * ```
 */
export async function createWebGpuEngine(options: WebGpuEngineOptions): Promise<WebGpuEngine> {
  checkEngineOptions(options);
  const { gpu, adapter, recordStates = false, gpuMemory, batchSize = 1000 } = options;
  const spec = parseNetworkSpec(options.spec);
  const backend = await openBackend({ gpu, adapter });
  try {
    const plan = compilePlan(spec, { target: { events: false }, recordStates });
    checkTurns(backend.adapter, plan);
    const need = (samples: number) => memoryNeedOf(plan, samples, recordStates);
    const most = samplesThatFit(backend.adapter, need, 2 * batchSize, gpuMemory);
    return new DeviceEngine(backend, spec, plan, most, options);
  } catch (error) {
    backend.close();
    throw error;
  }
}

class DeviceEngine implements WebGpuEngine {
  readonly name = "webgpu";
  readonly description: string;
  readonly kernels: string;
  readonly threads = 0;
  readonly spec: NetworkSpec;
  readonly batchSize: number;
  readonly needs: MemoryNeeds;
  readonly #backend: Backend;
  readonly #plan: Plan;
  readonly #context: DeviceContext;
  readonly #seed: number;
  /** The most samples of a micro-batch. */
  readonly #most: number;
  readonly #known = new WeakSet<Samples>();
  /** The micro-batches for which the device's buffers are sized. */
  #fitted = { samples: 0, withGradient: false };
  readonly #sources: SampleFeatures;
  #hasParameters = false;
  #updates = 0;
  /** The optimizer of the current moments. */
  #optimizer: OptimizerName = "sgd";

  constructor(
    backend: Backend,
    spec: NetworkSpec,
    plan: Plan,
    most: number,
    { seed = 0, batchSize = 1000, recordStates = false }: WebGpuEngineOptions,
  ) {
    const { name, isSoftware } = backend.adapter;
    this.description = this.kernels = `WebGPU on ${name}${isSoftware ? ", a software adapter" : ""}`;
    this.spec = spec;
    this.#backend = backend;
    this.#plan = plan;
    this.#most = most;
    this.#seed = seed;
    this.batchSize = batchSize;
    this.needs = { thread: 0, batch: memoryNeedOf(plan, most, recordStates).total };
    const neurons = plan.populations.map((population) => kernelsOf(plan, population));
    this.#context = {
      backend,
      plan,
      recordStates,
      parameters: new DeviceParameters(backend, plan.tensors),
      neurons,
      operators: plan.operators.map((operator) => operatorKernelsOf(plan, operator)),
      constants: plan.populations.map(({ constants, units }) => {
        const rows = constants.flatMap(({ value }) => Array<number>(units).fill(value));
        return backend.upload(Float32Array.from(rows), [constants.length, units]);
      }),
      vectorOf: vectorsOn(backend, plan),
      pixels: uploadPixels(backend, plan.spec),
      placeholder: backend.upload(Float32Array.of(0), [1]),
    };
    this.#sources = new SampleFeatures(seed);
  }

  get counts(): DeviceCounts {
    return { ...this.#backend.counts };
  }

  get memory(): DeviceMemory {
    return this.#backend.memory;
  }

  setParameters(parameters: Parameters): Promise<void> {
    return this.#call(() => this.#takeParameters(parameters));
  }

  getParameters(): Promise<Parameters> {
    return this.#call(async () => {
      this.#begin();
      return (await this.#context.parameters.read())[0]!;
    });
  }

  getState(): Promise<EngineState> {
    return this.#call(async () => {
      this.#begin();
      const names = momentsOf(this.#optimizer), updates = this.#updates;
      const [parameters, ...rest] = await this.#context.parameters.read(names.length);
      const average = rest[names.length];
      return {
        parameters: parameters!,
        moments: new Map(names.map((name, i) => [name, rest[i]!])),
        ...(average && { average }),
        updates,
      };
    });
  }

  setState(state: EngineState): Promise<void> {
    return this.#call(() => {
      checkState(state);
      const { parameters, moments, average, updates } = state;
      const optimizer = optimizerOf(moments.keys());
      const ofOptimizer = momentsOf(optimizer).map((name) => moments.get(name)!);
      this.#context.parameters.set(parameters, ofOptimizer, average);
      this.#optimizer = optimizer;
      this.#updates = updates;
      this.#hasParameters = true;
    });
  }

  train(batch: Batch, update: Update): Promise<BatchResult> {
    return this.#call(() => {
      const complete = completeUpdate(update);
      this.#check(batch);
      checkTogether(this.#plan, batch.indices.length, this.#most);
      const { parameters } = this.#context, updates = this.#updates;
      checkAverage(complete, { isKept: parameters.keepsAverage, updates });
      if (!findsMoments(complete.kind, { kind: this.#optimizer, updates })) parameters.clearMoments();
      if (complete.ema === 0) parameters.dropAverage();
      this.#optimizer = complete.kind;
      return this.#sum(batch, complete);
    });
  }

  evaluate(batch: Batch): Promise<BatchResult> {
    return this.#call(() => this.#sum(batch));
  }

  classify(batch: Batch): Promise<Classification> {
    return this.#call(() => this.#classify(batch));
  }

  trace(batch: Batch): Promise<SampleTrace> {
    if (!this.#context.recordStates) return Promise.reject(noStates());
    return this.#call(() => this.#trace(batch));
  }

  close(): void {
    this.#backend.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #takeParameters(parameters: Parameters): void {
    checkWeights(parameters);
    this.#context.parameters.set(parameters);
    this.#updates = 0;
    this.#hasParameters = true;
  }

  /** Draws initial parameters, unless there are parameters. */
  #begin(): void {
    if (!this.#hasParameters) this.#takeParameters(initialParameters(this.spec, this.#seed));
  }

  /**
   * Runs `work` synchronously up to its first await, so that the device gets work in the order of the calls. Errors of a call reject its
   * promise as they are; any other becomes an EngineError.
   */
  async #call<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    try {
      this.#backend.check();
      return await work();
    } catch (cause) {
      if (cause instanceof EngineError || cause instanceof OptionError || cause instanceof RangeError) {
        throw cause;
      }
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError(`the engine stopped: ${message}`, { cause });
    }
  }

  /** Forward pass of a batch; with an update also backward pass and update of the parameters. */
  async #sum(batch: Batch, update?: CompleteUpdate): Promise<BatchResult> {
    this.#check(batch);
    const backend = this.#backend;
    const scores = backend.allocate("i32", [batch.indices.length, SCORES]);
    const { hidden, populations } = structureOf(this.spec);
    const hiddenUnits = hidden.reduce((sum, { units }) => sum + units, 0);
    const unitSpikes = backend.allocate("i32", [Math.max(1, hiddenUnits)]);
    this.#present(batch, { scores, logits: undefined, unitSpikes, withGradient: update !== undefined });
    const { all } = this.#context.parameters;
    const squares = update
      ? updateParameters(backend, all, update, ++this.#updates)
      : this.#context.placeholder;
    const read = backend.read(scores, unitSpikes, squares);
    backend.release(scores, unitSpikes, ...(update ? [squares] : []));
    const [numbers, fired, summed] = await read;
    let first = 0;
    return {
      ...(update && { gradientNorms: layerNorms(all, summed, populations.length) }),
      ...sumScores(numbers, batch.indices, batch.samples),
      unitSpikes: hidden.map(({ units }) => Uint32Array.from(fired.subarray(first, first += units))),
    };
  }

  async #classify(batch: Batch): Promise<Classification> {
    this.#check(batch);
    const backend = this.#backend, count = batch.indices.length;
    const scores = backend.allocate("i32", [count, SCORES]),
      logits = backend.allocate("f32", [count, this.#plan.classes]);
    this.#present(batch, { scores, logits, unitSpikes: undefined, withGradient: false });
    const read = backend.read(logits, scores);
    backend.release(logits, scores);
    const [readout, numbers] = await read;
    return {
      logits: readout,
      predictions: Uint8Array.from({ length: count }, (_, i) => numbers[SCORES * i + SCORE.prediction]!),
      spikes: Int32Array.from({ length: count }, (_, i) => numbers[SCORES * i + SCORE.spikes]!),
    };
  }

  /** Records a batch's work, except the optimizer's update. */
  #present(
    batch: Batch,
    wanted: Pick<MicroBatch, "scores" | "logits" | "unitSpikes" | "withGradient">,
  ): void {
    const backend = this.#backend, { indices } = batch, { withGradient } = wanted;
    const { microBatches, ...cut } = cutBatch(indices.length, this.#plan, this.#most);
    this.#fit(cut.samples, withGradient);
    for (const [from, to] of microBatches) {
      backend.scoped(() => {
        const microBatch = this.#microBatchOf({ ...batch, indices: indices.subarray(from, to) }, {
          ...cut,
          ...wanted,
          share: 1 / indices.length,
          isFirst: from === 0,
          offset: from,
        });
        const forward = new ForwardPass(this.#context, microBatch).run();
        if (withGradient) new BackwardPass(this.#context, microBatch, forward).run();
        backend.flush(); // before its tensors are released, so that the next micro-batch can reuse their buffers
      });
    }
  }

  async #trace(batch: Batch): Promise<SampleTrace> {
    const { populations, classes, spec } = this.#plan;
    const first = { ...batch, indices: batch.indices.slice(0, 1) };
    this.#check(first);
    this.#fit(1, false);
    const backend = this.#backend;
    const { scanned, read } = backend.scoped(() => {
      const cut = {
        samples: 1,
        reductionGroups: 1,
        share: 1,
        withGradient: false,
        isFirst: true,
        logits: undefined,
        unitSpikes: undefined,
        offset: 0,
      };
      const microBatch = this.#microBatchOf(first, { ...cut, scores: backend.allocate("i32", [1, SCORES]) });
      const { scanned, logits, losses } = new ForwardPass(this.#context, microBatch).run();
      return { scanned, read: backend.read(logits, losses, ...scanned.map(({ tensor }) => tensor)) };
    });
    const [logits, losses, ...states] = await read;
    const steps = batch.samples.lengths?.[first.indices[0]!] ?? spec.steps;
    const rows = (index: number, at: number) =>
      states[index]!.slice(at, at + steps * populations[index]!.units);
    return {
      outputs: populations.map(({ index }) => rows(index, 0)),
      // v = u' − θ; 0 in a layer whose neuron fires no spikes.
      spikes: populations.map(({ index, firesMany }) =>
        firesMany
          ? Uint8Array.from(rows(index, 0), (o) => Math.min(o, MOST_TRACED))
          : Uint8Array.from(rows(index, scanned[index]!.distancesAt), (v) => v > 0 ? 1 : 0)
      ),
      potentials: populations.map(({ index }) => rows(index, scanned[index]!.potentialsAt)),
      currents: populations.map(({ index }) => rows(index, scanned[index]!.currentsAt)),
      logits: logits.slice(0, classes),
      logProbabilities: losses.slice(classes, 2 * classes),
      loss: losses[2 * classes]!,
    };
  }

  #check(batch: Batch): void {
    this.#begin();
    checkBatch(batch, this.batchSize);
    if (this.#known.has(batch.samples)) return;
    checkSamples(batch.samples, this.spec);
    this.#known.add(batch.samples);
  }

  /** Frees reusable buffers when the size of micro-batches changes. */
  #fit(samples: number, withGradient: boolean): void {
    if (samples !== this.#fitted.samples || withGradient !== this.#fitted.withGradient) this.#backend.trim();
    this.#fitted = { samples, withGradient };
  }

  #microBatchOf(
    batch: Batch,
    cut: Omit<MicroBatch, "packed" | "counted" | "sampleInfo" | "keysOf">,
  ): MicroBatch {
    const { plan } = this.#context, { samples, indices, epoch } = batch;
    const sampleInfo = new Int32Array(SAMPLE_INFO_COLUMNS * cut.samples),
      scales = new Float32Array(sampleInfo.buffer);
    for (let i = 0; i < cut.samples; i++) {
      const index = indices[i], steps = index === undefined ? undefined : samples.lengths?.[index];
      const { first, last, zero, scale } = steps === undefined ? plan.readout : readStepsOf(plan.spec, steps);
      const at = SAMPLE_INFO_COLUMNS * i;
      sampleInfo[at + SAMPLE_INFO.label] = index === undefined ? 0 : samples.labels[index]!;
      sampleInfo[at + SAMPLE_INFO.steps] = steps ?? plan.spec.steps;
      sampleInfo[at + SAMPLE_INFO.first] = first;
      sampleInfo[at + SAMPLE_INFO.last] = last;
      sampleInfo[at + SAMPLE_INFO.zero] = zero ? 1 : 0;
      scales[at + SAMPLE_INFO.scale] = scale;
    }
    const { samples: count } = cut;
    const packed = packSamples(plan.spec, batch, { sources: this.#sources, count, seed: this.#seed });
    const keysOf = (stream: number) => {
      const keys = new Int32Array(2 * count);
      indices.forEach((index, i) => {
        const { key0, key1 } = drawKey(this.#seed, stream, epoch, samples.ids?.[index] ?? index);
        keys.set([key0, key1], 2 * i);
      });
      return keys;
    };
    return { ...cut, packed, counted: indices.length, sampleInfo, keysOf };
  }
}

/** Adds up the scores of a batch's samples, in order. */
function sumScores(scores: Int32Array<ArrayBuffer>, indices: Uint32Array, { labels }: Samples): BatchResult {
  const losses = new Float32Array(scores.buffer);
  let loss = 0, correct = 0, spikes = 0;
  indices.forEach((index, i) => {
    loss += losses[SCORES * i + SCORE.loss]!;
    if (scores[SCORES * i + SCORE.prediction] === labels[index]) correct++;
    spikes += scores[SCORES * i + SCORE.spikes]!;
  });
  return { loss, correct, total: indices.length, spikes };
}

/** Uploads every vector of one number that a plan's kernels take, once: currents, and no bias. */
function vectorsOn(backend: Backend, plan: Plan): DeviceContext["vectorOf"] {
  const vectors = new Map<string, Tensor<"f32">>();
  const add = (value: number, units: number) => {
    const key = `${value} ${units}`;
    if (!vectors.has(key)) vectors.set(key, backend.upload(new Float32Array(units).fill(value), [units]));
  };
  for (const { units } of plan.populations) add(0, units);
  for (const step of stepsOf(plan.forward)) {
    if (step.kind === "sum" && step.vector && "value" in step.vector) {
      add(step.vector.value, plan.values[step.into]!.units);
    }
  }
  return (value, units) => vectors.get(`${value} ${units}`)!;
}
