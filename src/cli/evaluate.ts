/** `evaluate`: a trained model, measured on the test set. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { wordOf } from "../data/samples.ts";
import { openDataSource } from "../data/data_source.ts";
import { wantedFormOf } from "../data/wanted_form.ts";
import { createEngine } from "../engine/create_engine.ts";
import { precisionOf, seedOf } from "../engine/model_options.ts";
import { areIndices, listNames } from "../network/class_names.ts";
import { classNamesOf } from "../network/output_names.ts";
import { readTrained } from "../runs/read_checkpoint.ts";
import { fitSamples } from "../training/fit.ts";
import { dataOfRun } from "../runs/run_metadata.ts";
import { findModel } from "../runs/run_folder.ts";
import { noticesOfUntested, untestedOf } from "../training/class_match.ts";
import { evaluate } from "../training/trainer.ts";
import { predict } from "../report/predictions.ts";
import { classRows, classTable } from "./class_table.ts";
import { alignColumns } from "../text/columns.ts";
import { createCommand, withOptions } from "./command.ts";
import { offerMnist } from "./fetching.ts";
import { count, duration, loss } from "../text/figures.ts";
import { describeScore } from "./score_words.ts";
import { describeNetwork } from "../network/words.ts";
import { missingRun } from "./missing_run.ts";
import { numberOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput } from "./output.ts";
import { giveUp } from "./permissions.ts";
import { openProgress, showStage } from "./progress.ts";
import { engineOptions, runDataOption, speedOptions } from "./machine_options.ts";
import { userPathOrName } from "./user_path.ts";

const BATCH = 1000;

/** Makes the command. */
export function evaluateCommand(): CommandUnknownOpts {
  const command = createCommand(
    "evaluate",
    "Measure a trained model on the test set",
    "Uses the noise that the run used, so that the figures are the same again.",
    "runs/wider/model.safetensors",
  )
    .usage("[options] <run-or-file>")
    .argument("[run-or-file]", "a run's name, its folder, a model.safetensors or a checkpoint")
    .addOption(runDataOption);
  return withOptions(withOptions(command, engineOptions), speedOptions("the model's own"))
    .optionsGroup("Data and machine:")
    .addOption(numberOption("--seed <number>", "seed of the noise", wholeNumbers(0), "the model's own"))
    .optionsGroup("Output:")
    .option("--by-class", "show how each class fares, and what it is taken for")
    .addOption(jsonOption)
    .action(async (runOrFile, given) => {
      if (runOrFile === undefined) throw await missingRun("evaluate", ({ state }) => state === "finished");
      const { threads } = given;
      const path = await findModel(userPathOrName(runOrFile), true);
      const data = given.data ?? await dataOfRun(path);
      const model = await readTrained(path);
      const seed = given.seed ?? seedOf(model);
      const { say, result } = openOutput(given);
      await offerMnist(data, { say }, given);
      await giveUp("write", "net");
      using progress = openProgress(false);
      using engine = await createEngine({
        spec: model.spec,
        engine: given.engine,
        gpuMemory: given.gpuMemory,
        threads,
        seed,
        precision: given.precision ?? precisionOf(model),
        skip: given.skip,
        tune: given.tune,
        batchSize: BATCH,
        onNotice: (line) => progress.note(line),
      });
      const loaded = await (await openDataSource(data)).load("test", wantedFormOf(model.spec));
      const { samples, notice } = fitSamples(
        model,
        path,
        loaded,
        "give --data of that form, or another model",
      );
      if (notice !== undefined) progress.note(notice);
      const classes = samples.classes ?? classNamesOf(model);
      const untested = untestedOf(samples, classes.map((_, label) => label));
      for (const line of noticesOfUntested(samples, untested)) progress.note(line);
      await engine.setParameters(model.parameters);
      say(`${path}: ${describeNetwork(model.spec)}`);
      say(engine.description);
      const started = performance.now();
      const test = await evaluate(engine, samples, BATCH, showStage(progress, "test"));
      const seconds = (performance.now() - started) / 1000;
      progress.begin();
      const rows = given.byClass
        ? classRows(await predict(engine, model.spec.loss, samples, BATCH, showStage(progress, "classes")))
        : undefined;
      progress.begin();
      const rate = test.total / seconds;
      say();
      const lines = alignColumns([
        ["Accuracy", describeScore(test, wordOf(samples))],
        ["Loss", loss(test.loss)],
        ...(areIndices(classes) ? [] : [["Classes", listNames(classes)]]),
        ["Time", `${duration(seconds)}: ${count(rate)} samples a second`],
      ]);
      for (const line of rows ? [...lines, "", ...classTable(rows, wordOf(samples))] : lines) say(line);
      result({
        model: path,
        engine: engine.name,
        threads,
        seed,
        seconds,
        samplesPerSecond: rate,
        test,
        classes,
        untested: untested.map((label) => classes[label]),
        ...(rows && { byClass: rows }),
      });
    });
}
