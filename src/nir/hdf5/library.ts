/** HDF5 files by libhdf5 itself, as WebAssembly (h5wasm): loaded when it is first needed. */
import { InputError } from "../../errors.ts";
import { oneLine } from "../../text/one_line.ts";
import type { Dataset, Group } from "./tree.ts";

type Library = typeof import("h5wasm");

let loaded: Promise<Library> | undefined;
/** It has trapped: its memory may be anything. */
let isBroken = false;
let files = 0;

/** The library, ready, in which what fails throws. */
export function loadLibrary(): Promise<Library> {
  return loaded ??= import("h5wasm").then(async (library) => {
    const module = await library.ready;
    module.activate_throwing_error_handler();
    return library;
  });
}

/** A name in the library's own files, which are in memory. */
export function newFileName(): string {
  return `spikelet-${++files}.h5`;
}

/** Reads a file by the library. @throws {InputError} when it cannot. */
export async function readByLibrary(bytes: Uint8Array, name: string): Promise<Group> {
  if (isBroken) {
    throw new InputError(
      `${name}: not read: the HDF5 library broke down on a damaged file before: start again`,
    );
  }
  const library = await loadLibrary(), { FS, File } = library, path = newFileName();
  FS!.writeFile(path, bytes);
  let file: InstanceType<Library["File"]> | undefined;
  try {
    file = new File(path, "r");
    return readGroup(library, file, 0);
  } catch (error) {
    isBroken ||= error instanceof WebAssembly.RuntimeError;
    throw new InputError(`${name}: the HDF5 library cannot read it: ${reasonOf(error)}`);
  } finally {
    if (!isBroken) {
      try {
        file?.close();
      } catch {
        // It is closed as far as it goes.
      }
      FS!.unlink(path);
    }
  }
}

/** The last line of libhdf5's report that says what it is about. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const reason = text.split("\n").findLast((line) => /^\s*#\d+:/.test(line))?.replace(/^.*\(\): /, "");
  return oneLine(reason ?? (isBroken ? "the file is damaged" : text));
}

function readGroup(library: Library, group: InstanceType<Library["Group"]>, depth: number): Group {
  if (depth > 64) throw new Error("groups lie in groups without end");
  return new Map(
    group.keys().map((key): [string, Group | Dataset] => {
      const entry = group.get(key);
      if (entry instanceof library.Group) return [key, readGroup(library, entry, depth + 1)];
      if (entry instanceof library.Dataset) return [key, datasetOf(entry, key)];
      throw new Error(`${key} is neither a group nor a dataset`);
    }),
  );
}

function datasetOf(dataset: InstanceType<Library["Dataset"]>, key: string): Dataset {
  const value = dataset.value, shape = dataset.shape ?? [];
  const all: unknown[] = typeof value === "object" && value !== null && Symbol.iterator in value
    ? [...value as Iterable<unknown>].flat(Infinity)
    : [value];
  if (all.every((each) => typeof each === "string")) return { shape, strings: all };
  if (
    all.every((each) => typeof each === "number" || typeof each === "bigint" || typeof each === "boolean")
  ) {
    const numbers = all.map(Number);
    return { shape, numbers: value instanceof Float32Array ? value : Float64Array.from(numbers) };
  }
  throw new Error(`${key} holds neither numbers nor texts`);
}
