/** `train`: one network, trained, measured and kept. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { dirname, resolve } from "node:path";
import { dataFormOf } from "../data/data_form.ts";
import { wantedFormOf } from "../data/wanted_form.ts";
import { checkOutputFile } from "../files/output_file.ts";
import { findUntriedGpu } from "../engine/tune.ts";
import { defined } from "../defined.ts";
import { readNetwork } from "../network/network_file.ts";
import { presetOf } from "../training/presets.ts";
import { MODEL_OUTPUT } from "../runs/model_output.ts";
import { resumeTraining } from "../runs/resume.ts";
import { readTrained } from "../runs/read_checkpoint.ts";
import { checkRunName, findModel, makeRuns, runNameOf, RUNS } from "../runs/run_folder.ts";
import { loadDataSet, RunInterrupted, type RunObserver, type RunOptions, runTraining } from "../runs/run.ts";
import { chooseNetwork, continuedNetwork } from "./chosen_network.ts";
import {
  checkBesideResume,
  createCommand,
  givenCommand,
  INVOCATION,
  isGivenTo,
  withOptions,
} from "./command.ts";
import { offerMnist } from "./fetching.ts";
import { machineOptions } from "./machine_options.ts";
import { MODELS, networkOptions } from "./network_options.ts";
import { nameOption, numberOption, pathOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import { giveUp } from "./permissions.ts";
import { checkPictures, wantedOf } from "./picture_options.ts";
import { openProgress } from "./progress.ts";
import { endByItself } from "./signals.ts";
import * as starts from "./start_options.ts";
import { checkMayWriteFile } from "./task_permissions.ts";
import { describeInterruption, sayHowToResume, summarise } from "./train_summary.ts";
import * as options from "./training_options.ts";
import { observeTraining } from "./training_progress.ts";
import { printError } from "../text/print.ts";
import { OptionError } from "../errors.ts";
import { userPathOrName } from "./user_path.ts";
import { checkSeen, checkWatch, openLive } from "./watch.ts";

/** Attributes of the options that a resumed run accepts; all others come from its metadata. */
const BESIDE_RESUME = [
  ...["resume", "epochs", "threads", "engine", "gpuMemory", "skip", "tune", "data"],
  ...["out", "checkpointEvery", "explain", "watch", "json", "quiet"],
];

/** By their attributes, the options that say nothing of what a run comes to; its metadata's command goes without them. */
const BESIDE_COMMAND = ["name", "out", "checkpointEvery", "explain", "watch", "json", "quiet"];

/** Makes the command. */
export function trainCommand(): CommandUnknownOpts {
  const command = createCommand(
    "train",
    "Train a network on MNIST, measure it and keep it",
    "Writes runs/NAME/: model.safetensors, metrics.jsonl (a line a batch), epochs.jsonl (a line an epoch), run.json and " +
      "checkpoints/, from which --resume continues.",
    "--epochs 3 --hidden 200 --name wider",
  );
  const training = withOptions(withOptions(command, networkOptions), options.trainingOptions)
    .optionsGroup("Training:")
    .addOption(
      numberOption("--seed <number>", "seed of weights, order and noise", wholeNumbers(0)).default(0),
    )
    .option(
      "--standardize",
      "features less their mean, divided by their deviation over the training samples, by channel: the model keeps both",
    );
  return withOptions(training, machineOptions)
    .optionsGroup("Output:")
    .addOption(nameOption("--name <name>", "the run's folder below runs/", "model and time"))
    .addOption(nameOption("--resume <name>", "continue a run, with its options, to the same bits"))
    .addOption(
      numberOption(
        "--checkpoint-every <number>",
        "batches from one checkpoint to the next, besides one each epoch",
        wholeNumbers(1),
        "30 s",
      ),
    )
    .option("--explain", "describe each layer, what stands out and what usually helps")
    .addOption(pathOption("--out <file>", "write the model to this file too, such as runs/mine.safetensors"))
    .option("--watch", "draw a test sample's spikes below the bar, while they change")
    .addOption(jsonOption)
    .addOption(quietOption)
    .action(async (written, command) => {
      const isGiven = isGivenTo(command);
      const first = written.from === undefined ? undefined : await readFirst(written.from, isGiven);
      const given = options.withRecipe(written, presetOf(first?.preset ?? written.model).recipe, isGiven);
      const { name, out, checkpointEvery, explain = false, standardize = false } = given;
      const resume = given.resume === undefined ? undefined : runNameOf(given.resume);
      if (resume !== undefined) checkBesideResume(command, "a run", BESIDE_RESUME);
      for (const [each, option] of [[name, "--name"], [resume, "--resume"]] as const) {
        if (each !== undefined) checkRunName(each, option);
      }
      if (given.watch) checkSeen(given.quiet === true);
      if (out !== undefined) {
        if (resolve(dirname(out)) === resolve(RUNS)) await makeRuns();
        await checkOutputFile(out, MODEL_OUTPUT, checkMayWriteFile);
      }
      const { say, result } = openOutput(given);
      await offerMnist(given.data, { say }, given);
      await giveUp("net");
      using progress = openProgress(given.quiet === true);
      using live = openLive(given.watch === true, printError);
      const interruption = endByItself();
      const { signal } = interruption;
      signal.addEventListener("abort", () => {
        progress.clear();
        if (!given.quiet) printError("stopping after the batches under way; once more to stop at once");
      });
      const { observer, runOptions, kept } = observeTraining(progress, say, live);
      const start = async (observer: RunObserver) => {
        const { epochs, threads, engine, gpuMemory, skip, tune, data } = given;
        const common = { ...defined({ out, checkpointEvery }), explain };
        if (resume === undefined) {
          options.trainingOf(given); // refuses before anything is read
          // What is wrong with the file, chooseNetwork says, after what is wrong with the options.
          const asked = first
            ? wantedFormOf(first.model.spec)
            : given.network === undefined
            ? {}
            : await readNetwork(given.network).then(wantedFormOf, () => ({}));
          const samples = await loadDataSet(data, wantedOf(given, asked));
          checkPictures(given, samples.train);
          const training = options.trainingOf(options.fitWarmUp(given, isGiven, samples.train.count));
          const form = dataFormOf(samples.train, samples.test);
          const { name: model, spec } = first?.chosen ?? await chooseNetwork(given, isGiven, form);
          if (given.watch) checkWatch(spec);
          const startRate = first ? undefined : starts.startRateOf(
            given,
            given.network === undefined ? starts.startOf(model) : "rate",
          );
          return await runTraining(
            {
              model,
              spec,
              samples,
              ...training,
              ...defined({ startRate, name, startFrom: first?.name, first: first?.model }),
              seed: given.seed,
              standardize,
              command: givenCommand(command, BESIDE_COMMAND),
              ...common,
            },
            observer,
            signal,
          );
        }
        return await resumeTraining(
          resume,
          {
            ...(isGiven("epochs") && { epochs }),
            ...(isGiven("threads") && { threads }),
            ...(isGiven("engine") && { engine }),
            ...(isGiven("gpuMemory") && { gpuMemory }),
            ...(isGiven("skip") && { skip }),
            ...(isGiven("tune") && { tune }),
            ...defined({ data }),
            ...common,
          },
          observer,
          signal,
        );
      };
      try {
        const summary = await start(observer);
        progress.begin();
        for (const line of summarise(summary, runOptions(), resume !== undefined)) say(line);
        result(summary);
        if (!given.json && !given.quiet) await offerTuning(runOptions(), summary.name, say);
      } catch (error) {
        progress.begin();
        const status = error instanceof RunInterrupted ? error.status : undefined;
        if (!status && error !== interruption.reason) throw sayHowToResume(error, kept());
        for (const line of describeInterruption(status, resume)) say(line);
        result({ state: "interrupted", ...status });
        Deno.exitCode = interruption.exitCode;
      }
    });
}

/**
 * Reads the model that is trained on.
 *
 * @throws {OptionError} when an option goes beside `--resume` alone, or says what the model says.
 * @throws {InputError} when there is none, or it is damaged.
 */
async function readFirst(from: string, isGiven: (option: string) => boolean) {
  if (isGiven("resume")) {
    throw new OptionError(
      "--from: not beside --resume: a run keeps the weights that it has: leave one of them out",
    );
  }
  const path = await findModel(userPathOrName(from), true), model = await readTrained(path);
  const preset = MODELS.find((name) => name === model.metadata.model);
  return { name: from, model, preset, chosen: continuedNetwork(model, from, isGiven) };
}

/** Says once on a machine that there is a GPU which `auto` does not take, for nothing has been timed there. */
async function offerTuning(
  run: RunOptions | undefined,
  name: string,
  say: (line?: string) => void,
): Promise<void> {
  if (run?.engine !== "auto" || !run.tune) return;
  const gpu = await findUntriedGpu();
  if (gpu !== undefined) say(`\n${gpu} is here, untried: \`${INVOCATION} tune ${name}\` times the engines.`);
}
