/**
 * `runs`: what there is below `runs/`, and what can be done with it.
 *
 * @module
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import {
  type CheckpointEntry,
  checkRemovable,
  findRun,
  listRuns,
  readCheckpoints,
  removeRun,
  type RunEntry,
} from "../train/runs.ts";
import { alignColumns } from "./columns.ts";
import { createCommand, INVOCATION } from "./command.ts";
import { counted, duration, loss, percent } from "../figures.ts";
import { jsonOption, openOutput } from "./output.ts";

/** Makes the command. */
export function runsCommand(): CommandUnknownOpts {
  return createCommand(
    "runs",
    "List the runs, show one or remove one",
    "Without more words it lists what is below runs/.",
    "show wider",
  )
    .addOption(jsonOption)
    .enablePositionalOptions() // so that an option after `show` is its own
    .allowExcessArguments() // refused below, in words that fit
    .action(async (given, command) => {
      const [word] = command.args;
      if (word !== undefined) {
        throw new OptionError(`runs ${word}: expected show or rm, or no word to list all runs`);
      }
      const { say, result } = openOutput(given);
      const runs = await listRuns();
      for (const line of describeRuns(runs)) say(line);
      result(runs.map(({ record, ...entry }) => ({ ...entry, ...record, state: entry.state })));
    })
    .addCommand(showCommand())
    .addCommand(removeCommand());
}

function showCommand(): CommandUnknownOpts {
  return createCommand("show", "Show what a run was asked for, and how it stands", "", "")
    .argument("<name>", "the run's, below runs/")
    .addOption(jsonOption)
    .addHelpText("after", `\nExample:\n  ${INVOCATION} runs show wider`)
    .action(async (name, given) => {
      const { say, result } = openOutput(given);
      const run = await findRun(name);
      const checkpoints = await readCheckpoints(run);
      for (const line of describeRun(run, checkpoints)) say(line);
      const { record, ...entry } = run;
      result({ ...record, ...entry, checkpoints });
    });
}

function removeCommand(): CommandUnknownOpts {
  return createCommand("rm", "Remove a run with all its files", "Asks first, unless told not to.", "")
    .argument("<name>", "the run's, below runs/")
    .addOption(new Option("--yes", "do not ask").helpGroup("Output:"))
    .addHelpText("after", `\nExample:\n  ${INVOCATION} runs rm wider`)
    .action(async (name, given) => {
      const run = await findRun(name);
      await checkRemovable(run);
      const what = [run.directory, run.state, accuracyOf(run)].filter((each) => each !== "").join(", ");
      if (!given.yes) {
        if (!Deno.stdin.isTerminal()) {
          throw new OptionError(
            `runs rm ${name}: there is no terminal to ask on: say --yes to remove ${what}`,
          );
        }
        if (!confirm(`Remove ${what}, with its model and checkpoints?`)) {
          console.log("Nothing was removed.");
          return;
        }
      }
      await removeRun(run);
      console.log(`${run.directory} is removed`);
    });
}

function describeRuns(runs: readonly RunEntry[]): string[] {
  if (runs.length === 0) return [`There are no runs yet: ${INVOCATION} train makes one.`];
  return alignColumns(
    [
      ["run", "model", "state", "epochs", "accuracy", "time", "begun (UTC)"],
      ...runs.map((run) => [
        run.name,
        run.record?.options.model ?? "",
        run.state,
        epochsOf(run),
        accuracyOf(run),
        timeOf(run),
        run.record?.started.slice(0, 16).replace("T", " ") ?? "",
      ]),
    ],
    ["left", "left", "left", "right", "right", "right", "left"],
  );
}

function describeRun(run: RunEntry, checkpoints: readonly CheckpointEntry[]): string[] {
  const { name, directory, state, record, fault, reached } = run;
  const rows: string[][] = [["Run", directory], ["State", describeState(run)]];
  if (fault !== undefined) rows.push(["Fault", fault]);
  if (record) {
    const { options, sessions, started, result } = record;
    rows.push([
      "Begun",
      `${started.slice(0, 19).replace("T", " ")} UTC, ${counted(sessions.length, "session")}`,
    ]);
    if (reached) {
      rows.push(["Reached", `epoch ${reached.epoch} of ${options.epochs}, batch ${reached.batch}`]);
    }
    const time = timeOf(run);
    if (time !== "") rows.push(["Time", `${time} of training`]);
    if (result) {
      rows.push(["Accuracy", `${percent(result.test.accuracy)} on the test set`]);
      rows.push(["Loss", `${loss(result.test.loss)} on the test set`]);
      rows.push(["Weights", `SHA-256 ${result.weightsSha256}`]);
      for (const warning of result.warnings) rows.push(["Warning", warning]);
    }
    const given = Object.entries(options).filter(([key, value]) => value !== null && key !== "spec");
    for (const [i, [key, value]] of given.entries()) {
      rows.push([
        i === 0 ? "Options" : "",
        `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`,
      ]);
    }
  }
  for (const [i, { path, at, fault }] of checkpoints.entries()) {
    rows.push([i === 0 ? "Kept" : "", at ? `${path}: ${describePlace(at)}` : `${fault}`]);
  }
  const next = state === "finished"
    ? [[`${INVOCATION} evaluate ${name}`, "measure it again"]]
    : state === "running" || state === "damaged" || state === "empty"
    ? []
    : [[`${INVOCATION} train --resume ${name}`, "go on"]];
  return [
    ...alignColumns(rows),
    ...(next.length === 0 ? [] : ["", "Next:", ...alignColumns(next).map((line) => `  ${line}`)]),
  ];
}

function describePlace({ epoch, batch }: { readonly epoch: number; readonly batch: number }): string {
  if (batch > 0) return `after batch ${batch} of epoch ${epoch}`;
  return epoch > 1 ? `after epoch ${epoch - 1}` : "before the first batch";
}

function describeState({ state, record }: RunEntry): string {
  switch (state) {
    case "running":
      return "running: a process is at work on it";
    case "killed":
      return "killed: no process is at work on it, and it is not finished";
    case "failed":
      return `failed: ${record?.error ?? "it does not say why"}`;
    case "interrupted":
      return "interrupted: it was asked to stop, and kept what it goes on from";
    case "empty":
      return "empty: it was stopped before it began, or is no run";
    case "finished":
    case "damaged":
      return state;
    default:
      return state satisfies never;
  }
}

function epochsOf({ state, record, reached }: RunEntry): string {
  if (!record) return "";
  const { epochs } = record.options;
  return state === "finished" ? `${reached?.epoch ?? epochs}` : `${reached?.epoch ?? 0} of ${epochs}`;
}

function accuracyOf({ record }: RunEntry): string {
  return record?.result ? percent(record.result.test.accuracy) : "";
}

function timeOf({ record, reached }: RunEntry): string {
  const seconds = record?.result?.seconds ?? reached?.seconds;
  return seconds === undefined ? "" : duration(seconds);
}
