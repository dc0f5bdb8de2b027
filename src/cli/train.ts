/**
 * `train`: one network, trained, measured and kept.
 *
 * @module
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join } from "node:path";
import { presetOf } from "../network/presets.ts";
import { dataFormOf } from "../data/data_source.ts";
import { checkRunName } from "../train/run_folder.ts";
import { loadDataSet, type RunSummary, runTraining } from "../train/run.ts";
import { alignColumns } from "./columns.ts";
import { createCommand, INVOCATION } from "./command.ts";
import { offerMnist } from "./fetching.ts";
import { count, counted, duration, loss, percent } from "./figures.ts";
import * as networks from "./network_options.ts";
import { pathOption } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import * as optimisers from "./optimiser_options.ts";
import { giveUp } from "./permissions.ts";
import { openProgress } from "./progress.ts";
import * as starts from "./start_options.ts";
import * as options from "./training_options.ts";
import { showTraining } from "./training_progress.ts";

/** Options that the summary speaks of. */
interface Given {
  readonly limit?: number | undefined;
  readonly data?: string | undefined;
  readonly out?: string | undefined;
  readonly network?: string | undefined;
}

/** Makes the command. */
export function trainCommand(): CommandUnknownOpts {
  return createCommand(
    "train",
    "Train a network on MNIST, measure it and keep it",
    "Writes runs/NAME/: model.safetensors, metrics.jsonl (a line a batch) and run.json.",
    "--epochs 3 --hidden 200 --name wider",
  )
    .addOption(networks.modelOption)
    .addOption(networks.networkOption)
    .addOption(options.hiddenOption)
    .addOption(options.stepsOption)
    .addOption(options.decayOption)
    .addOption(options.thresholdOption)
    .addOption(options.penaltyOption)
    .addOption(options.beginEvalOption)
    .addOption(networks.layersOption)
    .addOption(networks.neuronOption)
    .addOption(networks.recurrentOption)
    .addOption(networks.learnOption)
    .addOption(networks.resetOption)
    .addOption(networks.surrogateOption)
    .addOption(networks.slopeOption)
    .addOption(networks.encoderOption)
    .addOption(networks.readOption)
    .addOption(networks.reduceOption)
    .addOption(networks.lossOption)
    .addOption(networks.rateTargetOption)
    .addOption(networks.rateWeightOption)
    .addOption(options.epochsOption)
    .addOption(options.batchSizeOption)
    .addOption(optimisers.optimizerOption)
    .addOption(optimisers.learningRateOption)
    .addOption(optimisers.momentumOption)
    .addOption(optimisers.beta1Option)
    .addOption(optimisers.beta2Option)
    .addOption(optimisers.weightDecayOption)
    .addOption(optimisers.clipOption)
    .addOption(starts.initOption)
    .addOption(starts.initRateOption)
    .addOption(starts.augmentOption)
    .addOption(options.seedOption)
    .addOption(options.limitOption)
    .addOption(options.dataOption)
    .addOption(options.engineOption)
    .addOption(options.gpuMemoryOption)
    .addOption(options.threadsOption)
    .addOption(options.precisionOption)
    .addOption(options.noSkipOption)
    .addOption(options.noTuneOption)
    .addOption(
      pathOption("--name <name>", "the run's folder below runs/", "model and time").helpGroup(
        "Output:",
      ),
    )
    .addOption(pathOption("--out <file>", "write the model to this file too").helpGroup("Output:"))
    .addOption(jsonOption)
    .addOption(quietOption)
    .action(async (written, command) => {
      const isGiven = (option: string) => command.getOptionValueSource(option) === "cli";
      const given = options.withRecipe(written, presetOf(written.model).recipe, isGiven);
      const { epochs, seed, name, out } = given;
      if (name !== undefined) checkRunName(name);
      const training = options.trainingOf(given);
      const { say, result } = openOutput(given);
      await offerMnist(given.data, { say }, given);
      await giveUp("net");
      const samples = await loadDataSet(given.data);
      const form = dataFormOf(samples.train, samples.test);
      const { name: model, spec } = await networks.chooseNetwork(given, isGiven, form);
      const isNotebook = model === "seed" || model === "dense";
      const startRate = starts.startRateOf(given, isNotebook ? "xavier" : "rate");
      using progress = openProgress(given.quiet === true);
      const shown = showTraining(progress);
      const summary = await runTraining({
        model,
        spec,
        samples,
        ...training,
        ...(startRate !== undefined && { startRate }),
        seed,
        ...(name !== undefined && { name }),
        ...(out !== undefined && { out }),
      }, {
        ...shown,
        onStart({ engine, samples, start, directory = "" }) {
          say(
            `${model} network ${options.describeNetwork(spec)}: ${counted(epochs, "epoch")} of ${
              counted(samples, "sample")
            }`,
          );
          say(engine);
          if (start) say(starts.describeStart(start));
          say(`into ${directory}`);
          shown.begin(epochs);
        },
      });
      progress.begin();
      for (const line of summarise(summary, given)) say(line);
      result(summary);
    });
}

/** What a run came to, and what to do with it. */
function summarise(summary: RunSummary, given: Given): string[] {
  const { dir, epochs, trainSamples, seconds, samplesPerSecond, train, test } = summary;
  const files = [join(dir, "model.safetensors"), ...(given.out === undefined ? [] : [given.out])];
  return [
    "",
    ...alignColumns([
      ["Accuracy", `${percent(test.accuracy)}: ${count(test.correct)} of ${count(test.total)} test images`],
      ["Loss", `${loss(test.loss)} on the test set, ${loss(train.loss)} while training`],
      [
        "Time",
        `${duration(seconds)} for ${counted(epochs * trainSamples, "sample")}: ${
          count(samplesPerSecond)
        } a second`,
      ],
      ["Memory", `${count(summary.peakRssMiB)} MiB at its peak`],
      ["Model", files.join(" and ")],
    ]),
    "",
    "Next:",
    ...alignColumns(suggest(summary, given)).map((line) => `  ${line}`),
  ];
}

/** Commands to go on with, and what they do. */
function suggest({ name, model, epochs }: RunSummary, { limit, data, network }: Given): string[][] {
  const onData = data === undefined ? "" : ` --data ${quoted(data)}`;
  const again = [`${INVOCATION} evaluate ${name}${onData}`, "measure it again"];
  const isPreset = networks.MODELS.some((preset) => preset === model);
  if (network === undefined && !isPreset) return [again];
  const which = network !== undefined
    ? ` --network ${quoted(network)}`
    : model === "seed"
    ? ""
    : ` --model ${model}`;
  const longer = limit === undefined
    ? [`${INVOCATION} train${which}${onData} --epochs ${epochs + 2}`, "train longer"]
    : [`${INVOCATION} train${which}${onData}`, "train on all samples"];
  if (network !== undefined) return [again, longer];
  return [
    again,
    longer,
    model === "seed"
      ? [`${INVOCATION} compare${onData}`, "see it beside its dense peer"]
      : [`${INVOCATION} train${onData}`, "train the spiking network"],
  ];
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
