/**
 * Changes the neurons of a network's description.
 *
 * @module
 */
import type { CompleteNeuron } from "./neurons.ts";
import type { NetworkSpec } from "./spec.ts";
import { type Population, structureOf } from "./structure.ts";

/** The same network with other neurons in its populations. @param change Gives those of one. */
export function withNeurons(
  spec: NetworkSpec,
  change: (population: Population) => CompleteNeuron,
): NetworkSpec {
  const { populations } = structureOf(spec);
  return {
    ...spec,
    layers: spec.layers.map((layer, i) => ({ ...layer, neuron: change(populations[i]!) })),
  };
}
