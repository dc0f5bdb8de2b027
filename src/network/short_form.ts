/** The short form of a description, a chain of layers: as a graph, and back. */
import { canonicalJson } from "../text/json.ts";
import type { Encoder } from "./encoders.ts";
import { type GraphNode, type GraphSpec, isNeuronNode } from "./graph.ts";
import type { CompleteNeuron } from "./neurons.ts";
import { type Edge, INPUT } from "./place.ts";
import type { Shape } from "./shape.ts";
import type { Loss, Readout } from "./parts.ts";

/** A network as layers, with all defaults. */
export interface Layers {
  readonly steps: number;
  readonly input: { readonly shape: Shape; readonly encoder: Encoder };
  readonly layers: readonly {
    readonly units: number;
    readonly delay: 0 | 1;
    readonly recurrent: boolean;
    readonly neuron: CompleteNeuron;
  }[];
  readonly readout: Readout;
  readonly loss: Loss;
}

/**
 * Layers as a graph. Layer i is `fc<i>`, an affine operator, and `neuron<i>`; where it is recurrent, also `rec<i>`, an affine
 * operator without bias, from the neurons' outputs of the step before. A layer's delay becomes that of the edge to the next layer;
 * the last layer's becomes the readout's.
 */
export function expandLayers({ steps, input, layers, readout, loss }: Layers): GraphSpec {
  const nodes = layers.flatMap(({ units, recurrent, neuron }, index): GraphNode[] => {
    const i = index + 1, fc = `fc${i}`, rec = `rec${i}`, id = `neuron${i}`;
    const below = layers[index - 1];
    const source: Edge = below ? { node: `neuron${index}`, delay: below.delay } : { node: INPUT, delay: 0 };
    const back: GraphNode = { id: rec, kind: "affine", units, bias: false, from: [{ node: id, delay: 1 }] };
    return [
      { id: fc, kind: "affine", units, bias: true, from: [source] },
      ...(recurrent ? [back] : []),
      {
        id,
        ...neuron,
        from: [{ node: fc, delay: 0 }, ...(recurrent ? [{ node: rec, delay: 0 }] : [])],
      },
    ];
  });
  return {
    steps,
    input,
    nodes,
    readout: { node: `neuron${layers.length}`, delay: layers.at(-1)?.delay ?? 0, ...readout },
    loss,
  };
}

/** The layers of a network in short form; `undefined` where its graph is not that of any layers. */
export function layersOf(spec: GraphSpec): Layers | undefined {
  const { nodes, readout: { node: _, delay: last, ...readout }, ...others } = spec;
  const ids = new Set(nodes.map(({ id }) => id));
  const neurons = nodes.filter(isNeuronNode);
  const layers = neurons.map(({ id: _, from: __, ...neuron }, index) => {
    const node = nodes.find(({ id }) => id === `fc${index + 1}`);
    const above = nodes.find(({ id }) => id === `fc${index + 2}`);
    return {
      units: node?.kind === "affine" ? node.units : 0,
      delay: (above?.from[0]?.delay ?? last) === 0 ? 0 as const : 1 as const,
      recurrent: ids.has(`rec${index + 1}`),
      neuron,
    };
  });
  const found = { ...others, layers, readout };
  return canonicalJson(expandLayers(found)) === canonicalJson(spec) ? found : undefined;
}
