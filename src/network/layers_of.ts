/** A graph that is a chain of layers, as layers. It serves the engines until they execute graphs. */
import { type GraphNode, type GraphSpec, isNeuronNode, type NeuronNode } from "./graph.ts";
import type { CompleteNeuron } from "./neurons.ts";
import { type Edge, INPUT } from "./place.ts";
import { sizeOf } from "./shape.ts";
import type { LayerSpec, NetworkSpec } from "./spec.ts";
import { structureOf } from "./structure.ts";

/** A chain of layers. */
export interface LayersView {
  readonly spec: NetworkSpec;
  /** The names of the layers' tensors in the graph, in the same order as those of the layers. */
  readonly names: readonly string[];
}

/**
 * The layers of a graph: of each an affine operator, an affine operator without bias where it is recurrent, and neurons, in this
 * order and under any ids.
 *
 * @returns `undefined` where the graph is no such chain.
 */
export function layersOf({ steps, input, nodes, readout, loss }: GraphSpec): LayersView | undefined {
  const layers: LayerSpec[] = [];
  let source = INPUT;
  for (let i = 0; i < nodes.length;) {
    const isRecurrent = !isNeurons(nodes[i + 1]), length = isRecurrent ? 3 : 2;
    const [weights, back, neurons] = [
      nodes[i],
      isRecurrent ? nodes[i + 1] : undefined,
      nodes[i + length - 1],
    ];
    if (!isNeurons(neurons) || weights?.kind !== "affine" || !weights.bias) return undefined;
    const [edge, ...others] = weights.from;
    if (edge?.node !== source || edge.delay > 1 || others.length > 0) return undefined;
    const below = layers.at(-1);
    if (below) layers[layers.length - 1] = { ...below, delay: edge.delay === 1 ? 1 : 0 };
    else if (edge.delay !== 0) return undefined;
    if (back && !(back.kind === "affine" && !back.bias && isFed(back, { node: neurons.id, delay: 1 }))) {
      return undefined;
    }
    const sources = [weights.id, ...(back ? [back.id] : [])].map((node): Edge => ({ node, delay: 0 }));
    if (!isFed(neurons, ...sources)) return undefined;
    layers.push({ units: weights.units, delay: 0, recurrent: isRecurrent, neuron: neuronOf(neurons) });
    source = neurons.id;
    i += length;
  }
  const { node, delay, ...reading } = readout, top = layers.at(-1);
  if (!top || node !== source || delay > 1) return undefined;
  layers[layers.length - 1] = { ...top, delay: delay === 1 ? 1 : 0 };
  return {
    spec: { inputs: sizeOf(input.shape), steps, encoder: input.encoder, layers, readout: reading, loss },
    names: structureOf({ steps, input, nodes, readout, loss }).tensors.map(({ name }) => name),
  };
}

function isNeurons(node: GraphNode | undefined): node is NeuronNode {
  return node !== undefined && isNeuronNode(node);
}

/** Whether a node has these edges and no others. */
function isFed({ from }: GraphNode, ...edges: readonly Edge[]): boolean {
  return from.length === edges.length &&
    edges.every(({ node, delay }) => from.some((edge) => edge.node === node && edge.delay === delay));
}

function neuronOf({ id: _, from: __, ...neuron }: NeuronNode): CompleteNeuron {
  return neuron;
}
