/**
 * Bundles code with Deno's own bundler (`Deno.bundle`, esbuild inside), which needs no package and no permission to run programs.
 */
/// <reference lib="deno.unstable" />
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { checkMayWrite } from "../src/cli/task_permissions.ts";
import { SpikeletError } from "../src/errors.ts";
import { folderOfPackage, type Package, readPackage } from "../src/licenses/packages.ts";
import { checkBuildFolder } from "./build_folder.ts";

/** A file of a bundle. */
export interface BundledFile {
  readonly name: string;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/**
 * Checks that a command can bundle, and may write its output folder.
 *
 * @throws {SpikeletError} where this Deno's bundler cannot be called, or the folder may not be built into.
 */
export async function checkBundle(out: string, command: string): Promise<void> {
  if (!("bundle" in Deno)) {
    throw new SpikeletError(`this is Deno ${Deno.version.deno}, whose bundler no program can call: take 2.9`);
  }
  await checkBuildFolder(out);
  await checkMayWrite(out, out, [command, ...Deno.args]);
}

/** Files of one bundle, and the packages whose code is in them. */
export interface Bundle {
  /** Files that lie beside each other, an entry `x.ts` as `x.js`. */
  readonly files: readonly BundledFile[];
  readonly packages: readonly Package[];
}

/**
 * Bundles modules for a browser, each with all its imports; a module that several import, or that is imported on demand, becomes a
 * file of its own.
 *
 * @param entries Paths of modules in one folder.
 * @param minify Whether to minify the code. @default {true}
 * @param external Packages that are left out: their imports stay as they are. @default {none}
 * @throws {SpikeletError} when something cannot be bundled.
 */
export async function bundle(
  entries: readonly string[],
  { minify = true, external = [] }: { readonly minify?: boolean; readonly external?: readonly string[] } = {},
): Promise<Bundle> {
  // Code that is not minified names each module's source.
  const readable = await bundled(entries, false, external);
  const files = minify ? await bundled(entries, true, external) : readable;
  return { files, packages: await packagesIn(readable) };
}

async function bundled(
  entries: readonly string[],
  minify: boolean,
  external: readonly string[],
): Promise<BundledFile[]> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [...entries],
    platform: "browser",
    format: "esm",
    minify,
    external: [...external],
    write: false,
    // With several files the bundler requires a folder.
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

/** The packages whose modules are in a bundle: a line above each module's code is its path from the current folder. */
async function packagesIn(files: readonly BundledFile[]): Promise<Package[]> {
  const modules = new Set(
    files.flatMap(({ contents }) => [...new TextDecoder().decode(contents).matchAll(/^ *\/\/ (\S.*)$/gm)])
      .map(([, path = ""]) => resolve(path)),
  );
  // An entry that only hands on what others export has no code of its own, and so no line.
  if (![...modules].some((path) => existsSync(path))) {
    throw new SpikeletError(
      `the bundle does not name its modules, so the licences that it needs are unknown: see tools/bundle.ts`,
    );
  }
  const folders = new Set([...modules].flatMap((path) => folderOfPackage(path) ?? []));
  return await Promise.all([...folders].map(readPackage));
}
