/** Finds the tensors of a population of neurons, and those that read the input. */
import { INPUT } from "./place.ts";
import type { Constant } from "./neurons.ts";
import type { NetworkSpec } from "./spec.ts";
import { structureOf, type TensorSpec } from "./structure.ts";

/** The weight tensors that lead into a population, in the order of a file: several where several nodes do, none where none does. */
export function weightsInto(spec: NetworkSpec, population: number): readonly TensorSpec[] {
  return structureOf(spec).tensors.filter((tensor) =>
    tensor.role === "weight" && tensor.population === population
  );
}

/** The tensor of a population's constant; `undefined` where all its neurons share the description's value. */
export function constantTensor(
  spec: NetworkSpec,
  population: number,
  constant: Constant,
): TensorSpec | undefined {
  return structureOf(spec).tensors.find((tensor) =>
    tensor.constant === constant && tensor.population === population
  );
}

/**
 * The first weights `[units, inputs]` that read the network's input; a row is what one unit sees. `undefined` where there are none.
 */
export function weightsOfInput(spec: NetworkSpec): TensorSpec | undefined {
  const { nodes, tensors, inputs } = structureOf(spec);
  const reading = new Set(
    nodes.filter(({ node }) => node.from.some(({ node }) => node === INPUT)).map(({ node }) => node.id),
  );
  return tensors.find(({ role, node, shape: [, width = 0, ...more] }) =>
    role === "weight" && width === inputs && more.length === 0 && reading.has(node)
  );
}
