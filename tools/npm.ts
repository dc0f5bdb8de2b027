/**
 * `deno task npm`: the package for Node, bundlers and browsers.
 *
 *     deno run … tools/npm.ts PACKED OUT
 *
 * PACKED is what `deno pack` has written: the library as JavaScript with types. Of it the package has `src/portable.ts` and what that
 * imports, as `index.js`; the kernels as text, for runtimes differ in how they find files, and as `.wasm` for those that
 * import them; and the engine's worker in one file.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import configuration from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const [PACKED, OUT] = Deno.args;
if (!PACKED || !OUT || Deno.args.length > 2) {
  console.error(
    "tools/npm.ts: expected two arguments, what `deno pack` has written and a folder: call `deno task npm`",
  );
  Deno.exit(2);
}
const ENTRY = "src/portable.js", WORKER = "src/engine/wasm/worker.js", CHANNEL = "src/engine/wasm/channel.js";
const VARIANTS = ["plain", "relaxed"] as const;

const INDEX = `export * from "./${ENTRY}";
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

const WASM_TYPES = `declare const module: WebAssembly.Module;
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

/** A file, and all that it and they import, with their types. */
function closureOf(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  entry: string,
): { paths: Set<string>; packages: Set<string> } {
  const paths = new Set<string>(), packages = new Set<string>(), open = [entry];
  for (let path; (path = open.pop()) !== undefined;) {
    if (paths.has(path)) continue;
    const bytes = files.get(path);
    if (!bytes) throw new Error(`${PACKED}: no ${path}, which the package needs`);
    paths.add(path);
    const types = path.replace(/\.js$/, ".d.ts");
    if (files.has(types)) open.push(types);
    const code = new TextDecoder().decode(bytes).replace(/\/\*.*?\*\//gs, ""); // without the examples in comments
    for (const [, specifier = ""] of code.matchAll(/\b(?:from|import) "([^"\n]+)"/g)) {
      if (specifier.startsWith(".")) open.push(join(dirname(path), specifier));
      else packages.add(specifier);
    }
  }
  return { paths, packages };
}

/** The version of a package in deno.json, without its `npm:name@`. */
function versionOf(name: string): string {
  const found = Object.entries(configuration.imports).find(([key]) => key === name)?.[1];
  const version = found && /@([^@]+)$/.exec(found)?.[1];
  if (!version) throw new Error(`deno.json: no import ${name}, which the package needs`);
  return version;
}

async function bundleWorker(): Promise<Uint8Array> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [fileURLToPath(new URL("src/engine/wasm/worker.ts", ROOT))],
    platform: "browser",
    format: "esm",
    write: false,
  });
  const contents = outputFiles?.[0]?.contents;
  if (!success || !contents) throw new Error(`the worker: ${errors.map(({ text }) => text).join("; ")}`);
  return contents;
}

const files = await untar(PACKED);
if (!files.has(ENTRY.replace(/\.js$/, ".d.ts"))) {
  console.error(
    `${PACKED}: no types: \`deno publish --dry-run --allow-dirty\` tells which of them are not said`,
  );
  Deno.exit(1);
}
const { paths, packages } = closureOf(files, ENTRY);
const out = new Map<string, Uint8Array | string>();
for (const path of [...paths, "LICENSE", "CHANGELOG.md"]) out.set(path, files.get(path)!);
const channel = new TextDecoder().decode(out.get(CHANNEL) as Uint8Array);
if (!channel.includes('"./worker.ts"')) throw new Error(`${CHANNEL}: it names no worker.ts`);
out.set(CHANNEL, channel.replace('"./worker.ts"', '"./worker.js"'));
out.set(WORKER, await bundleWorker());
for (const variant of VARIANTS) {
  const binary = await Deno.readFile(new URL(`build/kernels.${variant}.wasm`, ROOT));
  out.set(`kernels.${variant}.wasm`, binary);
  out.set(`kernels.${variant}.wasm.d.ts`, WASM_TYPES);
  out.set(`kernels.${variant}.js`, `export default "${btoa(String.fromCharCode(...binary))}";\n`);
}
out.set("index.js", INDEX).set("index.d.ts", INDEX).set("kernels.js", KERNELS).set(
  "kernels.d.ts",
  KERNELS_TYPES,
);
out.set("README.md", await Deno.readTextFile(new URL("docs/npm.md", ROOT)));
const wasm = Object.fromEntries(VARIANTS.map((variant) => [
  `./kernels.${variant}.wasm`,
  { types: `./kernels.${variant}.wasm.d.ts`, default: `./kernels.${variant}.wasm` },
]));
out.set(
  "package.json",
  JSON.stringify(
    {
      name: configuration.name,
      version: configuration.version,
      description: "Spiking neural networks, trained and run in any JavaScript runtime",
      license: configuration.license,
      type: "module",
      engines: { node: ">=20" },
      exports: {
        ".": { types: "./index.d.ts", default: "./index.js" },
        ...wasm,
        "./package.json": "./package.json",
      },
      sideEffects: [`./${WORKER}`],
      dependencies: Object.fromEntries([...packages].sort().map((name) => [name, versionOf(name)])),
    },
    null,
    2,
  ) + "\n",
);

await Deno.remove(OUT, { recursive: true }).catch(() => {}); // what an older version had
let total = 0;
for (const [path, contents] of out) {
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  await Deno.mkdir(`${OUT}/${dirname(path)}`, { recursive: true });
  await Deno.writeFile(`${OUT}/${path}`, bytes);
  total += bytes.length;
}
console.log(
  `${OUT}: ${configuration.name} ${configuration.version}, ${out.size} files, ${
    total.toLocaleString("en")
  } bytes`,
);
