/** `report`: a run as a page to look at, or several runs side by side. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { dirname, join, relative, resolve } from "node:path";
import { openDataSource } from "../data/data_source.ts";
import { wantedFormOf } from "../data/wanted_form.ts";
import { type Samples, type SampleWord, wordOf } from "../data/samples.ts";
import { checkOutputFile, writeOutputFile } from "../files/output_file.ts";
import { defined } from "../defined.ts";
import { createEngine, type EngineName } from "../engine/create_engine.ts";
import { precisionOf, seedOf } from "../engine/model_options.ts";
import { OptionError } from "../errors.ts";
import type { Model } from "../network/model_file.ts";
import type { ComparedRun } from "../report/comparison.ts";
import { type Findings, lookInto } from "../report/findings.ts";
import { predict, type Predictions, scoreOf } from "../report/predictions.ts";
import { readRun, type RecordedRun } from "../report/recorded_run.ts";
import type { Score } from "../training/trainer.ts";
import { fitSamples } from "../training/fit.ts";
import { REPORT_OUTPUT } from "../report/report_output.ts";
import { alignColumns } from "../text/columns.ts";
import { createCommand, INVOCATION, withOptions } from "./command.ts";
import { offerMnist } from "./fetching.ts";
import { count } from "../text/figures.ts";
import { describeScore } from "./score_words.ts";
import { missingRun } from "./missing_run.ts";
import { openInBrowser } from "./open_browser.ts";
import { numberListOption, pathOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput } from "./output.ts";
import { giveUp } from "./permissions.ts";
import { openProgress, type Progress, showStage } from "./progress.ts";
import { makeRuns, RUNS } from "../runs/run_folder.ts";
import { checkMayWriteFile } from "./task_permissions.ts";
import { engineOptions, runDataOption } from "./machine_options.ts";
import { userPathOrName } from "./user_path.ts";

const BATCH = 1000;
const MOST_SAMPLES = 6;

/** The options that looking at a run takes. */
interface Given {
  readonly engine: EngineName;
  readonly gpuMemory: number;
  readonly threads: number;
  readonly data?: string | undefined;
  readonly samples?: readonly number[] | undefined;
}

/** Makes the command. */
export function reportCommand(): CommandUnknownOpts {
  const command = createCommand(
    "report",
    "See a run as a page, or several runs side by side",
    "Writes one HTML file that loads nothing: learning curves, mistakes, spikes step by step, the network, firing rates, " +
      "weights, options. It goes into the run's folder; a comparison into the first run's, and a model's without a run into runs/.",
    "wider --open",
  )
    .usage("[options] <run...>")
    .argument("[run...]", "a run's name or folder, or a model.safetensors; several are compared")
    .optionsGroup("Output:")
    .addOption(pathOption("--out <file>", "where to write the page", "report.html in the run's folder"))
    .option("--open", "open the page in the browser")
    .addOption(
      numberListOption(
        "--samples <list>",
        "test samples to show step by step, such as 3,17",
        wholeNumbers(0, 1_000_000),
        MOST_SAMPLES,
        "a sure one, an unsure one, a sure mistake",
      ),
    )
    .addOption(jsonOption)
    .addOption(runDataOption);
  return withOptions(command, engineOptions)
    .action(async (names, given) => {
      if (names.length === 0) throw await missingRun("report", ({ metadata }) => metadata !== undefined);
      await checkNumberOfRuns(names, given.samples !== undefined);
      const runs: RecordedRun[] = [];
      for (const name of names) runs.push(await readRun(userPathOrName(name)));
      const folders = runs.map(({ directory }) => resolve(directory));
      const twice = folders.findIndex((folder, i) => folders.indexOf(folder) < i);
      if (twice >= 0 && runs.every(({ metadata }) => metadata)) {
        throw new OptionError(
          `${names.join(" ")}: ${runs[twice]!.name} is named twice: expected different runs`,
        );
      }
      const path = given.out ?? defaultPath(runs, given.data);
      if (resolve(dirname(path)) === resolve(RUNS)) await makeRuns();
      await checkOutputFile(path, REPORT_OUTPUT, checkMayWriteFile);
      const { say, result } = openOutput(given);
      for (const run of runs) if (run.model) await offerMnist(dataOf(run, given), { say }, given);
      await giveUp("net", ...(given.open ? [] : ["run"] as const));
      using progress = openProgress(false);
      const [page, scores] = runs.length === 1
        ? await reportOf(runs[0]!, given, progress)
        : await comparisonOf(runs, given, progress);
      progress.begin();
      await writeOutputFile(path, page, REPORT_OUTPUT);
      const bytes = new TextEncoder().encode(page).length;
      const reason = given.open ? await openInBrowser(path) : undefined;
      for (const line of summarise(runs, scores, path, bytes)) say(line);
      if (reason !== undefined) say(`It was not opened, for ${reason}.`);
      result({
        path,
        bytes,
        runs: runs.map(({ name }, i) => {
          const { word: _word, ...test } = scores[i] ?? {};
          return { name, test: scores[i] ? test : null };
        }),
      });
    });
}

/** How each run fared, and where the page is. */
function summarise(runs: readonly RecordedRun[], scores: Scores, path: string, bytes: number): string[] {
  return alignColumns([
    ...runs.map(({ name }, i) => {
      const score = scores[i];
      return [name, score ? describeScore(score, score.word) : "no model"];
    }),
    ["Page", `${path}, ${count(bytes / 1024)} KiB: open it in a browser`],
  ]);
}

async function checkNumberOfRuns(names: readonly string[], hasSamples: boolean): Promise<void> {
  if (names.length > 2) {
    const { MOST_RUNS } = await import("../report/comparison.ts");
    if (names.length > MOST_RUNS) {
      throw new OptionError(
        `${names.length} runs: expected ${MOST_RUNS} at most, as many as lines can be told apart on a page: ` +
          "compare the best of them, which `" + INVOCATION + " runs --sort accuracy` lists first",
      );
    }
  }
  if (names.length > 1 && hasSamples) {
    throw new OptionError("--samples: means nothing where runs are compared: leave it out");
  }
}

/**
 * The default path of a page: in the first run's folder, or beside the runs where a model has none. A page of other data than
 * the run's own has another name.
 */
function defaultPath(runs: readonly RecordedRun[], data: string | undefined): string {
  const [first, second, ...more] = runs;
  if (!first) throw new TypeError("no run");
  const isOther = data !== undefined &&
    runs.some(({ metadata }) => {
      const own = metadata?.options.data;
      return metadata && !(typeof own === "string" && resolve(own) === resolve(data));
    });
  const on = isOther ? `-on-${slugOf(data)}` : "";
  if (second) {
    const others = more.length > 0 ? `${second.name}-and-${more.length}-more` : second.name;
    return join(first.metadata ? first.directory : RUNS, `${first.name}-and-${others}${on}.html`);
  }
  return first.metadata
    ? join(first.directory, `report${on}.html`)
    : join(RUNS, `${first.name}.report${on}.html`);
}

/** A path as a part of a file's name: `data/mine` as `data-mine`. */
function slugOf(path: string): string {
  return relative(".", path).replace(/[^\w.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(-60) || "data";
}

/** How each run fared, and what a test sample of its is called. */
type Scores = readonly ((Score & { readonly word: SampleWord }) | undefined)[];

async function reportOf(
  run: RecordedRun,
  given: Given,
  progress: Progress,
): Promise<readonly [string, Scores]> {
  // Drawing takes libraries that no other command needs.
  const { reportPage } = await import("../report/report.ts");
  if (!run.model) return [await reportPage(run), [undefined]];
  const { model } = run;
  const samples = await testSamples(run, given, progress);
  const strange = given.samples?.find((index) => index >= samples.count);
  if (strange !== undefined) {
    throw new OptionError(
      `--samples ${strange}: expected 0 to ${count(samples.count - 1)}, for ${samples.name} has ${
        count(samples.count)
      } of them`,
    );
  }
  const predictions = await predictionsOf(run, model, samples, given, progress);
  const findings = await findingsOf(model, samples, predictions, given, progress);
  return [await reportPage(run, findings), [{ ...scoreOf(predictions), word: wordOf(samples) }]];
}

async function comparisonOf(
  runs: readonly RecordedRun[],
  given: Given,
  progress: Progress,
): Promise<readonly [string, Scores]> {
  const { comparisonPage } = await import("../report/comparison.ts");
  const compared: ComparedRun[] = [];
  for (const run of runs) {
    const samples = run.model && await testSamples(run, given, progress);
    const predictions = samples && await predictionsOf(run, run.model!, samples, given, progress);
    compared.push({ run, ...defined({ samples, predictions }) });
  }
  return [
    await comparisonPage(compared),
    compared.map(({ predictions, samples }) =>
      predictions && samples && { ...scoreOf(predictions), word: wordOf(samples) }
    ),
  ];
}

/** The test set that a run was measured on, or the one that the user names. */
async function testSamples(run: RecordedRun, given: Given, progress: Progress): Promise<Samples> {
  const { model, modelPath } = run;
  const wanted = model && wantedFormOf(model.spec);
  const samples = await (await openDataSource(dataOf(run, given))).load("test", wanted);
  if (model && modelPath) {
    const fitted = fitSamples(model, modelPath, samples, "give --data of that form, or another model");
    if (fitted.notice !== undefined) progress.note(fitted.notice);
    return fitted.samples;
  }
  return samples;
}

/** The folder of that data set; undefined for MNIST. */
function dataOf({ metadata }: RecordedRun, given: Given): string | undefined {
  return given.data ?? metadata?.options.data ?? undefined;
}

async function predictionsOf(
  { name }: RecordedRun,
  model: Model,
  samples: Samples,
  { engine, gpuMemory, threads }: Given,
  progress: Progress,
): Promise<Predictions> {
  using opened = await createEngine({ ...engineOf(model), engine, gpuMemory, threads, batchSize: BATCH });
  await opened.setParameters(model.parameters);
  progress.begin();
  return await predict(opened, model.spec.loss, samples, BATCH, showStage(progress, `test ${name}`));
}

async function findingsOf(
  model: Model,
  samples: Samples,
  predictions: Predictions,
  { engine, gpuMemory, samples: chosen }: Given,
  progress: Progress,
): Promise<Findings> {
  using opened = await createEngine({
    ...engineOf(model),
    engine,
    gpuMemory,
    threads: 1,
    batchSize: 1,
    recordStates: true,
  });
  await opened.setParameters(model.parameters);
  progress.begin();
  return await lookInto(
    model.spec,
    opened,
    samples,
    predictions,
    chosen,
    showStage(progress, "record spikes"),
  );
}

/** What makes an engine answer as the run's own did. */
function engineOf(model: Model) {
  return { spec: model.spec, seed: seedOf(model), precision: precisionOf(model) };
}
