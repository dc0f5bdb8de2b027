/**
 * `deno task page`: the page that learns in the browser, as static files in `dist/page/`.
 *
 * Scripts, style and kernels; a part of MNIST as four gzipped IDX files; a model to begin with (`tools/page_model.ts` makes it), or with
 * `--model` another one.
 */
import { gzipSync } from "fflate";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "@commander-js/extra-typings";
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
import { BUILT_IN_MODEL, MODEL_FILE, PAGE_ENTRIES, withModel } from "../src/serve/page_files.ts";
import { writeLink } from "../playground/logic/link.ts";
import { SUBSET } from "../playground/logic/subset.ts";
import { BASE_STYLE } from "../src/report/style.ts";
import { findModel } from "../src/runs/run_folder.ts";
import { writeBuild } from "./build_folder.ts";
import { type Bundle, bundle, type BundledFile, checkBundle } from "./bundle.ts";

const ROOT = new URL("../", import.meta.url);
const SOURCE = new URL("playground/", ROOT);
const OUT = join("dist", "page");
/** The held-back digit that plays itself at first: a seven. */
const FIRST = 0;
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

/**
 * Marks what the page shows first, before any digits are fetched: a held-back digit, in the form of a link; and the absolute address of
 * the picture that others show of it, which some of them want.
 */
async function marked(html: string, address: string | undefined): Promise<string> {
  const { features, size } = await loadMnist(undefined, "test");
  const pixels = Uint8Array.from(features.subarray(FIRST * size, (FIRST + 1) * size));
  const start = html.replace('data-start=""', `data-start="${await writeLink({ pixels })}"`);
  return address === undefined ? start : start.replace('content="card.png"', `content="${address}card.png"`);
}

/** An address that files can be appended to. */
function addressOption(text: string): string {
  if (!/^https?:\/\/[^\s"<>]+$/.test(text)) {
    throw new InvalidArgumentError("expected where the page will be, such as https://example.org/spikelet/");
  }
  return text.endsWith("/") ? text : `${text}/`;
}

/** The command `page`. */
export const command = createCommand(
  "page",
  "Build the page that learns in the browser",
  "Writes static files to dist/page/, which any server of files can send.",
  "--model wider",
)
  .addOption(
    runOption(
      "--model <run-or-file>",
      "what the page begins with (default: one that was trained for seconds)",
    ),
  )
  .addOption(pathOption("--out <folder>", "where to").default(OUT, OUT))
  .option(
    "--address <url>",
    "where it will be published, for the picture that others show of it",
    addressOption,
  )
  .addOption(jsonOption)
  .addOption(quietOption)
  .action(async (given) => {
    const { say, result } = openOutput(given);
    const { out, address } = given;
    await checkBundle(out, "page");
    const model = given.model === undefined ? undefined : await findModel(given.model);
    if (model !== undefined) await readModel(model); // a damaged one is refused here, not by the page
    const file = async (name: string, from: URL) => ({ name, contents: await Deno.readFile(from) });
    const text = (name: string, contents: string) => ({ name, contents: new TextEncoder().encode(contents) });
    const html = await marked(await Deno.readTextFile(new URL("index.html", SOURCE)), address);
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
      await file("icon.svg", new URL("icon.svg", SOURCE)),
      await file("card.png", new URL("card.png", SOURCE)),
      model === undefined
        ? await file(BUILT_IN_MODEL, new URL("model.safetensors", SOURCE))
        : { name: MODEL_FILE, contents: await Deno.readFile(model) },
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
