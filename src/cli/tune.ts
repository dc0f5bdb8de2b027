/** `tune`: times the engines, so that `auto` takes the fastest. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { join } from "node:path";
import { CHOICES_FILE } from "../engine/auto_file.ts";
import { tuneEngines } from "../engine/tune.ts";
import { OptionError } from "../errors.ts";
import { duration } from "../text/figures.ts";
import { type PresetName, presetOf } from "../training/presets.ts";
import { engineOptionsOf } from "../runs/run.ts";
import { parseOptions } from "../runs/run_options.ts";
import { readMetadata } from "../runs/run_metadata.ts";
import { findRun } from "../runs/runs.ts";
import { describeNetwork } from "../network/words.ts";
import { createCommand, isGivenTo } from "./command.ts";
import { presetOption } from "./network_options.ts";
import { jsonOption, openOutput } from "./output.ts";
import { checkMayWrite } from "./task_permissions.ts";
import { gpuMemoryOption, threadsOption } from "./machine_options.ts";

/** Makes the command. */
export function tuneCommand(): CommandUnknownOpts {
  return createCommand(
    "tune",
    "Time the engines that are here, and remember which one auto takes",
    "Times a training batch of a run or a preset on each engine, where there is a GPU. What holds for one network " +
      `and one size of batches holds for no other: each is timed by itself. Writes ${CHOICES_FILE}.`,
    "--model wide",
  )
    .argument("[run]", "a run, of whose network and batches to time one")
    .addOption(presetOption("--model <name>", "a preset, where no run is named"))
    .addOption(gpuMemoryOption)
    .addOption(threadsOption)
    .addOption(jsonOption)
    .action(async (run, given, command) => {
      const isGiven = isGivenTo(command);
      if (run !== undefined && isGiven("model")) {
        throw new OptionError("--model: means nothing beside a run, which has a network: leave one out");
      }
      await checkMayWrite(CHOICES_FILE);
      const { say, result } = openOutput(given);
      const { threads, gpuMemory } = given;
      const machine = { threads, gpuMemory };
      const engine = run === undefined ? { ...ofPreset(given.model), ...machine } : {
        ...await ofRun(run),
        ...(isGiven("threads") && { threads }),
        ...(isGiven("gpuMemory") && { gpuMemory }),
      };
      say(`a batch of ${engine.usualBatchSize} of ${describeNetwork(engine.spec)}`);
      const choice = await tuneEngines(engine, {
        onMeasurement({ engine, seconds }) {
          say(`${engine}  ${typeof seconds === "number" ? duration(seconds) : `fails: ${seconds}`}`);
        },
      });
      say(`auto takes ${choice.engine}: ${choice.reason}`);
      result(choice);
    });
}

async function ofRun(run: string) {
  const { directory } = await findRun(run);
  return engineOptionsOf(parseOptions((await readMetadata(directory)).options, join(directory, "run.json")));
}

function ofPreset(model: PresetName) {
  const { network, recipe: { batchSize = 1000 } } = presetOf(model);
  return engineOptionsOf({ spec: network({}), batchSize });
}
