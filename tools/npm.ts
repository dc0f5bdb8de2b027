/**
 * `deno task npm`: the package for Node, bundlers and browsers.
 *
 * `deno pack` writes the library as JavaScript with types, from which the package takes the types of `src/portable.ts`. The code is
 * bundled with all packages, because npm installs nothing for a folder that it links (`npm install path/to/dist/npm`). The
 * kernels are there as text, because runtimes differ in how they find files, and as `.wasm` for those that import them;
 * the engine's worker is one file, and so is the HDF5 library, which is loaded when a NIR file needs it.
 */
/// <reference lib="deno.unstable" />
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { NOTICES_FILE, writeNotices } from "../src/licenses/notices.ts";
import type { Package } from "../src/licenses/packages.ts";
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { pathOption } from "../src/cli/option_values.ts";
import { jsonOption, openOutput } from "../src/cli/output.ts";
import { SpikeletError } from "../src/errors.ts";
import { count } from "../src/text/figures.ts";
import { LIST, sizeOf, writeBuild } from "./build_folder.ts";
import { bundle, checkBundle } from "./bundle.ts";
import configuration from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const OUT = "dist/npm", PACKED = "dist/packed.tgz";
const ENTRY = "src/portable.ts", WORKER = "src/engine/wasm/worker.ts", TYPES = "src/portable.d.ts";
/** The HDF5 library is a file of its own: it is larger than all else together, and few need it. */
const HDF5 = "h5wasm";
const SCHEMA = "schema/network.json";
const VARIANTS = ["plain", "relaxed"] as const;

const index = (library: string) =>
  `export * from "./${library}";
export { loadKernels } from "./kernels.js";
`;

const KERNELS = `const texts = {
${VARIANTS.map((variant) => `  ${variant}: () => import("./kernels.${variant}.js"),`).join("\n")}
};

export async function loadKernels(variant = "plain") {
  if (!Object.hasOwn(texts, variant)) throw new RangeError(\`kernels \${variant}: expected ${
  VARIANTS.join(" or ")
}\`);
  const { default: text } = await texts[variant]();
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return { variant, module: await WebAssembly.compile(bytes) };
}
`;

const KERNELS_TYPES = `import type { KernelModule, Variant } from "./src/engine/wasm/kernels.js";

/**
 * Compiles a build of the kernels, which the package has inside.
 *
 * Where that is forbidden (workerd), import \`@spikelet/spikelet/kernels.plain.wasm\` and hand in
 * \`{ variant: "plain", module }\`.
 *
 * @param variant \`plain\` gives the same bits everywhere; \`relaxed\` is faster, where \`bestVariant()\` names it. @default {"plain"}
 */
export declare function loadKernels(variant?: Variant): Promise<KernelModule>;
`;

/** Global types that the package's types name. Where a library has them, as the DOM's and Node's do, these add nothing. */
const GLOBALS = `declare global {
  namespace WebAssembly {
    interface Module {}
  }
  interface Blob {}
  interface Disposable {}
  interface Request {}
  interface Response {}
}
export {};
`;
const WITH_GLOBALS = '/// <reference path="./globals.d.ts" />\n';

const WASM_TYPES = `${WITH_GLOBALS}declare const module: WebAssembly.Module;
export default module;
`;

/** Reads a tar archive, gzipped (POSIX.1-1988: blocks of 512 bytes, a header before each file). */
async function untar(path: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const stream = new Blob([await Deno.readFile(path)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const field = (at: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const name = [field(at + 345, 155), field(at, 100)].filter((part) => part !== "").join("/");
    const size = parseInt(field(at + 124, 12), 8);
    files.set(name.replace(/^package\//, ""), bytes.slice(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/** A file of types, and all that it and they import. They contain no types of other packages, so users need not install any. */
function typesOf(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  packed: string,
  entry: string,
): Set<string> {
  const paths = new Set<string>(), open = [entry];
  for (let path; (path = open.pop()) !== undefined;) {
    if (paths.has(path)) continue;
    const bytes = files.get(path);
    if (!bytes) throw new SpikeletError(`${packed}: no ${path}, which the package needs`);
    paths.add(path);
    const code = new TextDecoder().decode(bytes).replace(/\/\*.*?\*\//gs, ""); // without the examples in comments
    for (const [, specifier = ""] of code.matchAll(/\b(?:from |import |import\()"([^"\n]+)"/g)) {
      if (!specifier.startsWith(".")) {
        throw new SpikeletError(`${path}: it has types of ${specifier}, which the package does not install`);
      }
      open.push(join(dirname(path), specifier.replace(/\.js$/, ".d.ts")));
    }
  }
  return paths;
}

/** A module, or the HDF5 library, with all that it imports, readable. @param external Packages that are left out. */
async function bundled(
  module: string,
  external: readonly string[] = [],
): Promise<{ code: string; packages: readonly Package[] }> {
  const path = fileURLToPath(module === HDF5 ? import.meta.resolve(module) : new URL(module, ROOT));
  const { files: [file], packages } = await bundle([path], { minify: false, external });
  return { code: new TextDecoder().decode(file?.contents), packages };
}

/** All files of the package, from the archive by `deno pack`. @throws {SpikeletError} when the archive lacks something. */
async function packageOf(packed: string): Promise<Map<string, Uint8Array | string>> {
  const files = await untar(packed);
  if (!files.has(TYPES)) {
    throw new SpikeletError(
      `${packed}: no types: \`deno publish --dry-run --allow-dirty\` tells which of them are not said`,
    );
  }
  const out = new Map<string, Uint8Array | string>();
  for (const path of [...typesOf(files, packed, TYPES), "LICENSE", "CHANGELOG.md", SCHEMA]) {
    out.set(path, files.get(path)!);
  }
  const library = await bundled(ENTRY, [HDF5]), worker = await bundled(WORKER);
  const hdf5 = await bundled(HDF5), importHdf5 = `import("${HDF5}")`;
  if (library.code.split(importHdf5).length !== 2) {
    throw new SpikeletError(`${ENTRY}: it does not import ${HDF5} once, on demand`);
  }
  if (library.code.split('"./worker.ts"').length !== 2) {
    throw new SpikeletError(`${ENTRY}: it names no worker.ts`);
  }
  const code = library.code.replace('"./worker.ts"', '"./worker.js"');
  out.set("spikelet.js", code.replace(importHdf5, 'import("./hdf5.js")'));
  out.set("hdf5.js", hdf5.code);
  out.set("worker.js", worker.code);
  const packages = new Map(
    [...library.packages, ...worker.packages, ...hdf5.packages].map((each) => [each.folder, each]),
  );
  out.set(NOTICES_FILE, await writeNotices([...packages.values()], ["kernels"]));
  for (const variant of VARIANTS) {
    const binary = await Deno.readFile(new URL(`build/kernels.${variant}.wasm`, ROOT));
    out.set(`kernels.${variant}.wasm`, binary);
    out.set(`kernels.${variant}.wasm.d.ts`, WASM_TYPES);
    out.set(`kernels.${variant}.js`, `export default "${binary.toBase64()}";\n`);
  }
  out.set("index.js", index("spikelet.js"));
  out.set("index.d.ts", WITH_GLOBALS + index(TYPES.replace(/\.d\.ts$/, ".js"))).set("globals.d.ts", GLOBALS);
  out.set("kernels.js", KERNELS).set("kernels.d.ts", KERNELS_TYPES);
  out.set("README.md", await Deno.readTextFile(new URL("docs/npm.md", ROOT)));
  const wasm = Object.fromEntries(VARIANTS.map((variant) => [
    `./kernels.${variant}.wasm`,
    { types: `./kernels.${variant}.wasm.d.ts`, default: `./kernels.${variant}.wasm` },
  ]));
  const description = {
    name: configuration.name,
    version: configuration.version,
    description: "Spiking neural networks, trained and run in any JavaScript runtime",
    license: configuration.license,
    type: "module",
    engines: { node: ">=20" },
    exports: {
      [`./${SCHEMA}`]: `./${SCHEMA}`,
      ".": { types: "./index.d.ts", default: "./index.js" },
      "./portable": { types: "./index.d.ts", default: "./index.js" }, // its name in the repository
      ...wasm,
      "./package.json": "./package.json",
    },
    sideEffects: ["./worker.js"],
    files: ["*", `!${LIST}`],
  };
  out.set("package.json", `${JSON.stringify(description, null, 2)}\n`);
  return out;
}

/** Calls `deno pack`. @throws {SpikeletError} when it fails. */
async function pack(packed: string): Promise<void> {
  await Deno.mkdir(dirname(packed), { recursive: true });
  const args = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", packed];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: fileURLToPath(ROOT),
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) throw new SpikeletError("`deno pack` has failed: see above");
}

/** The command `npm`. */
export const command = createCommand(
  "npm",
  "Make the package for Node, bundlers and browsers",
  "Writes dist/npm/; `npm publish dist/npm` would publish it, `npm install PATH/dist/npm` installs it.",
  "--out dist/npm",
)
  .addOption(pathOption("--out <folder>", "where to").default(OUT, OUT))
  .addOption(
    pathOption("--packed <file>", "what `deno pack` has written already (default: it is called first)"),
  )
  .addOption(jsonOption)
  .action(async (given) => {
    const { say, result } = openOutput(given);
    const { out } = given;
    await checkBundle(out, "npm");
    if (given.packed === undefined) await pack(PACKED);
    const files = [...await packageOf(given.packed ?? PACKED)];
    await writeBuild(out, files);
    const bytes = files.reduce((sum, [, contents]) => sum + sizeOf(contents), 0);
    const { name, version } = configuration;
    say(`${out}: ${name} ${version}, ${files.length} files, ${count(bytes)} bytes`);
    result({ out, name, version, files: files.map(([path]) => path), bytes });
  });

if (import.meta.main) await runCommandLine(["npm", ...Deno.args], [command]);
