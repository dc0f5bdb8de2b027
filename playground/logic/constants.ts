/**
 * The constants of a network's neurons that sliders change: decay, threshold and penalty.
 *
 * @module
 */
import type { LayerSpec, NetworkSpec } from "../../src/network/spec.ts";
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
 * Learned ones are left out, since their values are parameters, and so are those without effect: with a single step, decay
 * and penalty have none.
 */
export function constantsOf(spec: NetworkSpec): Constant[] {
  const found: Constant[] = [];
  for (const name of CONSTANTS) {
    if (spec.steps === 1 && name !== "threshold") continue;
    spec.layers.forEach((layer, index) => {
      const value = valueOf(layer, name);
      if (value === undefined) return;
      const at = found.findIndex((other) => other.name === name && other.value === value);
      const same = found[at];
      if (same) found[at] = { ...same, layers: [...same.layers, index] };
      else found.push({ name, layers: [index], value, ...rangeOf(name, value) });
    });
  }
  return found;
}

function valueOf({ neuron }: LayerSpec, name: ConstantName): number | undefined {
  if (neuron.trainable?.some((learned) => learned === name)) return undefined;
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
  return {
    ...spec,
    layers: spec.layers.map((layer, index) =>
      layers.includes(index) && valueOf(layer, name) !== undefined
        ? { ...layer, neuron: { ...layer.neuron, [name]: value } }
        : layer
    ),
  };
}

/** `layer 1 and the output layer` */
export function layersInWords({ layers }: Pick<Constant, "layers">, { layers: all }: NetworkSpec): string {
  return new Intl.ListFormat("en").format(layers.map((layer) => layerName(layer, all.length - 1)));
}
