/** A network as a graph: its description in format spikelet/2 with all defaults (docs/networks.md). */
import type { Encoder } from "./encoders.ts";
import { type CompleteNeuron, NEURONS } from "./neurons.ts";
import type { Operator } from "./operators.ts";
import type { Place } from "./place.ts";
import type { Shape } from "./shape.ts";
import type { Loss } from "./parts.ts";

export type { Edge, Place } from "./place.ts";
export type { Shape } from "./shape.ts";

/** An operator: y_t from x_t = Σ of the edges; it has no state. */
export type OperatorNode = Operator & Place;

/** A population of neurons, of the shape of what comes in: state u, output o. */
export type NeuronNode = CompleteNeuron & Place;

/** A node of the graph. */
export type GraphNode = OperatorNode | NeuronNode;

/** The reduction of a node to one number a class. */
export interface GraphReadout {
  /** The neurons that are read: one unit a class. */
  readonly node: string;
  /** Steps between the node's output and the readout; before the first of them it is 0, which counts in a mean. */
  readonly delay: number;
  /** The quantity that is read: membrane potentials (after the reset), or outputs (spikes). */
  readonly from: "state" | "spikes";
  /** Over the steps that count; `max` takes the first of equals, `last` the last step. */
  readonly reduce: "mean" | "sum" | "max" | "last";
  /** The first step of the delayed sequence that counts. */
  readonly begin: number;
}

/** The whole description of a network. Serialisable. */
export interface GraphSpec {
  /** T, time steps. */
  readonly steps: number;
  /** A sample's shape at one step, and its encoder. */
  readonly input: { readonly shape: Shape; readonly encoder: Encoder };
  /** In the order of the description. */
  readonly nodes: readonly GraphNode[];
  /** The readout. */
  readonly readout: GraphReadout;
  /** What training minimises. */
  readonly loss: Loss;
}

/** Whether a node is of neurons; the others are operators. */
export function isNeuronNode(node: GraphNode): node is NeuronNode {
  return Object.hasOwn(NEURONS, node.kind);
}
