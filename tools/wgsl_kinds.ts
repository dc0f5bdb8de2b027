/**
 * `deno task kinds`: writes `asm/kinds.wgsl.ts`, the list of every kind of neuron and operator that has WGSL.
 *
 * The build finds the AssemblyScript of a kind by itself. The WGSL is imported by the engines, so the list of it is a module that is
 * there before anything is built. A file `asm/neurons/NAME.wgsl.ts` or `asm/operators/NAME.wgsl.ts` is a kind; what it exports is
 * called after it: `avg_pool.wgsl.ts` exports `AVG_POOL`, and a plan calls its kernels `AvgPool`.
 */
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { InputError } from "../src/errors.ts";
import { filesIn, ROOT } from "./steps.ts";

/** The file, below the project's folder. */
export const KINDS_FILE = "asm/kinds.wgsl.ts";

/** The folders of kinds, each with the name and the type of its list. */
const LISTS = [
  {
    folder: "asm/neurons",
    list: "NEURON_CODES",
    type: "NeuronCode",
    from: "./scan.wgsl.ts",
    what: "neurons",
  },
  {
    folder: "asm/operators",
    list: "OPERATOR_CODES",
    type: "OperatorCode",
    from: "./operator.wgsl.ts",
    what: "operators; those that are products have none",
  },
] as const;

/** The text of the file. @param files Paths of the files that may be kinds, from the project's folder. */
export function kindsModule(files: readonly string[]): string {
  const lists = LISTS.map((list) => ({
    ...list,
    names: files.flatMap((path) => nameOf(path, list.folder) ?? []).toSorted(),
  }));
  const imports = lists.flatMap(({ folder, names, type, from }) => [
    ...names.map((name) =>
      `import { ${name.toUpperCase()} } from "./${folder.slice("asm/".length)}/${name}.wgsl.ts";\n`
    ),
    `import type { ${type} } from "${from}";\n`,
  ]);
  const tables = lists.map(({ list, type, what, names }) =>
    `\n/** Kinds of ${what}. */\nexport const ${list}: Readonly<Record<string, ${type}>> = {\n` +
    names.map((name) => `  ${kernelOf(name)}: ${name.toUpperCase()},\n`).join("") + "};\n"
  );
  return "/**\n * Every kind of neuron and operator in WGSL, by the name that a plan calls its kernels.\n *\n" +
    ` * Written by \`deno task kinds\` from the files of ${
      LISTS.map(({ folder }) => folder).join("/ and ")
    }/.\n */\n` +
    imports.join("") + tables.join("");
}

function nameOf(path: string, folder: string): string | undefined {
  return path.startsWith(`${folder}/`)
    ? /^([a-z0-9_]+)\.wgsl\.ts$/.exec(path.slice(folder.length + 1))?.[1]
    : undefined;
}

/** `avg_pool` → `AvgPool`. */
function kernelOf(name: string): string {
  return name.split("_").map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`).join("");
}

const command = createCommand(
  "kinds",
  `Write ${KINDS_FILE}, the list of kinds in WGSL, from the files there are`,
  "",
  "--check",
)
  .option("--check", "write nothing, and fail where the file is out of date")
  .action(async ({ check }) => {
    const text = kindsModule(LISTS.flatMap(({ folder }) => filesIn(ROOT, folder)));
    const file = new URL(`../${KINDS_FILE}`, import.meta.url);
    if (!check) return await Deno.writeTextFile(file, text);
    if (await Deno.readTextFile(file) !== text) {
      throw new InputError(`${KINDS_FILE}: it is out of date: run \`deno task kinds\``);
    }
  });

if (import.meta.main) await runCommandLine(["kinds", ...Deno.args], [command]);
