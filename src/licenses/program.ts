/** Reads the parts of a program from its sources: files that they name, and packages. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { readError } from "../files/file_access.ts";
import { findPackage, type Package, withDependencies } from "./packages.ts";

/** A program's parts. */
export interface ProgramParts {
  /** Files whose address a module makes from its own, `new URL("worker.ts", import.meta.url)`: modules of threads among them. */
  readonly named: readonly string[];
  /** The packages that it reaches, in the order of their names. */
  readonly packages: readonly Package[];
}

/** Imports of a module at run time; those of types are not. */
const IMPORTS =
  /\b(?:import|export)\b(?!\s+type\b)[^;"'`=]*?\bfrom\s+"([^"\n]+)"|\bimport\s*\(?\s*"([^"\n]+)"/g;
const ADDRESSES = /new URL\("([^"]+)", import\.meta\.url\)/g;

/**
 * Follows a program's imports.
 *
 * @param entries Paths of modules; their threads' modules are found.
 * @throws {InputError} when a module or a package is not there.
 */
export async function readProgram(entries: readonly string[]): Promise<ProgramParts> {
  const seen = new Set<string>(), named = new Set<string>(), folders = new Set<string>();
  const open = entries.map((path) => pathToFileURL(path).href);
  for (let url; (url = open.pop()) !== undefined;) {
    if (seen.has(url)) continue;
    seen.add(url);
    const path = fileURLToPath(url);
    if (!path.endsWith(".ts")) continue;
    const code = withoutComments(await read(path));
    for (const [, address = ""] of code.matchAll(ADDRESSES)) {
      const file = new URL(address, url);
      if (!isFile(file)) continue; // a folder, or a file that is built later
      named.add(fileURLToPath(file));
      open.push(file.href);
    }
    for (const [, from, alone] of code.matchAll(IMPORTS)) {
      const specifier = from ?? alone ?? "";
      if (/^\.{1,2}\//.test(specifier)) open.push(new URL(specifier, url).href);
      else if (!specifier.startsWith("node:")) folders.add(findPackage(specifier, path));
    }
  }
  return { named: [...named].sort(), packages: await withDependencies(folders) };
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw readError(error, path);
  }
}

/** Code without the examples in its comments. */
function withoutComments(code: string): string {
  return code.replace(/\/\*.*?\*\//gs, "").replace(/^\s*\/\/.*$/gm, "");
}

function isFile(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}
