/**
 * Checks that imports point one way: no file imports itself through others, and no room imports from one that it should not know
 * (`import_arrows.ts`). Imports of types count, for a reader follows them too.
 */
import { dirname, join } from "node:path/posix";
import { SpikeletError } from "../src/errors.ts";
import { ARROWS, COMMON, FREE } from "./import_arrows.ts";

/** Files, each with those that it imports; paths are the project's. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** Reads the imports of every file below a folder. @param root The project's folder. */
export function readImports(root: string): Imports {
  const files = filesOf(root, "").filter((path) => path.endsWith(".ts")).toSorted();
  const known = new Set(files);
  return new Map(files.map((file) => {
    const paths = pathsIn(Deno.readTextFileSync(join(root, file))).map((path) => join(dirname(file), path));
    // AssemblyScript leaves the ending out. What is no file stands in a text, such as a test's program.
    return [file, paths.flatMap((path) => [path, `${path}.ts`].filter((path) => known.has(path)))];
  }));
}

/** Lists faults of imports, one line each. */
export function findWrongImports(
  imports: Imports,
  arrows: Readonly<Record<string, readonly string[]>> = ARROWS,
): string[] {
  const circle = findCircle(imports);
  const wrong = [...imports].flatMap(([from, files]) =>
    files.filter((to) => !mayImport(from, to, arrows)).map((to) =>
      `${from} imports ${to}: ${roomOf(to, arrows)} is not among what ${roomOf(from, arrows)} may import from`
    )
  );
  return [...(circle ? [`a circle of imports: ${circle.join(" → ")}`] : []), ...wrong];
}

/** Checks the project's imports. @throws {SpikeletError} when some are wrong. */
export function checkImports(root: string): void {
  const wrong = findWrongImports(readImports(root));
  if (wrong.length > 0) throw new SpikeletError([...wrong, "See tools/import_arrows.ts."].join("\n"));
}

function filesOf(root: string, folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return isOurs(path) ? filesOf(root, path) : [];
    return [path];
  });
}

/** Whether a folder holds code of ours. */
function isOurs(folder: string): boolean {
  return ["asm", "src", "playground", ...FREE].some((one) => folder === one || folder.startsWith(`${one}/`));
}

/** Paths after `from`, or in `import(…)`. */
function pathsIn(text: string): string[] {
  const found = text.matchAll(/^(?:import|export)\b[^;"]*?(?:\bfrom )?"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm);
  return [...found].flatMap(([, still, dynamic]) => still ?? dynamic ?? []);
}

/** The room that a file is in: itself, or its folder. */
function roomOf(file: string, arrows: Readonly<Record<string, readonly string[]>>): string {
  return file in arrows ? file : dirname(file);
}

function mayImport(from: string, to: string, arrows: Readonly<Record<string, readonly string[]>>): boolean {
  if (FREE.some((room) => from.startsWith(`${room}/`))) return true;
  const rooms = [roomOf(from, arrows), roomOf(to, arrows)] as const;
  if (COMMON.includes(rooms[1]) && rooms[0] !== "src" && !from.startsWith("asm/")) return true;
  return rooms[0] === rooms[1] || (arrows[rooms[0]]?.includes(rooms[1]) ?? false);
}

/** The first circle of files, from one back to itself. */
function findCircle(imports: Imports): string[] | undefined {
  const done = new Set<string>(), path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle) return circle;
  }
  return undefined;
}
