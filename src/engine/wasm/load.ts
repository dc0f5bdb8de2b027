/**
 * Loads the built kernels, under Deno. In other runtimes the caller imports or fetches them and makes the `KernelModule`.
 */
import { EngineError } from "../../errors.ts";
import { readError } from "../../files/file_access.ts";
import { checkVariant } from "../checks.ts";
import { bestVariant, type KernelModule, type Variant } from "./kernels.ts";

/**
 * Reads and compiles a build of the kernels.
 *
 * @param variant @default {the best one for this runtime}
 * @throws {OptionError} when there is no such build.
 * @throws {EngineError} when the kernels have not been built.
 * @throws {InputError} when they cannot be read.
 */
export async function loadKernels(variant: Variant = bestVariant()): Promise<KernelModule> {
  checkVariant(variant);
  const name = `kernels.${variant}.wasm`;
  let binary: Uint8Array<ArrayBuffer>;
  try {
    binary = await readBuilt(new URL(`../../../build/${name}`, import.meta.url));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw readError(cause, `build/${name}`);
    throw new EngineError(`build/${name}: not found: run \`deno task build\` first`, { cause });
  }
  return { variant, module: await WebAssembly.compile(binary) };
}

/** Reads a file of the package, from the disk or from the package's registry. */
async function readBuilt(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === "file:") return await Deno.readFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new EngineError(`${url}: ${response.status} ${response.statusText}: try again`);
  return new Uint8Array(await response.arrayBuffer());
}
