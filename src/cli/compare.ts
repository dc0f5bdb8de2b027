/** `compare`: presets beside each other, over several seeds; the notebook's two where nothing else is said. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type DataForm, dataFormOf } from "../data/data_form.ts";
import { defined } from "../defined.ts";
import { OptionError, SpikeletError } from "../errors.ts";
import { type PresetOptions } from "../network/presets.ts";
import { type PresetName, presetOf } from "../training/presets.ts";
import { type ComparedOptions, compareNetworks } from "../runs/compare.ts";
import {
  comparisonNameOf,
  createComparison,
  type KeptComparison,
  readComparison,
  reopenComparison,
} from "../runs/comparison_file.ts";
import { fingerprint } from "../runs/run_facts.ts";
import { checkRunName } from "../runs/run_folder.ts";
import { loadDataSet } from "../runs/run.ts";
import { VERSION } from "../version.ts";
import { presetNetwork } from "./chosen_network.ts";
import {
  checkBesideResume,
  createCommand,
  givenCommand,
  INVOCATION,
  isGivenTo,
  withOptions,
} from "./command.ts";
import { report, table } from "./comparison_table.ts";
import { offerMnist } from "./fetching.ts";
import { count, counted, duration, loss, percent } from "../text/figures.ts";
import { printError } from "../text/print.ts";
import { describeNetwork } from "../network/words.ts";
import { machineOptions } from "./machine_options.ts";
import { modelsOption, presetOptions } from "./network_options.ts";
import { nameOption, numberOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import { giveUp } from "./permissions.ts";
import { checkPictures, wantedOf } from "./picture_options.ts";
import { openProgress } from "./progress.ts";
import { endByItself } from "./signals.ts";
import * as starts from "./start_options.ts";
import * as options from "./training_options.ts";
import { showTraining } from "./training_progress.ts";

/** Attributes of the options that a resumed comparison accepts; all others come from its file. */
const BESIDE_RESUME = [
  ...["resume", "seeds", "threads", "engine", "gpuMemory", "skip", "tune", "data", "json", "quiet"],
];

/** By their attributes, the options that say nothing of what is compared. */
const BESIDE_COMMAND = ["name", "resume", "json", "quiet"];

/** Makes the command. @param resumed The comparison to resume, where its own command is carried out once more. */
export function compareCommand(resumed?: KeptComparison): CommandUnknownOpts {
  const command = createCommand(
    "compare",
    "Train presets over several seeds: the notebook's network and its feed-forward peer",
    "Prints the notebook's closing table, with mean and spread, and keeps it in runs/NAME.json, run by run, from which " +
      "--resume continues. Keeps no models. Each preset is trained by its own " +
      "recipe, but for the options that are given, and takes those of the network's options that it has a use for.",
    "--models tuned,feed-forward --seeds 3",
  ).addOption(modelsOption);
  const training = withOptions(withOptions(command, presetOptions), options.trainingOptions)
    .optionsGroup("Training:")
    .addOption(
      numberOption("--seeds <number>", "runs of each network", wholeNumbers(1, 1000)).default(5),
    )
    .addOption(
      numberOption("--seed <number>", "the first seed; each further one adds 1", wholeNumbers(0)).default(0),
    );
  return withOptions(training, machineOptions)
    .optionsGroup("Output:")
    .addOption(nameOption("--name <name>", "the table's file below runs/", "compare and time"))
    .addOption(nameOption("--resume <name>", "continue a comparison, with its options; or show its table"))
    .addOption(jsonOption)
    .addOption(quietOption)
    .action(async (given, command) => {
      if (given.resume !== undefined) return await resumeComparison(comparisonNameOf(given.resume), command);
      const { seed, seeds, models, name } = given;
      if (name !== undefined) checkRunName(name);
      if (!Number.isSafeInteger(seed + seeds - 1)) {
        throw new OptionError(
          `--seed ${seed}: expected at most ${
            count(Number.MAX_SAFE_INTEGER - seeds + 1)
          }, for there are ${seeds} --seeds`,
        );
      }
      const isGiven = isGivenTo(command);
      const { say, result } = openOutput(given);
      await offerMnist(given.data, { say }, given);
      await giveUp("net");
      const interruption = endByItself();
      const { signal } = interruption;
      const samples = await loadDataSet(given.data, wantedOf(given));
      checkPictures(given, samples.train);
      const form = dataFormOf(samples.train, samples.test);
      const networks = models.map((model) => optionsOf(model, given, isGiven, form, samples.train.count));
      const facts = {
        command: givenCommand(command, BESIDE_COMMAND),
        networks,
        seed,
        seeds,
        data: await fingerprint(samples.train),
      };
      resumed?.check(facts);
      const file = resumed ? reopenComparison(resumed, facts) : await createComparison(name, facts);
      const all = seeds * models.length, runs = [...resumed?.runs ?? []];
      const resume = `${INVOCATION} compare --resume ${file.name}`;
      if (resumed) sayWhereItResumes(resumed, all, say);
      using progress = openProgress(given.quiet === true);
      signal.addEventListener("abort", () => {
        progress.clear();
        if (!given.quiet) printError("stopping: the run under way is given up; once more to stop at once");
      });
      const described = new Set<string>(), said = new Set<string>();
      try {
        const compared = await compareNetworks({ networks, samples, seeds, seed, done: [...runs] }, {
          onRun({ options: { model, spec, epochs }, number, of }) {
            const shown = showTraining(progress, `run ${number}/${of} `);
            return {
              ...shown,
              onNotice(line) {
                if (!said.has(line)) shown.onNotice(line); // what is true of all runs is said once
                said.add(line);
              },
              onStart({ engine, samples }) {
                if (!described.has(model)) {
                  described.add(model);
                  progress.clear();
                  say(
                    `${model} network ${describeNetwork(spec)}: ${counted(epochs, "epoch")} of ${
                      counted(samples, "sample")
                    }`,
                  );
                  say(engine);
                }
                shown.begin(epochs);
              },
            };
          },
          async onResult({ options: { model }, seed }, summary) {
            const { test, validation, seconds } = summary;
            progress.begin();
            const held = validation === null ? "" : `  held back ${percent(validation.accuracy)}`;
            say(
              `seed ${seed}  ${model.padEnd(Math.max(...models.map(({ length }) => length)))}  accuracy ${
                percent(test.accuracy)
              }  loss ${loss(test.loss)}${held}  ${duration(seconds)}`,
            );
            runs.push(summary);
            await file.keep(runs, runs.length === all);
          },
        }, signal);
        progress.begin();
        say();
        if (runs.length < all) Deno.exitCode = interruption.exitCode;
        if (runs.length === 0) {
          await file.discard();
          say("Stopped before the first run was done: there is nothing to keep.");
        } else {
          if (runs.length < all) say(`Stopped in run ${runs.length + 1} of ${all}. What is done:\n`);
          for (const line of table(compared)) say(line);
          say(`\nKept: ${file.path}`);
          if (runs.length < all) {
            say(`\nNext:\n  ${resume}  train the other ${counted(all - runs.length, "run")}`);
          }
        }
        result(report(compared));
      } catch (error) {
        if (runs.length === 0) await file.discard();
        else if (error instanceof SpikeletError && !(error instanceof OptionError)) {
          error.message += `\nKept: ${counted(runs.length, "run")}, in ${file.path}. To resume: ${resume}`;
        }
        throw error;
      }
    });
}

/** Carries out the command that a comparison began with, but for what is done already. */
async function resumeComparison(name: string, command: CommandUnknownOpts): Promise<void> {
  checkBesideResume(command, "a comparison", BESIDE_RESUME);
  const kept = await readComparison(name);
  const { seeds } = command.opts();
  if (isGivenTo(command)("seeds") && Number(seeds) < kept.seeds) {
    throw new OptionError(
      `--seeds ${seeds}: the comparison was begun with ${kept.seeds}: expected as many or more`,
    );
  }
  const [, ...before] = kept.command, [, ...anew] = givenCommand(command, ["resume"]);
  await compareCommand(kept).parseAsync([...before, ...anew], { from: "user" });
}

function sayWhereItResumes(
  { path, version, runs }: KeptComparison,
  all: number,
  say: (line: string) => void,
) {
  if (runs.length < all) say(`resumes in ${path}: ${runs.length} of ${counted(all, "run")} are done`);
  if (runs.length < all && version !== VERSION) {
    say(`it was begun with spikelet ${version}, this is ${VERSION}: from here on its bits may be others`);
  }
}

/** What the command's options come to for one of its presets. @throws {OptionError} when none of them has a use for one. */
function optionsOf(
  model: PresetName,
  written: options.TrainingOptions & SharedOptions & { models: PresetName[] },
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
    ...defined({ startRate }),
  };
}

/** The options of a network that presets share. */
type SharedOptions = Required<Omit<PresetOptions, "inputs" | "classes" | "shape">>;
