/**
 * Shapes and tensors of a graph, as the float64 reference has them: read off the description, by no module under test.
 *
 * @module
 */
import {
  type GraphNode,
  type GraphSpec,
  isNeuronNode,
  type NeuronNode,
  type Shape,
} from "../../src/network/graph.ts";
import { CONSTANTS } from "../engine/reference_neurons.ts";
import { referenceOperatorOf, type ReferenceTensor } from "./reference_operators.ts";

/** The populations of a graph, in the order of the description. */
export function populationsOf({ nodes }: GraphSpec): NeuronNode[] {
  return nodes.filter(isNeuronNode);
}

/** The names of the constants that every unit has for itself: those that are learned, and those that are fixed. */
export function ownConstantsOf(node: NeuronNode): { learned: readonly string[]; fixed: readonly string[] } {
  const learned: readonly string[] = node.trainable, own: readonly string[] = node.perUnit;
  return { learned, fixed: own.filter((name) => !learned.includes(name)) };
}

/** Shapes of each node's input and output, by its id. */
export interface NodeShapes {
  readonly input: Shape;
  readonly output: Shape;
}

/** The shapes of all nodes. A node has the shape of any of its edges; one that stands later may be the first to be known. */
export function shapesOf(
  { nodes, input }: { readonly nodes: readonly GraphNode[]; readonly input: { readonly shape: Shape } },
): ReadonlyMap<string, NodeShapes> {
  const shapes = new Map<string, NodeShapes>();
  const outputOf = (id: string) => id === "input" ? input.shape : shapes.get(id)?.output;
  for (let known = -1; known < shapes.size;) {
    known = shapes.size;
    for (const node of nodes) {
      const shape = node.from.map((edge) => outputOf(edge.node)).find((found) => found !== undefined);
      if (!shape || shapes.has(node.id)) continue;
      const output = isNeuronNode(node) ? shape : referenceOperatorOf(node).shape(node, shape);
      shapes.set(node.id, { input: shape, output });
    }
  }
  for (const { id, from } of nodes) {
    const shape = shapes.get(id)?.input;
    if (!shape) throw new TypeError(`${id}: no path leads here from the input`);
    for (const edge of from) {
      if (String(outputOf(edge.node)) !== String(shape)) {
        throw new TypeError(`${id}: [${shape}], but ${edge.node} gives [${outputOf(edge.node)}]`);
      }
    }
  }
  return shapes;
}

/** Every tensor of a graph, `<id>.<name>`, in the order of a file. */
export function tensorsOf(spec: GraphSpec): ReadonlyMap<string, ReferenceTensor> {
  const shapes = shapesOf(spec);
  return new Map(spec.nodes.flatMap((node): [string, ReferenceTensor][] => {
    const { input, output } = shapes.get(node.id)!;
    const named = (name: string, tensor: ReferenceTensor): [string, ReferenceTensor] => [
      `${node.id}.${name}`,
      tensor,
    ];
    if (!isNeuronNode(node)) {
      const tensors = referenceOperatorOf(node).tensors(node, input);
      return Object.entries(tensors).map(([name, tensor]) => named(name, tensor));
    }
    const { learned, fixed } = ownConstantsOf(node);
    return CONSTANTS.filter((name) => [...learned, ...fixed].includes(name))
      .map((name) => named(name, { shape: output, isLearned: learned.includes(name) }));
  }));
}
