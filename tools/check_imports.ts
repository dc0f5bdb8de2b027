/**
 * Checks that imports point one way: no file imports itself through others, and each room imports from its list in
 * `import_arrows.ts` alone. Imports of types count, because a reader follows them too.
 */
import { dirname, join } from "node:path/posix";
import { SpikeletError } from "../src/errors.ts";
import { ARROWS, COMMON, FREE } from "./import_arrows.ts";
import { filesIn } from "./steps.ts";

/** The folders of the project's code, and its own. */
const PLACES = [".", "asm", "src", "playground", ...FREE];

/** Files, each with those that it imports; paths start from the project's folder. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** Reads the imports of every file below a folder. @param root The project's folder. */
export function readImports(root: string): Imports {
  const files = PLACES.flatMap((place) => filesIn(root, place)).filter((path) => path.endsWith(".ts"))
    .toSorted();
  const known = new Set(files);
  return new Map(files.map((file) => {
    const paths = pathsIn(Deno.readTextFileSync(join(root, file))).map((path) => join(dirname(file), path));
    // AssemblyScript omits the ending. A path that is no file is part of a string, such as a test's program.
    return [file, paths.flatMap((path) => [path, `${path}.ts`].filter((path) => known.has(path)))];
  }));
}

/** Lists faults of imports, one line each. */
export function findWrongImports(imports: Imports): string[] {
  const circle = findCircle(imports);
  const wrong = [...imports].flatMap(([from, files]) =>
    files.filter((to) => !mayImport(from, to)).map((to) =>
      `${from} imports ${to}: ${roomOf(to)} is not among what ${roomOf(from)} may import from`
    )
  );
  return [...(circle ? [`a circle of imports: ${circle.join(" → ")}`] : []), ...wrong];
}

/** Checks the project's imports. @throws {SpikeletError} when some are wrong. */
export function checkImports(root: string): void {
  const wrong = findWrongImports(readImports(root));
  if (wrong.length > 0) throw new SpikeletError([...wrong, "See tools/import_arrows.ts."].join("\n"));
}

/** Paths after `from`, or in `import(…)`. */
function pathsIn(text: string): string[] {
  const found = text.matchAll(/^(?:import|export)\b[^;"]*?(?:\bfrom )?"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm);
  return [...found].flatMap(([, still, dynamic]) => still ?? dynamic ?? []);
}

/** A file's room: itself, or its folder. */
function roomOf(file: string): string {
  return file in ARROWS ? file : dirname(file);
}

function mayImport(from: string, to: string): boolean {
  if (FREE.some((room) => from.startsWith(`${room}/`))) return true;
  const room = roomOf(from), other = roomOf(to);
  if (COMMON.includes(other) && room !== "src" && !from.startsWith("asm/")) return true;
  return room === other || (ARROWS[room]?.includes(other) ?? false);
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
