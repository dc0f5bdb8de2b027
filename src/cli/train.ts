/**
 * `train`: one network, trained, measured and kept.
 *
 * @module
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join } from "node:path";
import { checkRunName } from "../train/run_folder.ts";
import { type RunSummary, runTraining } from "../train/run.ts";
import { alignColumns } from "./columns.ts";
import { createCommand, INVOCATION } from "./command.ts";
import { count, counted, duration, loss, percent } from "./figures.ts";
import { choiceOption, pathOption } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import { openProgress } from "./progress.ts";
import * as options from "./training_options.ts";
import { showTraining } from "./training_progress.ts";

/** Options that the summary speaks of. */
interface Given {
  readonly limit?: number | undefined;
  readonly data?: string | undefined;
  readonly out?: string | undefined;
}

/** Makes the command. */
export function trainCommand(): CommandUnknownOpts {
  return createCommand(
    "train",
    "Train a network on MNIST, measure it and keep it",
    "Writes runs/NAME/: model.safetensors, metrics.jsonl (a line a batch) and run.json.",
    "--epochs 3 --hidden 200 --name wider",
  )
    .addOption(
      choiceOption("--model <name>", "the notebook's spiking network or its peer", options.MODELS)
        .default("seed" as const, "seed").helpGroup("Network:"),
    )
    .addOption(options.hiddenOption)
    .addOption(options.stepsOption)
    .addOption(options.decayOption)
    .addOption(options.thresholdOption)
    .addOption(options.penaltyOption)
    .addOption(options.beginEvalOption)
    .addOption(options.epochsOption)
    .addOption(options.batchSizeOption)
    .addOption(options.learningRateOption)
    .addOption(options.momentumOption)
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
    .action(async (given, command) => {
      const { model, epochs, seed, name, out } = given;
      options.checkMeaning(model, (option) => command.getOptionValueSource(option) === "cli");
      if (name !== undefined) checkRunName(name);
      const spec = options.networkOf(model, given);
      const { say, result } = openOutput(given);
      using progress = openProgress(given.quiet === true);
      const shown = showTraining(progress);
      const summary = await runTraining({
        model,
        spec,
        ...options.trainingOf(given),
        seed,
        ...(name !== undefined && { name }),
        ...(out !== undefined && { out }),
      }, {
        ...shown,
        onStart({ engine, samples, directory = "" }) {
          say(
            `${model} network ${options.describeNetwork(spec)}: ${counted(epochs, "epoch")} of ${
              counted(samples, "sample")
            }`,
          );
          say(engine);
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
function suggest({ name, model, epochs }: RunSummary, { limit, data }: Given): string[][] {
  const same = `${model === "dense" ? " --model dense" : ""}${
    data === undefined ? "" : ` --data ${quoted(data)}`
  }`;
  const onData = data === undefined ? "" : ` --data ${quoted(data)}`;
  return [
    [`${INVOCATION} evaluate ${name}${onData}`, "measure it again"],
    limit === undefined
      ? [`${INVOCATION} train${same} --epochs ${epochs + 2}`, "train longer"]
      : [`${INVOCATION} train${same}`, "train on all samples"],
    model === "dense"
      ? [`${INVOCATION} train${onData}`, "train the spiking network"]
      : [`${INVOCATION} compare${onData}`, "see it beside its dense peer"],
  ];
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
