/** The options of how to train. */
import { Command } from "@commander-js/extra-typings";
import { defined } from "../defined.ts";
import { OptionError } from "../errors.ts";
import { type Recipe } from "../training/presets.ts";
import type { RunOptions } from "../runs/run.ts";
import { type Schedule, SCHEDULES } from "../training/schedule.ts";
import { type OptionsOf, withOptions } from "./command.ts";
import type { MachineOptions } from "./machine_options.ts";
import { type StartOptions, startOptions } from "./start_options.ts";
import { optimizerOptions, updateOf } from "./optimizer_options.ts";
import { choiceOption, numberOption, numbers, wholeNumbers } from "./option_values.ts";

const shares = numbers("above 0, below 1", (value) => value > 0 && value < 1);

const batches = new Command()
  .optionsGroup("Training:")
  .addOption(
    numberOption("--epochs <number>", "passes over the training set", wholeNumbers(1, 10_000)).default(1),
  )
  .addOption(
    numberOption("--batch-size <number>", "samples of a batch", wholeNumbers(1, 60_000)).default(1000),
  );
const rates = withOptions(batches, optimizerOptions)
  .addOption(
    choiceOption("--schedule <name>", "how the learning rate changes", SCHEDULES)
      .default("constant" as const, "constant"),
  )
  .addOption(
    numberOption(
      "--drop-every <number>",
      "epochs after which --schedule step lowers the rate",
      wholeNumbers(1, 10_000),
      "a third of --epochs",
    ),
  )
  .addOption(
    numberOption("--drop-factor <number>", "what --schedule step multiplies the rate by", shares, "0.1"),
  )
  .addOption(
    numberOption("--warm-up <number>", "batches in which the rate rises at the beginning", wholeNumbers(0))
      .default(0),
  );

/** The options of training but `--seed`, which a command of several seeds describes otherwise. */
export const trainingOptions = withOptions(rates, startOptions)
  .addOption(
    numberOption(
      "--limit <number>",
      "train on the first N of the shuffled training set",
      wholeNumbers(1),
      "all",
    ),
  )
  .addOption(
    numberOption(
      "--validation <number>",
      "share of the training set held back, measured each epoch",
      shares,
      "none",
    ),
  )
  .addOption(
    numberOption(
      "--patience <number>",
      "stop after N epochs without a better one, and take the best",
      wholeNumbers(1, 10_000),
      "never",
    ),
  );

/** The values of the options of training and of the machine. */
export type TrainingOptions = OptionsOf<typeof trainingOptions> & MachineOptions;

/** The schedule of the options. @throws {OptionError} when they do not go together. */
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
  const { epochs, batchSize, augment, threads, engine, gpuMemory, precision = "f32", skip, tune } = options;
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
    ...defined({ limit, validation, patience, data }),
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
