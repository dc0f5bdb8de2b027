/**
 * What follows from a network's description: its populations of neurons, its tensors, its sizes and its work.
 *
 * No other module walks a description or spells a tensor's name.
 *
 * @module
 */
import type { Shape } from "./graph.ts";
import { type CompleteNeuron, completeNeuron, kindOf, type Trainable, trainableOf } from "./neurons.ts";
import type { NetworkSpec } from "./spec.ts";

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
  /** The first population that it acts on, an index into {@linkcode Structure.populations}. */
  readonly population: number;
  /**
   * `weight` and `bias` are drawn, by fan-in and fan-out; `constant`s of neurons begin at `first`. They are learned. `fixed` ones
   * are not: they keep what their file says, or `first`.
   */
  readonly role: "weight" | "bias" | "constant" | "fixed";
  /** Numbers that one number of the output is a sum of, and numbers that one number of the input goes into. */
  readonly fanIn: number;
  readonly fanOut: number;
  /** Of a neuron's constant, its name. */
  readonly constant?: Trainable;
  /** What each number begins with, of a constant or a fixed tensor. */
  readonly first?: number;
}

/** See the module. */
export interface Structure {
  /** Of the input at one step. */
  readonly inputShape: Shape;
  /** K, numbers of the input at one step. */
  readonly inputs: number;
  readonly populations: readonly Population[];
  /** Populations that are not read out, in their order. */
  readonly hidden: readonly Population[];
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

const known = new WeakMap<NetworkSpec, Structure>();

/** What follows from a description. It is computed once for each. */
export function structureOf(spec: NetworkSpec): Structure {
  let structure = known.get(spec);
  if (!structure) known.set(spec, structure = derive(spec));
  return structure;
}

function derive(spec: NetworkSpec): Structure {
  const populations = spec.layers.map(({ units, neuron, recurrent = false }, index): Population => ({
    index,
    id: `neuron${index + 1}`,
    shape: [units],
    units,
    neuron: completeNeuron(neuron),
    isSpiking: kindOf(neuron).isSpiking,
    isRecurrent: recurrent,
    isReadout: index === spec.layers.length - 1,
  }));
  const tensors = populations.flatMap(({ index, units, neuron, isRecurrent }): TensorSpec[] => {
    const fanIn = populations[index - 1]?.units ?? spec.inputs, i = index + 1;
    const of = (node: string) => ({ node: `${node}${i}`, population: index });
    const first = kindOf(neuron).trainables(neuron);
    return [
      { ...of("fc"), name: `w${i}`, shape: [units, fanIn], role: "weight", fanIn, fanOut: units },
      { ...of("fc"), name: `b${i}`, shape: [units], role: "bias", fanIn, fanOut: units },
      ...(isRecurrent
        ? [
          {
            ...of("rec"),
            name: `v${i}`,
            shape: [units, units],
            role: "weight",
            fanIn: units,
            fanOut: units,
          } as const,
        ]
        : []),
      ...trainableOf(neuron).map((constant) => ({
        ...of("neuron"),
        name: `${constant}${i}`,
        shape: [units],
        role: "constant" as const,
        fanIn: 1,
        fanOut: 1,
        constant,
        first: first[constant]!,
      })),
    ];
  });
  const readout = populations.at(-1)!;
  const size = ({ shape }: TensorSpec) => shape.reduce((a, b) => a * b, 1);
  return {
    inputShape: [spec.inputs],
    inputs: spec.inputs,
    populations,
    hidden: populations.slice(0, -1),
    readout,
    classes: readout.units,
    tensors,
    parameters: tensors.reduce((sum, tensor) => sum + (tensor.role === "fixed" ? 0 : size(tensor)), 0),
    multiplyAdds: tensors.reduce((sum, tensor) => sum + (tensor.role === "weight" ? size(tensor) : 0), 0),
  };
}
