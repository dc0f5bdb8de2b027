/**
 * A network's structure, which follows from its description: shapes, populations of neurons, tensors, sizes and work.
 *
 * But for the parser, no other module walks a description or spells a tensor's name.
 */
import { componentsOf } from "./components.ts";
import { type GraphNode, type GraphSpec, isNeuronNode, type NeuronNode, type Shape } from "./graph.ts";
import { inferShapes, type ShapedNode } from "./infer_shapes.ts";
import { type CompleteNeuron, type Constant, kindOf, tensorsOf } from "./neurons.ts";
import type { TensorOrder, TensorRole } from "./operator_kind.ts";
import { operatorKindOf } from "./operators.ts";
import { sizeOf } from "./shape.ts";

/** Neurons that share a node. */
export interface Population {
  /** Its place among the network's populations, in the order of the description, from 0. */
  readonly index: number;
  /** Its node. */
  readonly id: string;
  /** Of its state and output at one step. */
  readonly shape: Shape;
  /** How many neurons. */
  readonly units: number;
  readonly neuron: CompleteNeuron;
  /** Its neurons fire spikes. */
  readonly isSpiking: boolean;
  /** Its own outputs come back to it, through some nodes and steps. */
  readonly isRecurrent: boolean;
  /** It is what the network answers: one unit a class. */
  readonly isReadout: boolean;
}

/** A tensor of a network's file. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its node. */
  readonly node: string;
  /**
   * The first population that it acts on, an index into {@linkcode Structure.populations}; where it acts on none, that of the
   * readout.
   */
  readonly population: number;
  /** Its node is part of a loop: what it weighs are outputs of the network's own neurons, of steps before. */
  readonly isRecurrent: boolean;
  /**
   * `weight` and `bias` are drawn, by fan-in and fan-out; `constant`s begin at `first`. They are learned. `fixed` ones are not: they
   * keep what their file says, or `first`; and a `statistic` follows the batches of training.
   */
  readonly role: TensorRole;
  /** Numbers that one number of the output is a sum of. */
  readonly fanIn: number;
  /** Numbers of the output that one number of the input goes into. */
  readonly fanOut: number;
  /** Of a neuron's constant, its name. */
  readonly constant?: Constant;
  /** The initial value of a constant or fixed tensor. */
  readonly first?: number;
  /** Its numbers are whole steps, from 0 to T − 1. */
  readonly isSteps?: true;
  /** No number is below 0. */
  readonly isNotNegative?: true;
  /** How it lies in the kernels' memory, where that is not the order of a file. */
  readonly inMemory?: TensorOrder;
}

/** Whether training computes a gradient of a tensor. */
export function isLearned({ role }: Pick<TensorSpec, "role">): boolean {
  return role !== "fixed" && role !== "statistic";
}

/** See the module. */
export interface Structure {
  /** Of the input at one step. */
  readonly inputShape: Shape;
  /** K, numbers of the input at one step. */
  readonly inputs: number;
  /** In the order of the description, with their shapes. */
  readonly nodes: readonly ShapedNode[];
  readonly populations: readonly Population[];
  /** Populations that are not read out, in their order. */
  readonly hidden: readonly Population[];
  /** How many neurons of those fire spikes. */
  readonly spikingUnits: number;
  readonly readout: Population;
  /** How many classes the network tells apart. */
  readonly classes: number;
  /** In the order of a file. */
  readonly tensors: readonly TensorSpec[];
  /** Numbers that are learned. */
  readonly parameters: number;
  /** Multiply-adds of one step where nothing is left out. */
  readonly multiplyAdds: number;
}

const known = new WeakMap<GraphSpec, Structure>();

/** Whether what the network makes of a sample in training depends on the other samples of its batch. */
export function normalisesBatches(spec: GraphSpec): boolean {
  return structureOf(spec).tensors.some(({ role }) => role === "statistic");
}

/** What follows from a description. It is computed once for each. */
export function structureOf(spec: GraphSpec): Structure {
  let structure = known.get(spec);
  if (!structure) known.set(spec, structure = derive(spec));
  return structure;
}

function derive(spec: GraphSpec): Structure {
  const nodes = inferShapes(spec.nodes, spec.input.shape, "network");
  const loops = componentsOf(spec).filter(({ isLoop }) => isLoop).flatMap((component) => component.nodes);
  const inLoops = new Set(loops.map((place) => spec.nodes[place]!.id));
  const populations = nodes.flatMap(({ node, shape }) => isNeuronNode(node) ? [{ node, shape }] : [])
    .map(({ node, shape }, index): Population => ({
      index,
      id: node.id,
      shape,
      units: sizeOf(shape),
      neuron: neuronOf(node),
      isSpiking: kindOf(node).isSpiking,
      isRecurrent: inLoops.has(node.id),
      isReadout: node.id === spec.readout.node,
    }));
  const readout = populations.find(({ isReadout }) => isReadout)!;
  const hidden = populations.filter(({ isReadout }) => !isReadout);
  const reached = populationsReached(spec.nodes, populations);
  const tensors = nodes.flatMap((shaped) => {
    const { id } = shaped.node;
    const place = { node: id, population: reached.get(id) ?? readout.index, isRecurrent: inLoops.has(id) };
    return tensorsOfNode(shaped).map(({ name, ...tensor }): TensorSpec => ({
      ...tensor,
      ...place,
      name: `${place.node}.${name}`,
    }));
  });
  return {
    inputShape: spec.input.shape,
    inputs: sizeOf(spec.input.shape),
    nodes,
    populations,
    hidden,
    spikingUnits: hidden.reduce((sum, { units, isSpiking }) => isSpiking ? sum + units : sum, 0),
    readout,
    classes: readout.units,
    tensors,
    parameters: tensors.reduce((sum, tensor) => sum + (isLearned(tensor) ? sizeOf(tensor.shape) : 0), 0),
    multiplyAdds: nodes.reduce(
      (sum, { node, inputShape }) =>
        sum + (isNeuronNode(node) ? 0 : operatorKindOf(node).multiplyAdds(node, inputShape)),
      0,
    ),
  };
}

/** A node's neurons without their place. */
function neuronOf({ id: _, from: __, ...neuron }: NeuronNode): CompleteNeuron {
  return neuron;
}

function tensorsOfNode(
  { node, inputShape, shape }: ShapedNode,
): readonly Omit<TensorSpec, "node" | "population" | "isRecurrent">[] {
  if (!isNeuronNode(node)) return operatorKindOf(node).tensors(node, inputShape);
  const values = kindOf(node).values(node), learned: readonly Constant[] = node.trainable;
  return tensorsOf(node).map((constant) => ({
    name: constant,
    shape,
    role: learned.includes(constant) ? "constant" : "fixed",
    fanIn: 1,
    fanOut: 1,
    constant,
    first: values[constant]!,
  }));
}

/** The first population after each node: by the fewest edges, then in the order of the description. */
function populationsReached(
  nodes: readonly GraphNode[],
  populations: readonly Population[],
): ReadonlyMap<string, number> {
  const reached = new Map(populations.map(({ id, index }) => [id, index]));
  for (let before = 0; before < reached.size;) {
    before = reached.size;
    const next = nodes.filter(({ id }) => reached.has(id)).flatMap(({ id, from }) =>
      from.map(({ node }): [string, number] => [node, reached.get(id)!])
    ).toSorted(([, one], [, other]) => one - other);
    for (const [node, population] of next) if (!reached.has(node)) reached.set(node, population);
  }
  return reached;
}
