/** The shapes of a graph's nodes, from the input on. */
import { InputError } from "../errors.ts";
import { type GraphNode, isNeuronNode } from "./graph.ts";
import { LIMITS } from "./limits.ts";
import { type Misfit, operatorKindOf } from "./operators.ts";
import { INPUT } from "./place.ts";
import { describeShape } from "./safetensors.ts";
import { isSameShape, type Shape, sizeOf } from "./shape.ts";

/** A node with the shapes of its input and output at one step. */
export interface ShapedNode {
  readonly node: GraphNode;
  /** Of each edge, and of their sum. */
  readonly inputShape: Shape;
  /** Of its output. */
  readonly shape: Shape;
}

/**
 * Infers the shape of every node. In a loop a node's input is known as soon as that of one of its edges is.
 *
 * @param nodes Nodes whose edges name existing nodes.
 * @throws {InputError} when edges of a node bring different shapes, a shape does not fit an operator, or none is known.
 */
export function inferShapes(nodes: readonly GraphNode[], input: Shape, where: string): readonly ShapedNode[] {
  const shapes = new Map<string, Shape>([[INPUT, input]]);
  const inputOf = ({ from }: GraphNode) => {
    const known = from.find(({ node }) => shapes.has(node));
    return known && shapes.get(known.node);
  };
  for (let before = 0; before < shapes.size;) {
    before = shapes.size;
    for (const node of nodes) {
      const shape = outputShapeOf(node, inputOf(node));
      if (shape && !isMisfit(shape)) shapes.set(node.id, shape);
    }
  }
  const shaped = nodes.flatMap((node): ShapedNode[] => {
    const inputShape = inputOf(node);
    if (!inputShape) return [];
    checkSum(node, shapes, where);
    const shape = outputShapeOf(node, inputShape);
    if (shape && isMisfit(shape)) {
      const sources = node.from.map(({ node }) => node).join(" and ");
      throw new InputError(
        `${where}: node ${node.id}: its input from ${sources} has the shape ${describeShape(inputShape)}: ` +
          `expected ${shape.expected} for ${node.kind}`,
      );
    }
    return shape ? [{ node, inputShape, shape }] : [];
  });
  const unknown = nodes.find((node) => !shaped.some((known) => known.node === node));
  if (unknown) {
    throw new InputError(
      `${where}: node ${unknown.id}: its shape is unknown, since no path leads to it from the input: ` +
        `expected an edge into it, or into its loop, from "${INPUT}" or a node of known shape`,
    );
  }
  for (const { node, shape } of shaped) {
    if (isNeuronNode(node) && sizeOf(shape) > LIMITS.neurons) {
      throw new InputError(
        `${where}: node ${node.id}: ${describeShape(shape)} are ${
          sizeOf(shape)
        } neurons: expected 1 to ${LIMITS.neurons}`,
      );
    }
  }
  return shaped;
}

function outputShapeOf(node: GraphNode, input: Shape | undefined): Shape | Misfit | undefined {
  return isNeuronNode(node) ? input : operatorKindOf(node).outputShape(node, input);
}

function isMisfit(shape: Shape | Misfit): shape is Misfit {
  return "expected" in shape;
}

/** Checks that all edges of a node have one shape, since their values are summed. */
function checkSum({ id, from }: GraphNode, shapes: ReadonlyMap<string, Shape>, where: string): void {
  const [first, ...others] = from.flatMap(({ node }) => {
    const shape = shapes.get(node);
    return shape ? [{ node, shape }] : [];
  });
  const other = first && others.find(({ shape }) => !isSameShape(shape, first.shape));
  if (!other) return;
  const [one, two] = [describeShape(first.shape), describeShape(other.shape)];
  throw new InputError(
    `${where}: node ${id}: ${first.node} has the shape ${one}, but ${other.node} ${two}: ` +
      `the edges of a node are summed; expected ${one} from all of them, or ${two}`,
  );
}
