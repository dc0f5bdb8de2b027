/**
 * Deno's own bundler (`Deno.bundle`, esbuild inside), and the folders that bundles go to. It needs no package and no permission to
 * run programs.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { basename, dirname } from "node:path";
import { SpikeletError } from "../src/errors.ts";
import { writeError } from "../src/file_access.ts";

/** A file of a bundle. */
export interface BundledFile {
  readonly name: string;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** @throws {SpikeletError} where this Deno's bundler cannot be called. */
export function checkBundler(): void {
  if (!("bundle" in Deno)) {
    throw new SpikeletError(
      `this is Deno ${Deno.version.deno}, whose bundler no program can call: take 2.9`,
    );
  }
}

/**
 * Bundles modules for a browser, each with all that it imports; what several import, or import when they need it, becomes a file
 * of its own.
 *
 * @param entries Paths of modules in one folder.
 * @returns Files that lie beside each other, an entry `x.ts` as `x.js`.
 * @throws {SpikeletError} when something cannot be bundled.
 */
export async function bundle(entries: readonly string[]): Promise<BundledFile[]> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [...entries],
    platform: "browser",
    format: "esm",
    minify: true,
    write: false,
    // Only with several files does the bundler ask where they would go.
    ...(entries.length > 1 && { codeSplitting: true, outputDir: "bundle" }),
  });
  if (!success || !outputFiles) {
    throw new SpikeletError(`the bundle failed: ${errors.map(({ text }) => text).join("; ")}`);
  }
  return outputFiles.map(({ path, contents }) => {
    if (!contents) throw new SpikeletError(`the bundle failed: ${path} is empty`);
    return { name: basename(path), contents };
  });
}

/** Makes a folder. @throws {SpikeletError} when that cannot be. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path, dirname(path));
  }
}
