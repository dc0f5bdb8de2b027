/** The names of a network's outputs. */
import { indexNames } from "./class_names.ts";
import type { NetworkSpec } from "./spec.ts";
import { structureOf } from "./structure.ts";

/**
 * The name of each output of a network: its class's name, or its index where the model has no names.
 *
 * @example
 * ```ts
 * import { classNamesOf, notebookNetwork } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ classes: 3 });
 * console.log(classNamesOf({ spec })); // [ "0", "1", "2" ]
 * console.log(classNamesOf({ spec, classes: ["circle", "square", "triangle"] })[2]); // triangle
 * ```
 */
export function classNamesOf(
  { spec, classes }: { readonly spec: NetworkSpec; readonly classes?: readonly string[] },
): readonly string[] {
  return classes ?? indexNames(structureOf(spec).classes);
}
