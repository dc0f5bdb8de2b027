/**
 * A network as a graph: its description in format spikelet/2, with every default filled in (docs/networks.md).
 *
 * @module
 */
import type { Encoder } from "./encoders.ts";
import type { CompleteNeuron } from "./neurons.ts";
import type { Operator } from "./operators.ts";
import type { Loss } from "./spec.ts";

/** `[units]` or `[channels, height, width]`: what a node has of each step of a sample. */
export type Shape = readonly [units: number] | readonly [channels: number, height: number, width: number];

/** What a node takes from another one, or from `"input"`. */
export interface Edge {
  /** The id of a node, or `"input"`. */
  readonly node: string;
  /** Whole steps from the other node's output to this node's input, below T; before the first step a delayed edge carries 0. */
  readonly delay: number;
}

/** What every node has: a name, and the edges whose values are summed into it. */
export interface Place {
  /** Its name, unique in the network; its tensors are `<id>.<name>`. */
  readonly id: string;
  /** One edge or more. All of them carry the same shape, and an undelayed one comes from a node that stands before. */
  readonly from: readonly Edge[];
}

/** An operator: y_t from x_t = Σ of the edges; it has no state. */
export type OperatorNode = Operator & Place;

/** A population of neurons, of the shape of what comes in: state u, output o. */
export type NeuronNode = CompleteNeuron & Place;

/** A node of the graph. */
export type GraphNode = OperatorNode | NeuronNode;

/** How a node becomes one number a class. */
export interface GraphReadout {
  /** The neurons that are read: one unit a class. */
  readonly node: string;
  /** Steps after which the readout has what the node gave; zeros before, which count in a mean. */
  readonly delay: number;
  /** What is read: membrane potentials (after the reset), or outputs (spikes). */
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
  /** What a sample is at one step, and how it becomes that. */
  readonly input: { readonly shape: Shape; readonly encoder: Encoder };
  /** In the order in which they stand in the description. */
  readonly nodes: readonly GraphNode[];
  /** How the network is read. */
  readonly readout: GraphReadout;
  /** What training makes small. */
  readonly loss: Loss;
}
