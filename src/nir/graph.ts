/** A NIR graph as a file holds it: nodes by name, edges, and graphs in place of nodes. */
import type { Dataset } from "./hdf5/tree.ts";

/** A node: its primitive, and what the file says of it. */
export interface NirNode {
  /** The primitive, such as `LIF`. */
  readonly type: string;
  /** Its parameters, by name. */
  readonly fields: ReadonlyMap<string, Dataset>;
}

/** A graph, whole or in place of a node. */
export interface NirGraph {
  /** By name. */
  readonly nodes: ReadonlyMap<string, NirNode | NirGraph>;
  /** Sources and destinations, each pair once. */
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** Whether a node is a graph. */
export function isNirGraph(node: NirNode | NirGraph): node is NirGraph {
  return "edges" in node;
}
