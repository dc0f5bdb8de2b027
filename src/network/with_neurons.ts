/** Changes the neurons of a network's description. */
import { isNeuronNode } from "./graph.ts";
import type { CompleteNeuron } from "./neurons.ts";
import type { NetworkSpec } from "./spec.ts";
import { type Population, structureOf } from "./structure.ts";

/** The same network with other neurons in its populations. @param change Returns those of one. */
export function withNeurons(
  spec: NetworkSpec,
  change: (population: Population) => CompleteNeuron,
): NetworkSpec {
  const populations = new Map(structureOf(spec).populations.map((population) => [population.id, population]));
  return {
    ...spec,
    nodes: spec.nodes.map((node) =>
      isNeuronNode(node) ? { id: node.id, ...change(populations.get(node.id)!), from: node.from } : node
    ),
  };
}
