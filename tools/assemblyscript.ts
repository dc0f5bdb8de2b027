/** Compiles AssemblyScript from memory, with the options that the kernels are built with. */
import { type APIOptions, main } from "assemblyscript/asc";

const OPTIONS = [
  ...["-O3", "--converge", "--noAssert", "--runtime", "stub", "--enable", "simd", "--use", "abort="],
  ...["--outFile", "out.wasm"],
];

/**
 * Compiles to WebAssembly.
 *
 * @param sources Texts by their paths, the entries' among them.
 * @throws {Error} when the compiler finds a fault; the message is the compiler's.
 */
export async function compile(
  entries: readonly string[],
  sources: ReadonlyMap<string, string>,
  options: readonly string[],
  transforms: NonNullable<APIOptions["transforms"]> = [],
): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await main([...entries, ...OPTIONS, ...options], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") binary = new Uint8Array(contents);
    },
    listFiles: () => [],
    transforms,
  });
  if (error || !binary) throw new Error(stderr.toString() || error?.message);
  return binary;
}
