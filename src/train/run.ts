/**
 * A whole run: data, engine, training, evaluation, and the folder that keeps it.
 *
 * @module
 */
import process from "node:process";
import type { Augmentation } from "../data/augment.ts";
import { openDataSource } from "../data/data_source.ts";
import type { Samples } from "../data/samples.ts";
import { checkWritable, writeFileAtomic } from "../data/write_file.ts";
import { createEngine, type EngineName } from "../engine/choose.ts";
import type { Step } from "../engine/engine.ts";
import type { Precision } from "../engine/wasm/input_product.ts";
import { type CompleteStep, completeStep } from "../engine/optimiser.ts";
import { EngineError, InputError } from "../errors.ts";
import { initialParameters } from "../network/initialise.ts";
import { encodeModel, hashParameters } from "../network/model_file.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { checkFit } from "./fit.ts";
import { createNamedFolder, createRunFolder } from "./run_folder.ts";
import { type LayerStart, startFromData } from "./start.ts";
import { type BatchReport, evaluate, type Score, train } from "./trainer.ts";
import { VERSION } from "../version.ts";

/** What to train on, and what to measure with. */
export interface DataSet {
  readonly train: Samples;
  readonly test: Samples;
}

/**
 * Loads both parts of a data set.
 *
 * @throws {InputError} when a file is missing or damaged, or the parts' samples are of different forms.
 */
export async function loadDataSet(folder?: string): Promise<DataSet> {
  const source = await openDataSource(folder);
  const [train, test] = [await source.load("train"), await source.load("test")];
  if (train.size !== test.size || train.steps !== test.steps) {
    const [first, second] = [train, test].map(({ name, size, steps }) =>
      `${name} has ${size} numbers a sample${steps === undefined ? "" : ` in ${steps} steps`}`
    );
    throw new InputError(`${first}, but ${second}: expected as many: take both parts from one source`);
  }
  return { train, test };
}

/** What to train, on what, and where to keep it. */
export interface RunOptions {
  /** What the run calls its network: a preset's name. */
  readonly model: string;
  readonly spec: NetworkSpec;
  readonly epochs: number;
  readonly batchSize: number;
  readonly step: Step;
  /** How pictures are moved each time they are learned from. @default {not at all} */
  readonly augmentation?: Augmentation;
  /** Scale first weights so that each hidden layer fires at this rate. @default {they stay as Xavier draws them} */
  readonly startRate?: number;
  readonly seed: number;
  readonly threads: number;
  readonly engine: EngineName;
  /** MiB of the GPU's memory to take at most. @default {1024} */
  readonly gpuMemory?: number;
  /** What the product with noise-coded inputs is computed in. @default {"f32"} */
  readonly precision?: Precision;
  /** Leave out units that provably will not spike. @default {true} */
  readonly skip?: boolean;
  /** Use the kernels that are the fastest on this machine. @default {false} */
  readonly tune?: boolean;
  /** Train on the first N of the shuffled training set only. */
  readonly limit?: number;
  /** Folder of a data set; see `openDataSource`. @default {MNIST} */
  readonly data?: string;
  /** The data themselves, where they have been loaded already. */
  readonly samples?: DataSet;
  /** The run's folder below `runs/`; `false` keeps nothing. @default {the model and the time} */
  readonly name?: string | false;
  /** Also write the model to this file. */
  readonly out?: string;
}

/** Who wants to hear how a run goes. */
export interface RunObserver {
  /** Everything is loaded; the first batch begins. */
  onStart?(
    begun: {
      engine: string;
      threads: number;
      samples: number;
      start?: readonly LayerStart[];
      directory?: string;
    },
  ): void;
  onBatch?(report: BatchReport): void;
  onEvaluate?(done: number, total: number): void;
  /** What the engine `auto` has to say, in one line: what it measured, or that it goes on with another. */
  onNotice?(line: string): void;
}

/** What a run came to: the last line of `train --json`, and part of `run.json`. */
export interface RunSummary {
  readonly name: string;
  readonly dir: string;
  readonly model: string;
  readonly engine: string;
  readonly threads: number;
  readonly seed: number;
  readonly epochs: number;
  /** Samples of one epoch. */
  readonly trainSamples: number;
  /** Training alone. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** The most memory that the process has had. */
  readonly peakRssMiB: number;
  /** SHA-256 of all weights' bytes in file order. */
  readonly weightsSha256: string;
  /** Over the last epoch, each sample as it was when it was met. */
  readonly train: { readonly loss: number; readonly accuracy: number };
  /** On the test set, after training. */
  readonly test: Score;
}

/**
 * Trains a network, measures it on the test set and keeps it.
 *
 * @throws {InputError} when data are missing or damaged, or the run's files cannot be written.
 * @throws {EngineError} when the engine cannot be had, or the weights have become infinite or NaN.
 */
export async function runTraining(options: RunOptions, observer: RunObserver = {}): Promise<RunSummary> {
  const { model, spec, epochs, batchSize, augmentation, startRate, seed, threads, limit, data } = options;
  const step = completeStep(options.step);
  const { precision = "f32", skip = true, tune = false } = options;
  if (options.out !== undefined) await checkWritable(options.out);
  // All data first: their faults are to be found before anything is begun.
  const { train: samples, test: testSamples } = options.samples ?? await loadDataSet(data);
  for (const part of [samples, testSamples]) {
    checkFit(spec, model, part, "give data of this form, or another network");
  }
  if (augmentation) checkPictures(samples);
  const notices: string[] = [];
  using engine = await createEngine({
    spec,
    engine: options.engine,
    threads,
    seed,
    batchSize: Math.max(batchSize, 1000),
    usualBatchSize: batchSize,
    precision,
    skip,
    tune,
    ...(options.gpuMemory !== undefined && { gpuMemory: options.gpuMemory }),
    onNotice(line) {
      notices.push(line);
      observer.onNotice?.(line);
    },
  });
  const { name } = options;
  const folder = name === false
    ? undefined
    : await (name === undefined ? createNamedFolder(model) : createRunFolder(name));
  const record = {
    state: "running",
    version: VERSION,
    started: new Date().toISOString(),
    options: {
      ...options,
      step: describeStep(step),
      augmentation: augmentation ?? null,
      startRate: startRate ?? null,
      samples: undefined,
      out: options.out ?? null,
      data: data ?? null,
      limit: limit ?? null,
    },
    kernels: engine.description,
    deno: Deno.version,
  };
  try {
    await folder?.writeRecord(record);
    const start = startRate === undefined
      ? { parameters: initialParameters(spec, seed), layers: undefined }
      : await startFromData(spec, samples, { seed, rate: startRate, engine: options.engine });
    await engine.setParameters(start.parameters);
    observer.onStart?.({
      engine: engine.description,
      threads,
      samples: Math.min(limit ?? samples.count, samples.count),
      ...(start.layers && { start: start.layers }),
      ...(folder && { directory: folder.directory }),
    });
    const hidden = spec.layers.slice(0, -1).reduce((sum, layer) => sum + layer.units, 0);
    const training = await train(engine, {
      samples,
      epochs,
      batchSize,
      step,
      ...(augmentation && { augmentation }),
      seed,
      ...(limit !== undefined && { limit }),
      unitSteps: hidden * spec.steps,
      onBatch(report) {
        const { epoch, batch, score, firingRate, seconds } = report;
        folder?.appendMetrics({
          epoch,
          batch,
          samples: score.total,
          loss: score.loss,
          accuracy: score.accuracy,
          firingRate,
          seconds,
        });
        observer.onBatch?.(report);
      },
    });
    const parameters = await engine.getParameters();
    checkFinite(parameters);
    const test = await evaluate(engine, testSamples, 1000, observer.onEvaluate);
    const weightsSha256 = await hashParameters(parameters);
    const summary: RunSummary = {
      name: folder?.name ?? "",
      dir: folder?.directory ?? "",
      model,
      engine: engine.name,
      threads,
      seed,
      epochs,
      trainSamples: training.samples,
      seconds: training.seconds,
      samplesPerSecond: training.samplesPerSecond,
      peakRssMiB: peakMemory(),
      weightsSha256,
      train: { loss: training.score.loss, accuracy: training.score.accuracy },
      test,
    };
    const metadata = {
      model,
      seed: String(seed),
      epochs: String(epochs),
      precision,
      optimizer: JSON.stringify(describeStep(step)),
      ...(augmentation && { augmentation: JSON.stringify(augmentation) }),
      start: startRate === undefined ? "xavier" : `rate ${startRate}`,
      accuracy: String(test.accuracy),
      weightsSha256,
    };
    const bytes = encodeModel({ spec, parameters, metadata });
    await folder?.writeModel(bytes);
    if (options.out !== undefined) await writeFileAtomic(options.out, bytes);
    await folder?.writeRecord({
      ...record,
      state: "finished",
      finished: new Date().toISOString(),
      kernels: engine.description,
      notices,
      ...(start.layers && { start: start.layers }),
      result: summary,
    });
    return summary;
  } catch (error) {
    await folder?.writeRecord({
      ...record,
      state: "failed",
      finished: new Date().toISOString(),
      error: error instanceof Error ? error.message : String(error),
    }).catch(() => {}); // the disk may be what has failed: the first error says more than the second
    throw error;
  } finally {
    folder?.close();
  }
}

/** What of a step is worth keeping: all but a clip that clips nothing, which JSON has no number for. */
function describeStep({ clip, ...rest }: CompleteStep): Record<string, unknown> {
  return { ...rest, ...(Number.isFinite(clip) && { clip }) };
}

function checkPictures({ name, picture, features }: Samples): void {
  if (picture && features instanceof Uint8Array) return;
  throw new InputError(`${name}: only pictures can be augmented, and these are none: leave --augment out`);
}

/** The most memory that the process has had, in MiB; what it has now, where the runtime does not say (Deno before 2.9). */
function peakMemory(): number {
  const { resourceUsage } = process;
  const bytes = typeof resourceUsage === "function" ? 1024 * resourceUsage().maxRSS : Deno.memoryUsage().rss;
  return Math.round(bytes / 2 ** 20);
}

function checkFinite(parameters: ReadonlyMap<string, Float32Array>): void {
  for (const [name, values] of parameters) {
    if (values.some((value) => !Number.isFinite(value))) {
      throw new EngineError(
        `${name} has become infinite or NaN: training diverged, nothing was saved; try a lower --learning-rate`,
      );
    }
  }
}
