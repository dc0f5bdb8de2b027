/**
 * A network's description: plain JSON that says everything about it but its weights.
 *
 * A {@linkcode NetworkSpec} is checked once, by {@linkcode parseNetworkSpec}, and stored with every model. `structure.ts` derives its
 * shapes and tensors, `src/engine/plan/` the computation; no other code interprets it.
 */
import { sampleFormOf } from "./encoders.ts";
import type { GraphSpec } from "./graph.ts";
import { structureOf } from "./structure.ts";

export { READ_FROM, REDUCERS } from "./graph_schema.ts";
export { LIMITS } from "./limits.ts";
export { parseNetworkSpec } from "./parse_graph.ts";

export type { Encoder } from "./encoders.ts";
export type { Neuron } from "./neurons.ts";
export type * from "./parts.ts";

/** The whole description of a network, a graph. Serialisable; see {@linkcode parseNetworkSpec}. */
export type NetworkSpec = GraphSpec;

/** The number of features of a network's samples, of all steps where these are sequences. */
export function sampleSize(spec: NetworkSpec): number {
  return sampleFormOf(spec).size;
}

/** The number of a network's classes: the units of the population that is read out. */
export function classesOf(spec: NetworkSpec): number {
  return structureOf(spec).classes;
}
