/**
 * `compare`: the spiking network beside its dense peer, over several seeds.
 *
 * @module
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { dataFormOf } from "../data/data_source.ts";
import { OptionError } from "../errors.ts";
import { type ComparedNetwork, compareNetworks, NOTEBOOK, type Spread } from "../train/compare.ts";
import { loadDataSet } from "../train/run.ts";
import { alignColumns } from "./columns.ts";
import { createCommand } from "./command.ts";
import { offerMnist } from "./fetching.ts";
import { count, counted, duration, loss, percent } from "./figures.ts";
import { presetNetwork } from "./network_options.ts";
import { numberOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import * as optimisers from "./optimiser_options.ts";
import { giveUp } from "./permissions.ts";
import { openProgress } from "./progress.ts";
import { augmentOption } from "./start_options.ts";
import * as options from "./training_options.ts";
import { showTraining } from "./training_progress.ts";

/** Makes the command. */
export function compareCommand(): CommandUnknownOpts {
  return createCommand(
    "compare",
    "Train the spiking network and its dense peer over several seeds",
    "Prints the notebook's closing table, with mean and spread. Keeps no models. Of the network's options, the dense " +
      "one takes --hidden alone.",
    "--seeds 3 --limit 10000",
  )
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
    .addOption(augmentOption)
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
      const { epochs, seed, seeds } = given;
      if (!Number.isSafeInteger(seed + seeds - 1)) {
        throw new OptionError(
          `--seed ${seed}: expected at most ${
            count(Number.MAX_SAFE_INTEGER - seeds + 1)
          }, for there are ${seeds} --seeds`,
        );
      }
      const isGiven = (option: string) => command.getOptionValueSource(option) === "cli";
      const training = options.trainingOf(given);
      const { say, result } = openOutput(given);
      await offerMnist(given.data, { say }, given);
      await giveUp("net");
      const samples = await loadDataSet(given.data);
      const form = dataFormOf(samples.train, samples.test);
      const networks = [
        { model: "seed", spec: presetNetwork("seed", given, isGiven, form) },
        {
          model: "dense",
          spec: presetNetwork("dense", given, (option) => option === "hidden" && isGiven(option), form),
        },
      ];
      using progress = openProgress(given.quiet === true);
      const compared = await compareNetworks({ networks, samples, seeds, seed, ...training }, {
        onRun({ number, of }) {
          const shown = showTraining(progress, `run ${number}/${of} `);
          return {
            ...shown,
            onStart({ engine, samples }) {
              if (number === 1) {
                for (const { model, spec } of networks) {
                  say(`${model} network ${options.describeNetwork(spec)}`);
                }
                say(
                  `${counted(seeds, "seed")}, each ${counted(epochs, "epoch")} of ${
                    counted(samples, "sample")
                  }`,
                );
                say(engine);
                say();
              }
              shown.begin(epochs);
            },
          };
        },
        onResult({ model, seed }, { test, seconds }) {
          progress.begin();
          say(
            `seed ${seed}  ${model.padEnd(5)}  accuracy ${percent(test.accuracy)}  loss ${loss(test.loss)}  ${
              duration(seconds)
            }`,
          );
        },
      });
      say();
      for (const line of table(compared, seeds)) say(line);
      result(report(compared));
    });
}

/** The notebook's closing table, with mean and spread. */
function table(compared: readonly ComparedNetwork[], seeds: number): string[] {
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
    notebook === undefined ? "" : write(notebook),
  ];
  const head = ["test set", "mean", "", "lowest – highest", "notebook"];
  const body = [
    ...compared.map(({ model, accuracy }) =>
      row(`${model} accuracy`, accuracy, NOTEBOOK[model]?.accuracy, percent)
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
    "The notebook trained each network once, for one epoch of 60,000 samples.",
  ];
}

/** The same for machines. */
function report(compared: readonly ComparedNetwork[]): Record<string, unknown> {
  return Object.fromEntries(compared.map(({ model, runs, ...spreads }) => [model, {
    ...spreads,
    runs: runs.map(({ name: _name, dir: _dir, ...run }) => run),
  }]));
}
