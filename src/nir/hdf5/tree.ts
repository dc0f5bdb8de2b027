/** What an HDF5 file holds, as far as NIR uses it: groups, and datasets of numbers or of strings. Attributes are left out. */

/** A dataset. */
export type Dataset =
  & {
    /** From the slowest dimension to the fastest; empty of a single value. */
    readonly shape: readonly number[];
  }
  & ({
    /** Row-major. Whole numbers and truth values are numbers, too. */
    readonly numbers: Float32Array | Float64Array;
    /** Of a dataset to write: they are whole numbers. */
    readonly isWhole?: true;
  } | {
    /** Row-major. */
    readonly strings: readonly string[];
  });

/** A group: datasets and groups by name, in the order of the file. */
export type Group = ReadonlyMap<string, Group | Dataset>;

/** Whether an entry of a group is a group. */
export function isGroup(entry: Group | Dataset): entry is Group {
  return entry instanceof Map;
}
