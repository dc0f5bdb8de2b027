/**
 * `deno task edge`: a model and the routes of `serve`, bundled for runtimes at the edge.
 *
 * Writes two forms to `dist/edge/`. For workerd (Cloudflare's runtime, which forbids to compile WebAssembly from bytes) a folder
 * of modules: `worker.js`, the bundle, the kernels and the model, with a configuration for workerd and one for wrangler. For
 * any other runtime with fetch handlers `fetch.js`, one file with all of it inside.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../src/cli/command_line.ts";
import { createCommand } from "../src/cli/command.ts";
import { count } from "../src/text/figures.ts";
import { pathOption, runOption } from "../src/cli/option_values.ts";
import { jsonOption, openOutput } from "../src/cli/output.ts";
import { describeNetwork } from "../src/network/words.ts";
import { NOTICES_FILE, writeNotices } from "../src/licenses/notices.ts";
import { readModel } from "../src/network/model_file.ts";
import { TEMPORARY, writeFileAtomic } from "../src/files/write_file.ts";
import { findModel } from "../src/runs/run_folder.ts";
import { type BuiltFile, makeFolder, sizeOf, writeBuild } from "./build_folder.ts";
import { bundle, checkBundle } from "./bundle.ts";

const ROOT = new URL("../", import.meta.url);
const HANDLER = new URL("src/serve/handler.ts", ROOT);
const OUT = join("dist", "edge");
const KERNELS = "kernels.plain.wasm", MODEL = "model.safetensors";
/** Compatibility date of workerd: the tests cover its behaviour up to this day. */
const COMPATIBILITY_DATE = "2026-11-01";

const WORKER = `// Spikelet for workerd: the model and the kernels are modules beside this one.
import kernels from "./${KERNELS}";
import model from "./${MODEL}";
import { createHandler } from "./spikelet.js";

export default { fetch: createHandler(model, { kernels: { variant: "plain", module: kernels } }) };
`;

const CAPNP = `# workerd serve config.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "spikelet", worker = .spikelet)],
  sockets = [(name = "http", address = "127.0.0.1:8080", http = (), service = "spikelet")],
);

const spikelet :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "spikelet.js", esModule = embed "spikelet.js"),
    (name = "${KERNELS}", wasm = embed "${KERNELS}"),
    (name = "${MODEL}", data = embed "${MODEL}"),
  ],
  compatibilityDate = "${COMPATIBILITY_DATE}",
);
`;

const WRANGLER = `// npx wrangler deploy
{
  "name": "spikelet",
  "main": "worker.js",
  "compatibility_date": "${COMPATIBILITY_DATE}",
  "rules": [{ "type": "Data", "globs": ["**/*.safetensors"], "fallthrough": true }]
}
`;

/** Tells Node that the files beside it are modules. */
const PACKAGE = `${JSON.stringify({ private: true, type: "module" })}\n`;

/** One module with everything in it: model and kernels as base64, compiled when the module is loaded. */
function fetchModule(kernels: Uint8Array, model: Uint8Array): string {
  return `import { createHandler } from ${JSON.stringify(fileURLToPath(HANDLER))};

const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const handler = WebAssembly.compile(bytesOf("${kernels.toBase64()}")).then((module) =>
  createHandler(bytesOf("${model.toBase64()}"), { kernels: { variant: "plain", module } })
);

export async function fetch(request) {
  return await (await handler)(request);
}

export default { fetch };
`;
}

/** The command `edge`. */
export const command = createCommand(
  "edge",
  "Bundle a trained model for runtimes at the edge",
  "Writes dist/edge/: worker.js and its modules for workerd, fetch.js for any runtime with fetch handlers.",
  "--model wider",
)
  .addOption(
    runOption("--model <run-or-file>", "a run's name, its folder, or a model.safetensors")
      .makeOptionMandatory(),
  )
  .addOption(pathOption("--out <folder>", "where to").default(OUT, OUT))
  .addOption(jsonOption)
  .action(async (given) => {
    const { say, result } = openOutput(given);
    const { out } = given;
    await checkBundle(out, "edge");
    const path = await findModel(given.model);
    const { spec } = await readModel(path); // a damaged model is refused here, not at the edge
    const model = await Deno.readFile(path);
    const kernels = await Deno.readFile(new URL(`build/${KERNELS}`, ROOT));
    await makeFolder(out);
    const entry = resolve(out, `${TEMPORARY}${crypto.randomUUID()}.js`);
    await writeFileAtomic(entry, fetchModule(kernels, model));
    const [modules, alone] = [await bundle([fileURLToPath(HANDLER)]), await bundle([entry])];
    await Deno.remove(entry);
    const files: BuiltFile[] = [
      ["package.json", PACKAGE],
      ["worker.js", WORKER],
      ["spikelet.js", modules.files[0]!.contents],
      [KERNELS, kernels],
      [MODEL, model],
      ["config.capnp", CAPNP],
      ["wrangler.jsonc", WRANGLER],
      ["fetch.js", alone.files[0]!.contents],
      [NOTICES_FILE, await writeNotices(alone.packages, ["kernels"])],
    ];
    await writeBuild(out, files);
    for (const [name, contents] of files) say(`${join(out, name)}: ${count(sizeOf(contents))} bytes`);
    say(`${path}: ${describeNetwork(spec)}`);
    say(`\nNext:\n  npx workerd serve ${join(out, "config.capnp")}   try it at http://127.0.0.1:8080`);
    const file = join(out, "fetch.js");
    say(`  deno serve --host 127.0.0.1 ${file}   the same under Deno, at http://127.0.0.1:8000`);
    result({ out, model: path, files: files.map(([name]) => name) });
  });

if (import.meta.main) await runCommandLine(["edge", ...Deno.args], [command]);
