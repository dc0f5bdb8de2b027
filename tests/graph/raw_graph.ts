/**
 * Reads a description of a graph as JSON has it: defaults, edges and the short form, and no checks.
 *
 * @module
 */
import type { Encoder } from "../../src/network/encoders.ts";
import type { Edge, GraphNode, GraphReadout, GraphSpec, Shape } from "../../src/network/graph.ts";
import { completeNeuron, type Neuron } from "../../src/network/neurons.ts";
import type { AffineOperator, Operator } from "../../src/network/operators.ts";
import type { Loss } from "../../src/network/spec.ts";

type RawEdge = string | { readonly node: string; readonly delay?: number };
type RawOperator = (Omit<AffineOperator, "bias"> & { readonly bias?: boolean }) | Operator;
/** A node as JSON has it, but for its edges' defaults. */
export type RawNode = (Neuron | RawOperator) & {
  readonly id: string;
  readonly from?: RawEdge | readonly RawEdge[];
};

/** A description as JSON has it. */
export interface RawGraph {
  readonly steps: number;
  readonly input: { readonly shape: Shape; readonly encoder?: Encoder };
  readonly nodes?: readonly RawNode[];
  readonly layers?: readonly RawLayer[];
  readonly readout: Partial<GraphReadout>;
  readonly loss: Loss;
}

interface RawLayer {
  readonly units: number;
  readonly delay?: number;
  readonly recurrent?: boolean;
  readonly neuron: Neuron;
}

/** Fills in what a description leaves out. */
export function completeGraph(raw: RawGraph): GraphSpec {
  const nodes: GraphNode[] = [];
  for (const node of raw.nodes ?? expand(raw.layers ?? [])) {
    nodes.push(completeNode(node, edgesOf(node.from ?? nodes.at(-1)?.id ?? "input")));
  }
  const readout = { delay: raw.layers?.at(-1)?.delay ?? 0, from: "state", reduce: "mean", begin: 0 } as const;
  return {
    steps: raw.steps,
    input: { shape: raw.input.shape, encoder: raw.input.encoder ?? { kind: "direct", offset: 0 } },
    nodes,
    readout: { node: nodes.at(-1)!.id, ...readout, ...raw.readout },
    loss: raw.loss,
  };
}

function edgesOf(from: RawEdge | readonly RawEdge[]): Edge[] {
  return [from].flat().map((edge) =>
    typeof edge === "string" ? { node: edge, delay: 0 } : { delay: 0, ...edge }
  );
}

/** Fills in what a node leaves out. */
export function completeNode(node: RawNode, from: readonly Edge[]): GraphNode {
  switch (node.kind) {
    case "affine":
      return { bias: true, ...node, from };
    case "scale":
    case "flatten":
    case "delay":
      return { ...node, from };
    default: {
      const { id, from: _, ...neuron } = node;
      return { ...completeNeuron(neuron), id, from };
    }
  }
}

/** The short form: fc<i>, rec<i> where a layer is recurrent, neuron<i>. */
function expand(layers: readonly RawLayer[]): RawNode[] {
  return layers.flatMap(({ units, recurrent, neuron }, i): RawNode[] => {
    const [fc, rec, id] = [`fc${i + 1}`, `rec${i + 1}`, `neuron${i + 1}`];
    const below = i === 0 ? "input" : { node: `neuron${i}`, delay: layers[i - 1]!.delay ?? 0 };
    const affine: RawNode = { id: fc, kind: "affine", units, from: below };
    if (!recurrent) return [affine, { ...neuron, id, from: fc }];
    const back: RawNode = { id: rec, kind: "affine", units, bias: false, from: { node: id, delay: 1 } };
    return [affine, back, { ...neuron, id, from: [fc, rec] }];
  });
}
