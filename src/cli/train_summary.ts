/** What `train` says in the end, however it ended. */
import { join } from "node:path";
import { DivergenceError, OptionError, SpikeletError } from "../errors.ts";
import { quoted } from "../report/run_facts.ts";
import type { RunOptions, RunStatus, RunSummary } from "../runs/run.ts";
import { alignColumns } from "../text/columns.ts";
import { INVOCATION } from "./command.ts";
import { compareCommand } from "./compare.ts";
import { type Hint, hintLines } from "./hints.ts";
import { explain } from "./explanation.ts";
import { MODELS } from "./network_options.ts";
import { describeScore } from "./score_words.ts";
import { count, counted, duration, loss, mebibytes, percent } from "../text/figures.ts";

/**
 * What a run came to, and what to do with it.
 *
 * @param options The run's.
 * @param isResumed The run resumed from a checkpoint.
 */
export function summarise(summary: RunSummary, options: RunOptions | undefined, isResumed = false): string[] {
  const { dir, seconds, samplesPerSecond, train, test, validation, layers, findings, warnings } = summary;
  const { epochs, testWord, trainedEpochs, modelEpoch, trainSamples } = summary;
  const files = [join(dir, "model.safetensors"), ...(options?.out === undefined ? [] : [options.out])];
  return [
    "",
    ...alignColumns([
      ["Accuracy", describeScore(test, testWord)],
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
      ["Memory", `${count(summary.peakRssMiB)} MiB at its peak${needsInWords(summary)}`],
      ["Model", files.join(" and ")],
      ...warnings.map((warning) => ["Warning", warning]),
    ]),
    "",
    ...(options && layers && findings ? [...explain({ layers, findings }, options, isResumed), ""] : []),
    "Next:",
    ...hintLines(suggest(summary, options)),
  ];
}

/** What the network itself takes, where that was requested. */
function needsInWords({ needs, threads }: RunSummary): string {
  if (!needs) return "";
  const inThreads = needs.thread === 0
    ? ""
    : `${mebibytes(needs.thread)} in ${threads > 1 ? `each of ${threads} threads` : "its thread"}, `;
  return `; the network takes ${inThreads}${mebibytes(needs.batch)} for a batch`;
}

/** The options that mean the same for every network: what it learns from, and on which machine. */
const OF_ANY_NETWORK = [
  ...["--limit", "--validation", "--data", "--side", "--grey"],
  ...["--engine", "--gpu-memory", "--threads", "--no-skip", "--no-tune"],
];

/** Of a command's words the options that another one takes, too, with their values. */
function optionsAmong(command: readonly string[], taken: readonly string[]): string[] {
  const isOption = (word: string | undefined) => word?.startsWith("--") ?? false;
  return command.flatMap((word, i) => {
    if (!isOption(word) || !taken.includes(word)) return [];
    const value = command[i + 1];
    return value === undefined || isOption(value) ? [word] : [word, value];
  });
}

/** Suggested next commands, with their effects. */
function suggest(
  { name, model, epochs, trainedEpochs, warnings, layers }: RunSummary,
  options: RunOptions | undefined,
): Hint[] {
  const { command = [], limit, schedule } = options ?? {};
  const again = (words: readonly string[]) => [INVOCATION, ...words.map(quoted)].join(" ");
  // A rate that has come down to nothing leads no further, nor does a run that was ended early.
  const canResume = trainedEpochs === epochs && schedule?.kind !== "cosine";
  const longer = `${INVOCATION} train --resume ${name} --epochs ${epochs + 2}`;
  const at = command.indexOf("--limit");
  const more: Hint = warnings.length > 0 && !layers && canResume
    ? [`${longer} --explain`, "see what each layer does"]
    : warnings.length > 0 && !layers && command.length > 0
    ? [`${again(command)} --explain`, "see what each layer does"]
    : limit !== undefined && at >= 0 && limit < (options?.samples?.train.count ?? Infinity)
    ? [again(command.toSpliced(at, 2)), "train on all samples"]
    : canResume
    ? [longer, "train on from here"]
    : [`${INVOCATION} runs show ${name}`, "see its options"];
  const isPreset = MODELS.some((preset) => preset === model) && !command.includes("--network");
  const beside: Hint = model === "notebook"
    ? [
      again(["compare", ...optionsAmong(command, compareCommand().options.map(({ long }) => long ?? ""))]),
      "beside its feed-forward peer",
    ]
    : [again(["train", ...optionsAmong(command, OF_ANY_NETWORK)]), "train the notebook's network"];
  return [
    [`${INVOCATION} report ${name}`, "see it as a page"],
    [`${INVOCATION} evaluate ${name}`, "measure it again"],
    more,
    ...(isPreset ? [beside] : []),
  ];
}

/**
 * Where a run was stopped, and how to resume it.
 *
 * @param status Absent where the run stopped before its first batch.
 * @param resumed The name of a run to resume.
 */
export function describeInterruption(status: RunStatus | undefined, resumed?: string): string[] {
  const name = status?.name ?? resumed;
  if (name === undefined) return ["", "Stopped before the run began: there is nothing to keep."];
  return [
    "",
    status
      ? `Stopped ${place(status)}. All of it is kept, in ${status.dir}.`
      : "Stopped before the run resumed: its files are unchanged.",
    "",
    "Next:",
    `  ${INVOCATION} train --resume ${name}  resume, to the same weights`,
  ];
}

/** An error, with the checkpoint that is kept and the command that resumes. */
export function sayHowToResume(error: unknown, kept: RunStatus | undefined): unknown {
  if (!kept || !(error instanceof SpikeletError) || error instanceof OptionError) return error;
  const { name, dir } = kept;
  error.message += error instanceof DivergenceError
    ? `\nKept, from before that: ${join(dir, "checkpoints", "last.safetensors")}, ${place(kept)}.`
    : `\nKept: all that was done, ${place(kept)}. To resume: ${INVOCATION} train --resume ${name}`;
  return error;
}

function place({ epoch, epochs, batch, batches }: RunStatus): string {
  return batch === 0
    ? "before the first batch"
    : `after batch ${count(batch)} of ${count(batches)} of epoch ${epoch} of ${epochs}`;
}
