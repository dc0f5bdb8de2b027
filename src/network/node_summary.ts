/** A network's nodes one by one, for tables and pictures: sizes, work, and the edges in words. */
import { componentsOf } from "./components.ts";
import { type GraphNode, type GraphReadout, type GraphSpec, isNeuronNode, type Shape } from "./graph.ts";
import { operatorKindOf } from "./operators.ts";
import type { Edge } from "./place.ts";
import { sizeOf } from "./shape.ts";
import type { Pair } from "./spatial_operators.ts";
import { isLearned, type Population, structureOf } from "./structure.ts";

/** A node with what it adds to its network. */
export interface NodeSummary {
  readonly node: GraphNode;
  /** Of its output at one step. */
  readonly shape: Shape;
  /** Numbers that are learned. */
  readonly parameters: number;
  /** Multiply-adds of one step where nothing is left out. */
  readonly multiplyAdds: number;
  /** Its neurons; missing for an operator. */
  readonly population?: Population;
  /** Its outputs return to it, a step or more later. */
  readonly isInLoop: boolean;
}

/** Every node, in the order of the description. */
export function summariseNodes(spec: GraphSpec): readonly NodeSummary[] {
  const { nodes, tensors, populations } = structureOf(spec);
  const loops = componentsOf(spec).filter(({ isLoop }) => isLoop).flatMap((component) => component.nodes);
  return nodes.map(({ node, inputShape, shape }, place) => {
    const population = populations.find(({ id }) => id === node.id);
    return {
      node,
      shape,
      parameters: tensors.filter((tensor) => tensor.node === node.id && isLearned(tensor))
        .reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0),
      multiplyAdds: isNeuronNode(node) ? 0 : operatorKindOf(node).multiplyAdds(node, inputShape),
      ...(population && { population }),
      isInLoop: loops.includes(place),
    };
  });
}

/** A node's window and settings, as far as they are not the usual ones: `5×5`, `3×3, stride 2, padding 1`, `rate 0.5`, `reset zero`. */
export function settingsInWords(node: GraphNode): string {
  if (isNeuronNode(node)) {
    return listed(
      node.kind === "lif" && node.reset !== "subtract" ? `reset ${node.reset}` : "",
      node.kind === "lif" && node.spikes === "many" ? "many spikes" : "",
      "start" in node && node.start !== 0 ? `start ${node.start}` : "",
    );
  }
  switch (node.kind) {
    case "conv2d": {
      const { kernel, stride, padding, dilation, groups } = node;
      return listed(
        shapeInWords(kernel),
        isPair(stride, [1, 1]) ? "" : `stride ${pairInWords(stride)}`,
        isPair(padding, [0, 0]) ? "" : `padding ${pairInWords(padding)}`,
        isPair(dilation, [1, 1]) ? "" : `dilation ${pairInWords(dilation)}`,
        groups === 1 ? "" : `${groups} groups`,
      );
    }
    case "avgPool2d":
    case "sumPool2d":
    case "maxPool2d": {
      const { kernel, stride, padding } = node;
      return listed(
        shapeInWords(kernel),
        isPair(stride, kernel) ? "" : `stride ${pairInWords(stride)}`,
        isPair(padding, [0, 0]) ? "" : `padding ${pairInWords(padding)}`,
      );
    }
    case "dropout":
      return `rate ${node.rate}`;
    case "affine":
    case "batchNorm":
    case "scale":
    case "flatten":
    case "delay":
      return "";
    default:
      return node satisfies never;
  }
}

/** A node's kind with its settings: `conv2d 5×5`. */
export function kindInWords(node: GraphNode): string {
  return [node.kind, settingsInWords(node)].filter((words) => words !== "").join(" ");
}

function listed(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(", ");
}

function isPair([rows, columns]: Pair, other: Pair): boolean {
  return rows === other[0] && columns === other[1];
}

/** `2`, or, where rows and columns differ, `2×1`. */
function pairInWords([rows, columns]: Pair): string {
  return rows === columns ? String(rows) : `${rows}×${columns}`;
}

/** A shape in a table: `100`, `1×28×28`. */
export function shapeInWords(shape: Shape | Pair): string {
  return shape.join("×");
}

/** A node's edges as their sum: `fc2 + lif1 (delay 3)`. */
export function edgesInWords(edges: readonly Edge[]): string {
  return edges.map(({ node, delay }) => delay > 0 ? `${node} (delay ${delay})` : node).join(" + ");
}

/** What the readout does: `mean of the state, from step 3 on`. */
export function readoutInWords({ from, reduce, begin }: GraphReadout): string {
  return `${reduce} of the ${from}${begin > 0 ? `, from step ${begin} on` : ""}`;
}
