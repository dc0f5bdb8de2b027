/**
 * Writes the tables of docs/commands.md from the sources of `--help`: the commands' own options, and the tasks of deno.json.
 * A table stands between `<!-- table: NAME -->` and `<!-- end -->`. `deno task check` compares the page with the source.
 */
import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import configuration from "../deno.json" with { type: "json" };
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { allCommands } from "../src/cli/commands.ts";
import { InputError } from "../src/errors.ts";
import { needsOf } from "../src/cli/permissions.ts";
import { command as compile } from "./compile.ts";
import { command as edge } from "./edge.ts";
import { command as npm } from "./npm.ts";
import { command as page } from "./page.ts";

/** The page with the tables. */
export const COMMANDS_PAGE: URL = new URL("../docs/commands.md", import.meta.url);

/** Permissions of a task, with the table's word for a flag without a value. */
const PERMISSIONS = { write: "anywhere", net: "any", run: "any" } as const;
/** Permissions of the compiled program, in words. */
const POWERS = { write: "writing", net: "the network", run: "the program that opens a page" } as const;
/** A default that differs between machines: the table has its source, not its value. */
const OF_THIS_MACHINE = /^\w+, (?=.*\b(?:this machine|here)$)/;

const COMMANDS: readonly CommandUnknownOpts[] = [...allCommands(), page, edge, npm, compile];

/** The tables by name: `commands`, `permissions`, `program`, and one for each command's options. */
function tables(): ReadonlyMap<string, string> {
  const options = COMMANDS.map((command) => [command.name(), optionTables(command)] as const);
  return new Map([
    ["commands", commandTable()],
    ["permissions", permissionTable()],
    ["program", programTable()],
    ...options,
  ]);
}

/**
 * The page with its tables as the source has them now.
 *
 * @throws {InputError} when the page lacks a table, or has one that nothing fills.
 */
export function fillTables(text: string): string {
  const contents = tables(), found = new Set<string>(), places = /<!-- table: (\w+) -->\n.*?<!-- end -->/gs;
  const filled = text.replaceAll(places, (_whole, name: string) => {
    const table = contents.get(name);
    if (table === undefined) throw new InputError(`docs/commands.md: table ${name}: no such command`);
    found.add(name);
    const guarded = `<!-- deno-fmt-ignore-start -->\n\n${table}\n\n<!-- deno-fmt-ignore-end -->`;
    return `<!-- table: ${name} -->\n${guarded}\n<!-- end -->`;
  });
  const missing = [...contents.keys()].filter((name) => !found.has(name));
  if (missing.length === 0) return filled;
  throw new InputError(
    `docs/commands.md: expected \`<!-- table: NAME -->\` and \`<!-- end -->\` for ${missing.join(", ")}`,
  );
}

function commandTable(): string {
  const rows = COMMANDS.map((command) => [`[\`${command.name()}\`](#${command.name()})`, command.summary()]);
  return tableOf(["Command", "What it does"], rows);
}

/** What deno.json permits each command's task. */
function permissionTable(): string {
  const tasks: Readonly<Record<string, { readonly command?: string }>> = configuration.tasks;
  const rows = COMMANDS.map((command) => {
    const line = tasks[command.name()]?.command ?? "";
    const granted = Object.entries(PERMISSIONS).map(([kind, all]) => {
      const flag = new RegExp(`--allow-${kind}(?:=([^\\s']+))?`).exec(line);
      return flag === null ? "" : flag[1]?.split(",").map((value) => `\`${value}\``).join(", ") ?? all;
    });
    return [`\`${command.name()}\``, ...granted];
  });
  return tableOf(["Task", "Writes below", "Network", "Runs"], rows);
}

/** The permissions that each command of the compiled program keeps. */
function programTable(): string {
  const rows = namesOf(allCommands()).map((name) => {
    const needs = needsOf(name) ?? [];
    return [`\`${name}\``, needs.length === 0 ? "nothing" : needs.map((power) => POWERS[power]).join(", ")];
  });
  return tableOf(["Command", "Keeps, besides reading"], rows);
}

/** Names of commands with an action, subcommands among them. */
function namesOf(commands: readonly CommandUnknownOpts[], parents = ""): string[] {
  return commands.flatMap((command) => {
    const name = parents + command.name();
    return [...(needsOf(name) ? [name] : []), ...namesOf(command.commands, `${name} `)];
  });
}

/** A command's arguments and options, group by group, then those of its subcommands. */
function optionTables(command: CommandUnknownOpts, parents = ""): string {
  const help = command.createHelp(), name = parents + command.name();
  const groups = Map.groupBy(
    help.visibleOptions(command).filter(({ long }) => long !== "--help"),
    ({ helpGroupHeading }) => (helpGroupHeading ?? "Options:").replace(/:$/, ""),
  );
  const words = [
    name,
    ...command.registeredArguments.map((argument) => {
      const word = argument.name() + (argument.variadic ? "…" : "");
      return argument.required ? `<${word}>` : `[${word}]`;
    }),
  ];
  const parameters = command.registeredArguments.map(
    (argument) => [`\`${argument.name()}\``, ...described(help.argumentDescription(argument))],
  );
  const ownTables = [
    ...(parameters.length > 0 ? [tableOf(["Argument", "Meaning", "Default"], parameters)] : []),
    ...[...groups].map(([group, options]) =>
      tableOf([group, "Meaning", "Default"], options.map((option) => optionRow(option, help)))
    ),
  ];
  return [
    ...(parents === "" ? [] : [`### ${name}`]),
    `\`deno task ${words.join(" ")}\``,
    command.description(),
    ...ownTables,
    ...help.visibleCommands(command).filter((each) => each.name() !== "help").map(
      (each) => optionTables(each, `${name} `),
    ),
  ].join("\n\n");
}

function optionRow(option: Option, help: ReturnType<CommandUnknownOpts["createHelp"]>): string[] {
  return [`\`${option.flags}\``, ...described(help.optionDescription(option))];
}

/** A description in two cells: what it means, and its default. */
function described(text: string): string[] {
  const [, meaning = text, value = ""] = /^(.*?)(?: \(default: ([^()]*)\))?$/s.exec(text) ?? [];
  return [meaning, value.replace(OF_THIS_MACHINE, "")];
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const command = createCommand(
  "docs",
  "Write the tables of docs/commands.md from the options of the commands",
  "",
  "--check",
)
  .option("--check", "write nothing, and fail where the tables are not those of --help")
  .action(async ({ check }) => {
    const before = await Deno.readTextFile(COMMANDS_PAGE), after = fillTables(before);
    if (before === after) return;
    if (check) {
      throw new InputError("docs/commands.md: its tables are not those of --help: run `deno task docs`");
    }
    await Deno.writeTextFile(COMMANDS_PAGE, after);
  });

if (import.meta.main) await runCommandLine(["docs", ...Deno.args], [command]);
