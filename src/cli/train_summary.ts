/**
 * What `train` says in the end, however it ended.
 *
 * @module
 */
import { join } from "node:path";
import { DivergenceError, OptionError, SpikeletError } from "../errors.ts";
import type { RunStanding, RunSummary } from "../train/run.ts";
import { alignColumns } from "./columns.ts";
import { INVOCATION } from "./command.ts";
import { explainLayers } from "./explanation.ts";
import { MODELS } from "./network_options.ts";
import { count, counted, duration, loss, percent } from "../figures.ts";

/** Options that the summary speaks of. */
interface Given {
  readonly limit?: number | undefined;
  readonly data?: string | undefined;
  readonly out?: string | undefined;
  readonly network?: string | undefined;
}

/** What a run came to, and what to do with it. */
export function summarise(summary: RunSummary, given: Given): string[] {
  const { dir, seconds, samplesPerSecond, train, test, validation, layers, warnings } = summary;
  const { epochs, trainedEpochs, modelEpoch, trainSamples } = summary;
  const files = [join(dir, "model.safetensors"), ...(given.out === undefined ? [] : [given.out])];
  return [
    "",
    ...alignColumns([
      ["Accuracy", `${percent(test.accuracy)}: ${count(test.correct)} of ${count(test.total)} test images`],
      ["Loss", `${loss(test.loss)} on the test set, ${loss(train.loss)} while training`],
      ...(validation
        ? [[
          "Validation",
          `${percent(validation.accuracy)} of ${counted(validation.total, "sample")} held back`,
        ]]
        : []),
      ...(trainedEpochs < epochs || modelEpoch < trainedEpochs
        ? [["Epochs", `${trainedEpochs} of ${epochs}; the model is epoch ${modelEpoch}'s, the best one`]]
        : []),
      [
        "Time",
        `${duration(seconds)} for ${counted(trainedEpochs * trainSamples, "sample")}: ${
          count(samplesPerSecond)
        } a second`,
      ],
      ["Memory", `${count(summary.peakRssMiB)} MiB at its peak`],
      ["Model", files.join(" and ")],
      ...warnings.map((warning) => ["Warning", warning]),
    ]),
    "",
    ...(layers ? [...explainLayers(layers), ""] : []),
    "Next:",
    ...alignColumns(suggest(summary, given)).map((line) => `  ${line}`),
  ];
}

/** Commands to go on with, and what they do. */
function suggest(summary: RunSummary, { limit, data, network }: Given): string[][] {
  const { name, model, epochs, trainedEpochs, warnings, layers } = summary;
  const onData = data === undefined ? "" : ` --data ${quoted(data)}`;
  const which = network !== undefined
    ? ` --network ${quoted(network)}`
    : model === "seed"
    ? ""
    : MODELS.some((preset) => preset === model)
    ? ` --model ${model}`
    : undefined;
  const page = [`${INVOCATION} report ${name}`, "see it as a page"];
  const again = [`${INVOCATION} evaluate ${name}${onData}`, "measure it again"];
  const longer = trainedEpochs < epochs
    ? [`${INVOCATION} runs show ${name}`, "see what it was asked for"]
    : [`${INVOCATION} train --resume ${name} --epochs ${epochs + 2}`, "train on from here"];
  if (which === undefined) return [page, again, longer];
  const more = warnings.length > 0 && !layers
    ? [`${INVOCATION} train${which}${onData} --explain`, "see what each layer does"]
    : limit !== undefined
    ? [`${INVOCATION} train${which}${onData}`, "train on all samples"]
    : longer;
  if (network !== undefined) return [page, again, more];
  return [
    page,
    again,
    more,
    model === "seed"
      ? [`${INVOCATION} compare${onData}`, "see it beside its dense peer"]
      : [`${INVOCATION} train${onData}`, "train the notebook's network"],
  ];
}

/** Where a run was stopped, and how it goes on. */
export function describeInterruption(standing: RunStanding): string[] {
  return [
    "",
    `Stopped ${place(standing)}. All of it is kept, in ${standing.dir}.`,
    "",
    "Next:",
    `  ${INVOCATION} train --resume ${standing.name}  go on, to the same weights`,
  ];
}

/** An error with what of the run is kept, and the command that goes on. */
export function sayHowToGoOn(error: unknown, kept: RunStanding | undefined): unknown {
  if (!kept || !(error instanceof SpikeletError) || error instanceof OptionError) return error;
  const { name, dir } = kept;
  error.message += error instanceof DivergenceError
    ? `\nKept, from before that: ${join(dir, "checkpoints", "last.safetensors")}, ${place(kept)}.`
    : `\nKept: all that was done, ${place(kept)}. To go on: ${INVOCATION} train --resume ${name}`;
  return error;
}

function place({ epoch, epochs, batch, batches }: RunStanding): string {
  return batch === 0
    ? "before the first batch"
    : `after batch ${count(batch)} of ${count(batches)} of epoch ${epoch} of ${epochs}`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
