/**
 * `compare`: presets beside each other, over several seeds; the notebook's two where nothing else is said.
 *
 * @module
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type DataForm, dataFormOf } from "../data/data_source.ts";
import { OptionError } from "../errors.ts";
import { type PresetName, presetOf, type SeedOptions } from "../network/presets.ts";
import {
  type ComparedNetwork,
  type ComparedOptions,
  compareNetworks,
  NOTEBOOK,
  type Spread,
} from "../train/compare.ts";
import { loadDataSet } from "../train/run.ts";
import { presetNetwork } from "./chosen_network.ts";
import { alignColumns } from "./columns.ts";
import { createCommand } from "./command.ts";
import { offerMnist } from "./fetching.ts";
import { count, counted, duration, loss, percent } from "../figures.ts";
import { modelsOption } from "./network_options.ts";
import { numberOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import * as optimisers from "./optimiser_options.ts";
import { giveUp } from "./permissions.ts";
import { openProgress } from "./progress.ts";
import * as starts from "./start_options.ts";
import * as options from "./training_options.ts";
import { showTraining } from "./training_progress.ts";

/** Makes the command. */
export function compareCommand(): CommandUnknownOpts {
  return createCommand(
    "compare",
    "Train presets over several seeds: the notebook's network and its dense peer",
    "Prints the notebook's closing table, with mean and spread. Keeps no models. Each preset is trained by its own " +
      "recipe, but for the options that are given, and takes those of the network's options that it has a use for.",
    "--models tuned,dense --seeds 3",
  )
    .addOption(modelsOption)
    .addOption(options.hiddenOption)
    .addOption(options.stepsOption)
    .addOption(options.decayOption)
    .addOption(options.thresholdOption)
    .addOption(options.penaltyOption)
    .addOption(options.beginEvalOption)
    .addOption(
      numberOption("--seeds <number>", "runs of each network", wholeNumbers(1, 1000))
        .default(5).helpGroup("Training:"),
    )
    .addOption(options.firstSeedOption)
    .addOption(options.epochsOption)
    .addOption(options.batchSizeOption)
    .addOption(optimisers.optimizerOption)
    .addOption(optimisers.learningRateOption)
    .addOption(optimisers.momentumOption)
    .addOption(optimisers.beta1Option)
    .addOption(optimisers.beta2Option)
    .addOption(optimisers.weightDecayOption)
    .addOption(optimisers.clipOption)
    .addOption(options.scheduleOption)
    .addOption(options.dropEveryOption)
    .addOption(options.dropFactorOption)
    .addOption(options.warmUpOption)
    .addOption(starts.initOption)
    .addOption(starts.initRateOption)
    .addOption(starts.augmentOption)
    .addOption(options.validationOption)
    .addOption(options.patienceOption)
    .addOption(options.limitOption)
    .addOption(options.dataOption)
    .addOption(options.engineOption)
    .addOption(options.gpuMemoryOption)
    .addOption(options.threadsOption)
    .addOption(options.precisionOption)
    .addOption(options.noSkipOption)
    .addOption(options.noTuneOption)
    .addOption(jsonOption)
    .addOption(quietOption)
    .action(async (given, command) => {
      const { seed, seeds, models } = given;
      if (!Number.isSafeInteger(seed + seeds - 1)) {
        throw new OptionError(
          `--seed ${seed}: expected at most ${
            count(Number.MAX_SAFE_INTEGER - seeds + 1)
          }, for there are ${seeds} --seeds`,
        );
      }
      const isGiven = (option: string) => command.getOptionValueSource(option) === "cli";
      const { say, result } = openOutput(given);
      await offerMnist(given.data, { say }, given);
      await giveUp("net");
      const samples = await loadDataSet(given.data);
      const form = dataFormOf(samples.train, samples.test);
      const networks = models.map((model) => optionsOf(model, given, isGiven, form, samples.train.count));
      using progress = openProgress(given.quiet === true);
      const compared = await compareNetworks({ networks, samples, seeds, seed }, {
        onRun({ options: { model, spec, epochs }, number, of }) {
          const shown = showTraining(progress, `run ${number}/${of} `);
          return {
            ...shown,
            onStart({ engine, samples }) {
              if (number <= models.length) {
                progress.clear();
                say(
                  `${model} network ${options.describeNetwork(spec)}: ${counted(epochs, "epoch")} of ${
                    counted(samples, "sample")
                  }`,
                );
                say(engine);
              }
              shown.begin(epochs);
            },
          };
        },
        onResult({ options: { model }, seed }, { test, validation, seconds }) {
          progress.begin();
          const held = validation === null ? "" : `  held back ${percent(validation.accuracy)}`;
          say(
            `seed ${seed}  ${model.padEnd(longest(models))}  accuracy ${percent(test.accuracy)}  loss ${
              loss(test.loss)
            }${held}  ${duration(seconds)}`,
          );
        },
      });
      say();
      for (const line of table(compared, seeds)) say(line);
      result(report(compared));
    });
}

/** What the command's options come to for one of its presets. @throws {OptionError} when none of them has a use for one. */
function optionsOf(
  model: PresetName,
  written: options.TrainingOptions & starts.StartOptions & Required<SeedOwn> & { models: PresetName[] },
  isGiven: (option: string) => boolean,
  form: DataForm,
  samples: number,
): ComparedOptions {
  const { recipe, takes } = presetOf(model);
  const given = options.fitWarmUp(options.withRecipe(written, recipe, isGiven), isGiven, samples);
  // What is of use to another one of them is passed over here.
  const elsewhere = written.models.flatMap((other) => presetOf(other).takes).filter((option) =>
    !takes.includes(option)
  );
  const isMeant = (option: string) => isGiven(option) && !elsewhere.some((other) => other === option);
  const startRate = starts.startRateOf(given, starts.startOf(model));
  const { data: _data, ...training } = options.trainingOf(given);
  return {
    model,
    spec: presetNetwork(model, written, isMeant, form),
    ...training,
    ...(startRate !== undefined && { startRate }),
  };
}

/** The options of a network that presets share. */
type SeedOwn = Omit<SeedOptions, "inputs" | "classes">;

/** Characters of the longest name. */
function longest(names: readonly string[]): number {
  return Math.max(...names.map(({ length }) => length));
}

/** The notebook's closing table, with mean and spread; what the notebook had is beside it where it had one of these networks. */
function table(compared: readonly ComparedNetwork[], seeds: number): string[] {
  const hasNotebook = compared.some(({ model }) => NOTEBOOK[model] !== undefined);
  const row = (
    name: string,
    { mean, deviation, min, max }: Spread,
    notebook: number | undefined,
    write: (value: number) => string,
  ) => [
    name,
    write(mean),
    seeds > 1 ? `± ${write(deviation)}` : "",
    `${write(min)} – ${write(max)}`,
    ...(hasNotebook ? [notebook === undefined ? "" : write(notebook)] : []),
  ];
  const head = ["test set", "mean", "", "lowest – highest", ...(hasNotebook ? ["notebook"] : [])];
  const body = [
    ...compared.map(({ model, accuracy }) =>
      row(`${model} accuracy`, accuracy, NOTEBOOK[model]?.accuracy, percent)
    ),
    ...compared.flatMap(({ model, validation }) =>
      validation ? [row(`${model} held back`, validation, undefined, percent)] : []
    ),
    ...compared.map((network) =>
      row(`${network.model} loss`, network.loss, NOTEBOOK[network.model]?.loss, loss)
    ),
    ...compared.map(({ model, seconds }) => row(`${model} time`, seconds, undefined, duration)),
  ];
  const lines = alignColumns([head, ...body], ["left", "right", "right", "right", "right"]);
  return [
    ...lines,
    "",
    seeds > 1 ? `Mean ± standard deviation of ${seeds} seeds.` : "One seed shows no spread: try --seeds 5.",
    ...(hasNotebook ? ["The notebook trained each once on MNIST, for one epoch of 60,000 samples."] : []),
  ];
}

/** The same for machines. */
function report(compared: readonly ComparedNetwork[]): Record<string, unknown> {
  return Object.fromEntries(compared.map(({ model, runs, ...spreads }) => [model, {
    ...spreads,
    runs: runs.map(({ name: _name, dir: _dir, ...run }) => run),
  }]));
}
