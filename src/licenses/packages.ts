/**
 * Packages as they lie in `node_modules`: which one a file belongs to, and which others it needs.
 *
 * Deno lays each package at `node_modules/.deno/NAME@VERSION/node_modules/NAME`, and beside it links to those that it needs.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { readError } from "../files/file_access.ts";

/** A package of npm. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** The name of its licence, as its `package.json` gives it. */
  readonly license: string;
  /** Where it lies. */
  readonly folder: string;
}

/** Packages of types, and the compiler that valibot names as an optional peer: no code of them runs. */
const TYPES = /^(@types\/|@webgpu\/types@|@typescript\/|typescript@)/;

const ROOT = new URL("../../", import.meta.url);

const packageSchema = v.object({ name: v.string(), version: v.string(), license: v.string() });

/**
 * The folder of the package that a module imports: in the `node_modules` nearest above it, links resolved.
 *
 * @param specifier The import's: a package's name, and maybe a path in it.
 * @throws {InputError} when it is in none.
 */
export function findPackage(specifier: string, module: string): string {
  const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [specifier];
  let above = module;
  for (let folder = dirname(module); folder !== above; folder = dirname(above)) {
    try {
      return Deno.realPathSync(join(folder, "node_modules", name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw readError(error, folder);
      }
    }
    above = folder;
  }
  throw new InputError(`${name}: ${module} imports it, and it is in no node_modules: run \`deno install\``);
}

/** The folder of the kernels' compiler. @throws {InputError} when it is in no `node_modules`. */
export function findCompiler(): string {
  return findPackage("assemblyscript", fileURLToPath(new URL("tools/build.ts", ROOT)));
}

/** The folder of the package that a file belongs to, by the last `node_modules` in its path; `undefined` outside any. */
export function folderOfPackage(file: string): string | undefined {
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(file)?.[0];
}

/**
 * Reads a package's `package.json`.
 *
 * @throws {InputError} when its `package.json` cannot be read, or names no licence.
 */
export async function readPackage(folder: string): Promise<Package> {
  const path = join(folder, "package.json");
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw readError(error, path);
  }
  const parsed = v.safeParse(packageSchema, JSON.parse(text));
  if (parsed.success) return { ...parsed.output, folder };
  throw new InputError(`${path}: expected a name, a version and a licence: see what the package's terms are`);
}

/**
 * Packages and their dependencies, by the links in `node_modules`.
 *
 * @param folders Those of the packages, links resolved.
 * @returns All of them without packages of types, in the order of their names.
 * @throws {InputError} when one cannot be read.
 */
export async function withDependencies(folders: Iterable<string>): Promise<Package[]> {
  const found = new Map<string, Package>(), open = [...folders];
  for (let folder; (folder = open.pop()) !== undefined;) {
    if (found.has(folder)) continue;
    const each = await readPackage(folder);
    if (TYPES.test(`${each.name}@`)) continue;
    found.set(folder, each);
    open.push(...linksBeside(folder, each.name));
  }
  return [...found.values()].sort(byName);
}

/** An order of packages: by name, then by version. */
export function byName(a: Package, b: Package): number {
  return a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1;
}

/** The folders of the packages that one may import: its neighbours in its own `node_modules`. */
function linksBeside(folder: string, name: string): string[] {
  const modules = folder.slice(0, -name.length - 1);
  return packagesIn(modules).filter((path) => path !== folder).map((path) => Deno.realPathSync(path));
}

/** The packages of a `node_modules`, those of a scope among them. */
function packagesIn(modules: string): string[] {
  return [...Deno.readDirSync(modules)].map(({ name }) => name).toSorted().flatMap((name) => {
    if (name.startsWith(".")) return [];
    return name.startsWith("@") ? packagesIn(join(modules, name)) : [join(modules, name)];
  });
}
