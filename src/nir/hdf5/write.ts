/** Writes HDF5 files of the first version of the format, which every reader takes, by libhdf5 (h5wasm). */
import { loadLibrary, newFileName } from "./library.ts";
import { type Dataset, type Group, isGroup } from "./tree.ts";

/** Writes groups and datasets as the bytes of a file. Numbers of a Float64Array with `isWhole` are 64-bit whole numbers. */
export async function writeHdf5(root: Group): Promise<Uint8Array> {
  const library = await loadLibrary(), { FS, File } = library, path = newFileName();
  const file = new File(path, "w", { libver: ["earliest", "v110"] });
  try {
    write(root, file);
  } finally {
    file.close();
  }
  const bytes = FS!.readFile(path);
  FS!.unlink(path);
  return bytes;
}

/** A group of the library's. */
interface OpenGroup {
  create_group(name: string): OpenGroup;
  create_dataset(dataset: {
    readonly name: string;
    readonly data: string | string[] | Float32Array | Float64Array | BigInt64Array;
    readonly shape: number[];
    readonly dtype: string;
  }): unknown;
}

function write(group: Group, to: OpenGroup): void {
  for (const [name, entry] of group) {
    if (isGroup(entry)) write(entry, to.create_group(name));
    else to.create_dataset({ name, shape: [...entry.shape], ...contentsOf(entry) });
  }
}

function contentsOf(dataset: Dataset) {
  if ("strings" in dataset) return { data: [...dataset.strings], dtype: "S" };
  const { numbers, isWhole } = dataset;
  if (isWhole) return { data: BigInt64Array.from(numbers, (value) => BigInt(value)), dtype: "<q" };
  return { data: numbers, dtype: numbers instanceof Float32Array ? "<f" : "<d" };
}
