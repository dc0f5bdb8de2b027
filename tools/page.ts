/**
 * `deno task page`: the page that learns in the browser, as static files in `dist/page/`.
 *
 * Scripts, style and kernels; a part of MNIST as four gzipped IDX files; with `--model` a model to begin with.
 */
import { gzipSync } from "fflate";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../src/cli/command_line.ts";
import { createCommand } from "../src/cli/command.ts";
import { count } from "../src/text/figures.ts";
import { pathOption, runOption } from "../src/cli/option_values.ts";
import { jsonOption, openOutput, quietOption } from "../src/cli/output.ts";
import { FILE_NAMES } from "../src/data/file_names.ts";
import { encodeIdx } from "../src/data/idx_file.ts";
import { loadMnist, type Split } from "../src/data/mnist.ts";
import { SpikeletError } from "../src/errors.ts";
import { NOTICES_FILE, writeNotices } from "../src/licenses/notices.ts";
import { readModel } from "../src/network/model_file.ts";
import { MODEL_FILE, PAGE_ENTRIES, withModel } from "../src/serve/page_files.ts";
import { SUBSET } from "../playground/logic/subset.ts";
import { BASE_STYLE } from "../src/report/style.ts";
import { findModel } from "../src/runs/run_folder.ts";
import { writeBuild } from "./build_folder.ts";
import { type Bundle, bundle, type BundledFile, checkBundle } from "./bundle.ts";

const ROOT = new URL("../", import.meta.url);
const SOURCE = new URL("playground/", ROOT);
const OUT = join("dist", "page");
/** The name of the engine's worker in `src/engine/wasm/channel.ts`, and here. */
const WORKER = '"./worker.ts"', ENGINE_WORKER = '"./engine_worker.js"';

/** Builds the scripts. The engine's worker has another name here, which replaces the original one in the engine's code. */
async function scripts(): Promise<Bundle> {
  const { files, packages } = await bundle(PAGE_ENTRIES.map((name) => fileURLToPath(new URL(name, SOURCE))));
  let named = 0;
  const renamed = files.map(({ name, contents }) => {
    const code = new TextDecoder().decode(contents);
    named += code.split(WORKER).length - 1;
    return { name, contents: new TextEncoder().encode(code.replaceAll(WORKER, ENGINE_WORKER)) };
  });
  if (named !== 1) throw new SpikeletError(`the bundle names ${WORKER} ${named} times, expected once`);
  return { files: renamed, packages };
}

/** The first images of a part of MNIST, as two gzipped IDX files. */
async function digits(split: Split): Promise<BundledFile[]> {
  const { features, labels, picture, count } = await loadMnist(undefined, split);
  const most = Math.min(SUBSET[split], count), { rows, columns } = picture!;
  const images = Uint8Array.from(features.subarray(0, most * rows * columns));
  const gzip = (name: string, bytes: Uint8Array) => {
    return { name: `${name}.gz`, contents: gzipSync(bytes, { level: 9, mtime: 0 }) };
  };
  return [
    gzip(FILE_NAMES[split].images, encodeIdx([most, rows, columns], images)),
    gzip(FILE_NAMES[split].labels, encodeIdx([most], labels.subarray(0, most))),
  ];
}

/** The command `page`. */
export const command = createCommand(
  "page",
  "Build the page that learns in the browser",
  "Writes static files to dist/page/, which any server of files can send.",
  "--model wider",
)
  .addOption(runOption("--model <run-or-file>", "what the page begins with (default: a network that is new)"))
  .addOption(pathOption("--out <folder>", "where to").default(OUT, OUT))
  .addOption(jsonOption)
  .addOption(quietOption)
  .action(async (given) => {
    const { say, result } = openOutput(given);
    const { out } = given;
    await checkBundle(out, "page");
    const model = given.model === undefined ? undefined : await findModel(given.model);
    if (model !== undefined) await readModel(model); // a damaged one is refused here, not by the page
    const file = async (name: string, from: URL) => ({ name, contents: await Deno.readFile(from) });
    const text = (name: string, contents: string) => ({ name, contents: new TextEncoder().encode(contents) });
    const html = await Deno.readTextFile(new URL("index.html", SOURCE));
    const style = BASE_STYLE + await Deno.readTextFile(new URL("style.css", SOURCE));
    const { files: code, packages } = await scripts();
    const files: BundledFile[] = [
      text("index.html", model === undefined ? html : withModel(html)),
      text("style.css", style),
      ...code,
      await file("kernels.plain.wasm", new URL("build/kernels.plain.wasm", ROOT)),
      await file("kernels.relaxed.wasm", new URL("build/kernels.relaxed.wasm", ROOT)),
      ...await digits("train"),
      ...await digits("test"),
      text(NOTICES_FILE, await writeNotices(packages, ["kernels", "digits"])),
      ...(model === undefined ? [] : [{ name: MODEL_FILE, contents: await Deno.readFile(model) }]),
    ];
    await writeBuild(out, files.map(({ name, contents }) => [name, contents]));
    for (const { name, contents } of files) say(`${join(out, name)}: ${count(contents.length)} bytes`);
    const bytes = files.reduce((sum, { contents }) => sum + contents.length, 0);
    say(`${count(bytes)} bytes in all`);
    say(`\nNext:\n  deno task serve --model NAME          see it with a model of yours`);
    say(`  python3 -m http.server -d ${out}   or any other server of files`);
    result({ out, model: model ?? null, files: files.map(({ name }) => name), bytes });
  });

if (import.meta.main) await runCommandLine(["page", ...Deno.args], [command]);
