/**
 * Makes the table exporter × importer of docs/exchange.md: files by snnTorch, Norse, SpikingJelly, sinabs and Spikelet, run by each.
 *
 *     deno task test:exchange [NAME …]
 *
 * With names, such as `sinabs_cnn` or `recurrent`, of these files alone.
 *
 * Makes a virtual environment in dist/exchange with the frameworks (some 6 GB, once). Files of the frameworks lie in
 * tests/reference/nir/made with what the live model computed; ours are written anew. Fails where Spikelet does not run a framework's file
 * to the same spikes, or where snnTorch, Norse or SpikingJelly does not run one of ours that is in the form which all of them have.
 */
import { join } from "node:path";
import * as v from "valibot";
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { OptionError, SpikeletError } from "../src/errors.ts";
import { encodeModel } from "../src/network/model_file.ts";
import { exchangedModel, exchangedNumbers, NETWORKS } from "../tests/exchange/networks.ts";
import { ROOT } from "./steps.ts";
import { call, VirtualEnvironment } from "./virtual_environment.ts";

const ENVIRONMENT = new VirtualEnvironment("exchange");
/** One after the other: sinabs would have an older nir, which cannot read today's files. */
const PACKAGES = ["requirements.txt", "newer.txt"].map((list) => ["-r", join(ROOT, "tests/exchange", list)]);
const MADE = "tests/reference/nir/made";
const IMPORTERS = ["snntorch", "norse", "spikingjelly", "sinabs"] as const;
/** The step of our files, in seconds. */
const DT = 1e-4;
/** Those that run the common form to the same spikes. */
const COMMON: readonly string[] = ["snntorch", "norse", "spikingjelly"];

const resultSchema = v.object({
  result: v.picklist(["works", "differs", "refuses", "fails"]),
  note: v.string(),
});
type Result = v.InferOutput<typeof resultSchema>;
const aboutSchema = v.object({ options: v.looseObject({ dt: v.number() }) });

/** A line of the table. */
interface Row {
  readonly exporter: string;
  readonly file: string;
  readonly results: ReadonlyMap<string, Result>;
  readonly isCommon: boolean;
}

type IsWanted = (name: string) => boolean;

/** The names of the frameworks' files. */
function frameworkFiles(): string[] {
  return [...Deno.readDirSync(join(ROOT, MADE))].map(({ name }) => name).toSorted();
}

/** Runs a command of this project, as a user does. */
async function spikelet(args: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-write=dist", "--allow-env", "main.ts", ...args],
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  return { code, lines: `${decoder.decode(stdout)}\n${decoder.decode(stderr)}`.trim().split("\n") };
}

/** What the importers of the frameworks make of a file. */
async function importAll(nir: string, io: string, dt: number): Promise<Map<string, Result>> {
  const results = new Map<string, Result>();
  for (const framework of IMPORTERS) {
    const args = [join(ROOT, "tests/exchange/importers.py"), framework, nir, io, String(dt)];
    results.set(framework, v.parse(resultSchema, JSON.parse(await call(ENVIRONMENT.python, args))));
  }
  return results;
}

/** What Spikelet makes of it, with the options that the file does not say. */
async function importHere(nir: string, io: string, options: unknown): Promise<Result> {
  const { code, lines } = await spikelet(["verify", nir, "--io", io, "--nir", JSON.stringify(options)]);
  return code === 0 ? { result: "works", note: "" } : { result: "differs", note: lines.at(-1)! };
}

/** Files of the frameworks. */
async function rowsOfFrameworks(isWanted: IsWanted): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of frameworkFiles().filter(isWanted)) {
    const path = (file: string) => join(ROOT, MADE, name, file);
    const about = v.parse(aboutSchema, JSON.parse(await Deno.readTextFile(path("about.json"))));
    const nir = path(`${name}.nir`), io = path("io.safetensors");
    const results = await importAll(nir, io, about.options.dt);
    results.set("spikelet", await importHere(nir, io, about.options));
    rows.push({ exporter: name.split("_")[0]!, file: name, results, isCommon: false });
    console.error(`${name}: ${describe(results)}`);
  }
  return rows;
}

/** Files of ours. */
async function rowsOfOurs(isWanted: IsWanted): Promise<Row[]> {
  const rows: Row[] = [], folder = join(ENVIRONMENT.folder, "ours");
  await Deno.mkdir(folder, { recursive: true });
  try {
    for (const network of NETWORKS.filter(({ name }) => isWanted(name))) {
      const model = exchangedModel(network);
      const file = join(folder, `${network.name}.safetensors`), nir = join(folder, `${network.name}.nir`);
      const io = join(folder, `${network.name}.io.safetensors`);
      await Deno.writeFile(file, encodeModel(model));
      await Deno.writeFile(io, await exchangedNumbers(model));
      const { code, lines } = await spikelet(["export", file, "--to", "nir", "--out", nir]);
      if (code !== 0) throw new Error(`export of ${network.name}: ${lines.at(-1)}`);
      const notes = lines.slice(2);
      const results = await importAll(nir, io, DT);
      results.set("spikelet", await importHere(nir, io, { dt: DT, reset: network.reset }));
      rows.push({ exporter: "spikelet", file: network.what, results, isCommon: network.isCommon });
      console.error([`${network.name}: ${describe(results)}`, ...notes].join("\n  "));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return rows;
}

function describe(results: ReadonlyMap<string, Result>): string {
  return [...results].map(([name, { result, note }]) => `${name} ${result}${note && ` (${note})`}`).join(
    "; ",
  );
}

/** The table in Markdown. */
function tableOf(rows: readonly Row[]): string {
  const importers = [...IMPORTERS, "spikelet"];
  const lines = rows.map(({ exporter, file, results }) =>
    `| ${exporter} | ${file} | ${importers.map((name) => results.get(name)!.result).join(" | ")} |`
  );
  return [
    `| exporter | file | ${importers.join(" | ")} |`,
    `| --- | --- | ${importers.map(() => "---").join(" | ")} |`,
    ...lines,
  ].join("\n");
}

/** Makes the table, and fails where a row is not as it should be. */
async function makeTable(names: readonly string[]): Promise<void> {
  const known = [...frameworkFiles(), ...NETWORKS.map(({ name }) => name)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(`${unknown}: no such row: expected some of ${known.join(", ")}`);
  }
  const isWanted: IsWanted = (name) => names.length === 0 || names.includes(name);
  await ENVIRONMENT.make("PyTorch and the frameworks (some 6 GB)", PACKAGES);
  const rows = [...await rowsOfFrameworks(isWanted), ...await rowsOfOurs(isWanted)];
  console.log(tableOf(rows));
  const wrong = rows.flatMap(({ file, results, isCommon }) =>
    [...results].filter(([name, { result }]) =>
      result !== "works" && (name === "spikelet" || (isCommon && COMMON.includes(name)))
    ).map(([name, { result, note }]) => `${name}: ${file}: ${result}: ${note}`)
  );
  if (wrong.length > 0) throw new SpikeletError(wrong.join("\n"));
}

if (import.meta.main) {
  const command = createCommand(
    "test:exchange",
    "Which framework runs which NIR file, theirs and ours",
    "Makes a virtual environment in dist/exchange with PyTorch and the frameworks, some 6 GB, once. The table is that of docs/exchange.md.",
    "sinabs_cnn recurrent",
  )
    .usage("[options] [row...]")
    .argument("[rows...]", "files of tests/reference/nir/made, or networks of ours, by name: these alone")
    .action(makeTable);
  await runCommandLine(["test:exchange", ...Deno.args], [command]);
}
