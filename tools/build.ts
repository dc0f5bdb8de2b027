/**
 * `deno task build`: compiles asm/ to build/kernels.<variant>.wasm, twice from the same source, and declares the kernels' parameters
 * and results in build/kernels.d.ts, from which src/engine/wasm/kernels.ts has its types.
 *
 * Skipped when neither the sources nor the tools have changed since the last build.
 */
import { createHash } from "node:crypto";
import { count } from "../src/text/figures.ts";

// The help takes longer to load than it takes to see that nothing has changed.
if (import.meta.main && Deno.args.length > 0) {
  const { createCommand } = await import("../src/cli/command.ts");
  const { runCommandLine } = await import("../src/cli/command_line.ts");
  const command = createCommand(
    "build",
    "Compile the AssemblyScript kernels to build/",
    "Does nothing when neither sources nor options have changed. Other tasks begin with it.",
    "",
  );
  await runCommandLine(["build", ...Deno.args], [command]);
}

const root = new URL("../", import.meta.url);
const VARIANTS = { relaxed: ["--enable", "relaxed-simd"], plain: [] } as const;

/** Every AssemblyScript below asm/, by its path from the root, in a fixed order. */
function readSources(folder = "asm"): Map<string, string> {
  const sources = new Map<string, string>();
  const entries = [...Deno.readDirSync(new URL(folder, root))].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) { for (const [p, text] of readSources(path)) sources.set(p, text); }
    else if (/(?<!wgsl)\.ts$/.test(entry.name)) sources.set(path, Deno.readTextFileSync(new URL(path, root)));
  }
  return sources;
}

function fingerprint(sources: Map<string, string>): string {
  const compiler = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root))).imports.assemblyscript;
  const hash = createHash("sha256").update(compiler);
  for (const tool of ["tools/build.ts", "tools/assemblyscript.ts", "tools/kernel_declarations.ts"]) {
    hash.update(Deno.readTextFileSync(new URL(tool, root)));
  }
  for (const [path, text] of sources) hash.update(`${path}\0${text}\0`);
  return hash.digest("hex");
}

function isCurrent(stamp: string): boolean {
  try {
    for (const variant of Object.keys(VARIANTS)) {
      Deno.statSync(new URL(`build/kernels.${variant}.wasm`, root));
    }
    Deno.statSync(new URL("build/kernels.d.ts", root));
    return Deno.readTextFileSync(new URL("build/kernels.stamp", root)) === stamp;
  } catch {
    return false;
  }
}

const sources = readSources();
/** The module exports what these files export: the list of kernels, and every kind of neuron and operator. */
const entries = [
  "asm/index.ts",
  ...sources.keys().filter((path) => /^asm\/(neurons|operators)\/[a-z0-9_]+\.ts$/.test(path)),
];
const stamp = fingerprint(sources);
if (!isCurrent(stamp)) {
  // Loading the compiler takes half a second: only when there is something to compile.
  const { compile } = await import("./assemblyscript.ts");
  const { KernelDeclarations } = await import("./kernel_declarations.ts");
  Deno.mkdirSync(new URL("build", root), { recursive: true });
  // A build that is stopped from here to its end counts as none, whatever the sources are the next time.
  Deno.writeTextFileSync(new URL("build/kernels.stamp", root), "");
  for (const [variant, options] of Object.entries(VARIANTS)) {
    const started = performance.now();
    const declarations = new KernelDeclarations();
    const binary = await compile(entries, sources, options, [declarations]).catch((error: Error) => {
      console.error(error.message);
      Deno.exit(1);
    });
    const name = `build/kernels.${variant}.wasm`;
    Deno.writeFileSync(new URL(name, root), binary);
    Deno.writeTextFileSync(new URL("build/kernels.d.ts", root), declarations.text);
    console.error(`${name}: ${count(binary.length)} bytes in ${Math.round(performance.now() - started)} ms`);
  }
  Deno.writeTextFileSync(new URL("build/kernels.stamp", root), stamp);
}
