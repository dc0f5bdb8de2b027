/** The names of tensors in reference cases. */
import { formerTensorName } from "../network/former_names.ts";
import type { Population } from "../network/structure.ts";

/** What a reference case calls the numbers of its network. */
export interface CaseNames {
  /** A tensor of the network. */
  parameter(tensor: string): string;
  /** u after the reset, `[steps, samples, …shape]`. */
  potentials(population: Pick<Population, "id" | "index">): string;
  /** o before any delay, likewise. */
  outputs(population: Pick<Population, "id" | "index">): string;
  /** The gradient of the mean loss. */
  gradient(tensor: string): string;
  /** The tensor after a number of updates. */
  after(tensor: string, updates: number): string;
}

/** Names in cases whose network is a graph: `fc1.weight`, `lif1.state`, `grad.fc1.weight`, `fc1.weight.after1`. */
export const GRAPH_NAMES: CaseNames = {
  parameter: (tensor) => tensor,
  potentials: ({ id }) => `${id}.state`,
  outputs: ({ id }) => `${id}.output`,
  gradient: (tensor) => `grad.${tensor}`,
  after: (tensor, updates) => `${tensor}.after${updates}`,
};

/** Names in cases whose network is a chain of layers: `w1`, `u1`, `o1`, `grad_w1`, `w1_after1`. */
export const LAYER_NAMES: CaseNames = {
  parameter: formerTensorName,
  potentials: ({ index }) => `u${index + 1}`,
  outputs: ({ index }) => `o${index + 1}`,
  gradient: (tensor) => `grad_${formerTensorName(tensor)}`,
  after: (tensor, updates) => `${formerTensorName(tensor)}_after${updates}`,
};
