/** The constants of a network's neurons that sliders change: decay, threshold and penalty. */
import { type CompleteNeuron, tensorsOf } from "../../src/network/neurons.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { withNeurons } from "../../src/network/with_neurons.ts";
import { layerName } from "../../src/network/words.ts";

/** Names of the constants, as neurons have them. */
export const CONSTANTS = ["decay", "threshold", "penalty"] as const;

/** One of {@linkcode CONSTANTS}. */
export type ConstantName = typeof CONSTANTS[number];

/** A constant of one layer or of several that have the same value. */
export interface Constant {
  readonly name: ConstantName;
  /** From 0. */
  readonly layers: readonly number[];
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** A slider's step, for all of them. */
export const CONSTANT_STEP = 0.01;

/** Minimum range of a slider; larger values double it. */
const REACH = { threshold: 4, penalty: 5 } as const;

/**
 * Lists a network's constants; layers with the same value share an entry.
 *
 * Those with a value of each unit are left out, since they are tensors, and so are those without effect: with a single step, decay
 * and penalty have none.
 */
export function constantsOf(spec: NetworkSpec): Constant[] {
  const found: Constant[] = [];
  for (const name of CONSTANTS) {
    if (spec.steps === 1 && name !== "threshold") continue;
    structureOf(spec).populations.forEach(({ neuron, index }) => {
      const value = valueOf(neuron, name);
      if (value === undefined) return;
      const at = found.findIndex((other) => other.name === name && other.value === value);
      const same = found[at];
      if (same) found[at] = { ...same, layers: [...same.layers, index] };
      else found.push({ name, layers: [index], value, ...rangeOf(name, value) });
    });
  }
  return found;
}

function valueOf(neuron: CompleteNeuron, name: ConstantName): number | undefined {
  if (tensorsOf(neuron).includes(name)) return undefined;
  switch (neuron.kind) {
    case "graded":
      return neuron[name];
    case "lif":
      return name === "penalty" ? undefined : neuron[name];
    case "integrator":
      return name === "decay" ? neuron.decay : undefined;
    default:
      return neuron satisfies never;
  }
}

function rangeOf(name: ConstantName, value: number): { least: number; most: number } {
  if (name === "decay") return { least: 0, most: 1 };
  return { least: Math.min(0, 2 * value), most: Math.max(REACH[name], Math.ceil(2 * value)) };
}

/** The same network with another value of a constant. */
export function withConstant(
  spec: NetworkSpec,
  { name, layers }: Pick<Constant, "name" | "layers">,
  value: number,
): NetworkSpec {
  return withNeurons(
    spec,
    ({ neuron, index }) =>
      layers.includes(index) && valueOf(neuron, name) !== undefined ? { ...neuron, [name]: value } : neuron,
  );
}

/** `layer 1 and the output layer` */
export function layersInWords({ layers }: Pick<Constant, "layers">, spec: NetworkSpec): string {
  return new Intl.ListFormat("en").format(layers.map((layer) => layerName(spec, layer)));
}
