/** `runs`: what there is below `runs/`, and what can be done with it. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import {
  type CheckpointEntry,
  checkRemovable,
  findRun,
  listRuns,
  readCheckpoints,
  removeRun,
  type RunEntry,
} from "../runs/runs.ts";
import type { ShapedNode } from "../network/infer_shapes.ts";
import { layersOf } from "../network/short_form.ts";
import { structureOf } from "../network/structure.ts";
import { describeNetwork } from "../network/words.ts";
import { alignColumns } from "../text/columns.ts";
import { createCommand, INVOCATION } from "./command.ts";
import { type Hint, hintLines } from "./hints.ts";
import { count, counted, loss, percent } from "../text/figures.ts";
import { print } from "../text/print.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { networkOf } from "../runs/recorded_network.ts";
import { commandOf, flatten } from "../report/run_facts.ts";
import { nameOption } from "./option_values.ts";
import {
  differingSettings,
  FIGURES,
  filterRuns,
  parametersOf,
  settingsOf,
  sortRuns,
} from "./run_settings.ts";
import { jsonOption, openOutput } from "./output.ts";

/** The columns of the list, before the settings in which runs differ. */
const COLUMNS = ["name", "model", "state", "epochs", "accuracy", "time"] as const;
/** Settings that have a column, at most: a line is to fit a terminal. */
const MOST_SETTINGS = 6;
/** Settings that `show` prints with the network. */
const OF_NETWORK: readonly string[] = ["network", "neuron", "steps"];

/** Makes the command. */
export function runsCommand(): CommandUnknownOpts {
  return createCommand(
    "runs",
    "List the runs, show one or remove one",
    "Without more words it lists what is below runs/, with the settings in which the runs differ. Settings are named as the " +
      "options of train.",
    "--sort accuracy --where model=lif",
  )
    .optionsGroup("Output:")
    .addOption(
      nameOption("--sort <key>", "accuracy, loss, time, name, or a setting such as learning-rate", "begun"),
    )
    .option(
      "--where <key=value...>",
      "only those whose figures or settings are these, such as state=finished",
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
      const all = await listRuns();
      const found = filterRuns(all, given.where ?? []);
      const runs = given.sort === undefined ? found : sortRuns(found, given.sort);
      for (const line of describeRuns(runs, all.length)) say(line);
      result(runs.map(({ metadata, ...entry }) => ({ ...entry, ...metadata, state: entry.state })));
    })
    .addCommand(showCommand())
    .addCommand(removeCommand());
}

function showCommand(): CommandUnknownOpts {
  return createCommand("show", "Show a run's options and its state", "", "wider")
    .argument("<name>", "the run's, below runs/")
    .addOption(jsonOption)
    .action(async (name, given) => {
      const { say, result } = openOutput(given);
      const run = await findRun(name);
      const checkpoints = await readCheckpoints(run);
      for (const line of describeRun(run, checkpoints)) say(line);
      const { metadata, ...entry } = run;
      result({ ...metadata, ...entry, checkpoints });
    });
}

function removeCommand(): CommandUnknownOpts {
  return createCommand(
    "rm",
    "Remove runs with all their files",
    "Asks first, unless --yes is given.",
    "wider narrower",
  )
    .usage("[options] <name...>")
    .argument("<name...>", "the runs', below runs/")
    .optionsGroup("Output:")
    .option("--yes", "do not ask")
    .action(async (names, given) => {
      const runs: RunEntry[] = [];
      for (const name of names) {
        const run = await findRun(name);
        if (!runs.some(({ directory }) => directory === run.directory)) runs.push(run);
      }
      for (const run of runs) await checkRemovable(run); // all of them, before the first is touched
      const what = runs.map((run) =>
        [run.directory, run.state, FIGURES.accuracy.show(run)].filter(Boolean).join(", ")
      ).join("; ");
      if (!given.yes) {
        if (!Deno.stdin.isTerminal()) {
          throw new OptionError(
            `runs rm ${names.join(" ")}: there is no terminal to ask on: say --yes to remove ${what}`,
          );
        }
        const whose = runs.length === 1 ? "its model and checkpoints" : "their models and checkpoints";
        if (!confirm(`Remove ${what}, with ${whose}?`)) {
          print("Nothing was removed.");
          return;
        }
      }
      for (const run of runs) {
        await removeRun(run);
        print(`${run.directory} is removed`);
      }
    });
}

/** @param all How many there are, with those that are not shown. */
function describeRuns(runs: readonly RunEntry[], all: number): string[] {
  if (all === 0) return [`There are no runs yet: ${INVOCATION} train makes one.`];
  if (runs.length === 0) return [`None of ${counted(all, "run")} is so.`];
  const differing = differingSettings(runs).filter((name) => !COLUMNS.some((column) => column === name));
  const shown = differing.slice(0, MOST_SETTINGS), left = differing.slice(MOST_SETTINGS);
  const settings = runs.map(settingsOf);
  return [
    ...alignColumns(
      [
        ["run", ...COLUMNS.slice(1), ...shown, "begun (UTC)"],
        ...runs.map((run, i) => [
          ...COLUMNS.map((column) => FIGURES[column].show(run)),
          ...shown.map((name) => settings[i]!.get(name) ?? (run.metadata ? "none" : "")),
          FIGURES.begun.show(run),
        ]),
      ],
      [...COLUMNS, ...shown].map((name, i) => i < 3 || name === "network" ? "left" : "right"),
    ),
    ...(left.length === 0
      ? []
      : ["", `They differ in more: ${left.join(", ")}. \`${INVOCATION} runs show NAME\` tells all.`]),
  ];
}

function describeRun(run: RunEntry, checkpoints: readonly CheckpointEntry[]): string[] {
  const { name, directory, state, metadata, fault, reached } = run;
  const rows: string[][] = [["Run", directory], ["State", describeState(run)]];
  if (fault !== undefined) rows.push(["Fault", fault]);
  if (metadata) {
    const { options, sessions, started, result } = metadata;
    if (started !== undefined) {
      const at = started.slice(0, 19).replace("T", " ");
      rows.push(["Begun", `${at} UTC, ${counted(sessions.length, "session")}`]);
    }
    if (reached) {
      rows.push([
        "Reached",
        `epoch ${reached.epoch} of ${options.epochs ?? "unknown"}, batch ${reached.batch}`,
      ]);
    }
    const time = FIGURES.time.show(run), spec = networkOf(run), command = commandOf(metadata);
    if (time !== "") rows.push(["Time", `${time} of training`]);
    if (result) {
      rows.push(["Accuracy", `${percent(result.test.accuracy)} on the test set`]);
      rows.push(["Loss", `${loss(result.test.loss)} on the test set`]);
      if (result.weightsSha256 !== undefined) rows.push(["Weights", `SHA-256 ${result.weightsSha256}`]);
      for (const warning of result.warnings) rows.push(["Warning", warning]);
    }
    if (spec) rows.push(...describeSpec(options.model ?? "its", spec));
    if (command !== undefined) rows.push(["Command", command]);
    [...settingsOf(run)].filter(([name]) => !OF_NETWORK.includes(name)).forEach(([name, value], i) =>
      rows.push([i === 0 ? "Settings" : "", `${name} ${value}`])
    );
  }
  for (const [i, { path, at, fault }] of checkpoints.entries()) {
    rows.push([i === 0 ? "Kept" : "", at ? `${path}: ${describePlace(at)}` : `${fault}`]);
  }
  const next: Hint[] = state === "finished"
    ? [[`${INVOCATION} evaluate ${name}`, "measure it again"]]
    : state === "running" || state === "damaged" || state === "foreign"
    ? []
    : state === "empty"
    ? [[`${INVOCATION} train --name ${name}`, "train it anew"]]
    : [[`${INVOCATION} train --resume ${name}`, "resume it"]];
  return [
    ...alignColumns(rows),
    ...(next.length === 0 ? [] : ["", "Next:", ...hintLines(next)]),
  ];
}

/** A network: its layers, or the nodes of a graph that is no list of layers. */
function describeSpec(model: string, spec: NetworkSpec): string[][] {
  const { input: { encoder }, readout: { from, reduce, begin }, loss } = spec,
    layers = layersOf(spec)?.layers;
  const { nodes, readout } = structureOf(spec);
  return [
    ["Network", `${model}, ${describeNetwork(spec)}; ${count(parametersOf(spec))} parameters`],
    ["", `encoder ${describeKind(encoder)}`],
    ...layers?.map(({ units, neuron, recurrent, delay }, i) => [
      "",
      [
        `layer ${i + 1}: ${count(units)} ${describeKind(neuron)}`,
        ...(recurrent ? ["recurrent"] : []),
        ...(delay > 0 ? [`delay ${delay}`] : []),
      ].join(", "),
    ]) ?? nodes.map((node) => ["", describeNode(node)]),
    [
      "",
      `read: ${reduce} of ${layers ? "" : `${readout.id}'s `}${from}${
        begin > 0 ? ` from step ${begin} on` : ""
      }`,
    ],
    ["", `loss ${describeKind(loss)}`],
  ];
}

function describeNode({ node: { id, from, ...what }, shape }: ShapedNode): string {
  const sources = from.map(({ node, delay }) => delay > 0 ? `${node} (delay ${delay})` : node);
  return `${id}: ${shape.join("×")} ${describeKind(what)}, from ${sources.join(" + ")}`;
}

/** Something of a kind, with its constants, but those that are empty, or 0 and do nothing then: a decay of 0 forgets. */
function describeKind({ kind, ...constants }: { readonly kind: string }): string {
  const said = flatten(constants)
    .filter(([name, value]) => (value !== "0" || name === "decay") && value !== "[]")
    .map(([name, value]) => `${name.replace(/\.kind$/, "")} ${value}`);
  return said.length === 0 ? kind : `${kind} (${said.join(", ")})`;
}

function describePlace({ epoch, batch }: { readonly epoch: number; readonly batch: number }): string {
  if (batch > 0) return `after batch ${batch} of epoch ${epoch}`;
  return epoch > 1 ? `after epoch ${epoch - 1}` : "before the first batch";
}

function describeState({ state, metadata }: RunEntry): string {
  switch (state) {
    case "running":
      return "running: a process is at work on it";
    case "killed":
      return "killed: no process is at work on it, and it is not finished";
    case "failed":
      return `failed: ${metadata?.error ?? "it does not say why"}`;
    case "interrupted":
      return "interrupted: it stopped on a signal, and kept a checkpoint to resume from";
    case "empty":
      return "empty: it was stopped before it began";
    case "foreign":
      return "foreign: this is no run, for it has no run.json and holds other files";
    case "finished":
    case "damaged":
      return state;
    default:
      return state satisfies never;
  }
}
