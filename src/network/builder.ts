/**
 * Builds a network's description in TypeScript: fills in defaults and checks all of it.
 *
 * @module
 */
import { type GradedNeuron, type IntegratorNeuron, type LifNeuron, type Neuron, NEURONS } from "./neurons.ts";
import {
  type Encoder,
  type LayerSpec,
  type Loss,
  type NetworkSpec,
  parseNetworkSpec,
  type Readout,
} from "./spec.ts";

/** An encoder without its defaults. */
export type EncoderDescription = {
  [Kind in Encoder["kind"]]: Partial<Extract<Encoder, { kind: Kind }>> & { readonly kind: Kind };
}[Encoder["kind"]];

/** A {@linkcode NetworkSpec} without its defaults. */
export interface NetworkDescription {
  /** K, features of a sample at one step. */
  readonly inputs: number;
  /** T, time steps. */
  readonly steps: number;
  /** How a sample becomes the inputs of each step. @default {direct} */
  readonly encoder?: EncoderDescription;
  /** From the inputs up; see {@linkcode layer}. */
  readonly layers: readonly (Partial<LayerSpec> & Pick<LayerSpec, "units" | "neuron">)[];
  /** How the last layer is read. @default {the mean of its states} */
  readonly readout?: Partial<Readout>;
  /** What training minimises. @default {cross-entropy} */
  readonly loss?: Loss;
}

/**
 * Describes a network.
 *
 * @throws {InputError} when a part is missing or out of range; the message names its path.
 *
 * @example A recurrent layer of leaky integrate-and-fire neurons that learn their decay, under a readout
 * ```ts
 * import { integrator, layer, lif, network } from "@spikelet/spikelet";
 *
 * const spec = network({
 *   inputs: 784,
 *   steps: 25,
 *   encoder: { kind: "constant" },
 *   layers: [
 *     layer(128, lif({ decay: 0.95, trainable: ["decay"] }), { recurrent: true }),
 *     layer(10, integrator({ decay: 0.9 })),
 *   ],
 *   readout: { from: "state", reduce: "max" },
 * });
 * console.log(spec.layers[0]?.neuron.kind); // lif
 * ```
 */
export function network(description: NetworkDescription): NetworkSpec {
  return parseNetworkSpec(description);
}

/** Describes a layer of units with the same neuron. */
export function layer(
  units: number,
  neuron: Neuron,
  options: Partial<Pick<LayerSpec, "delay" | "recurrent">> = {},
): LayerSpec {
  return { units, delay: 0, ...options, neuron };
}

/** A graded neuron; the notebook's constants are the defaults. */
export function graded(constants: Partial<Omit<GradedNeuron, "kind">> = {}): GradedNeuron {
  return { ...NEURONS.graded.defaults, ...constants };
}

/** A leaky integrate-and-fire neuron; defaults: decay 0.9, threshold 1, reset by subtraction, surrogate atan. */
export function lif(constants: Partial<Omit<LifNeuron, "kind">> = {}): LifNeuron {
  return { ...NEURONS.lif.defaults, ...constants };
}

/** An integrator; the default decay is 0.9. */
export function integrator(constants: Partial<Omit<IntegratorNeuron, "kind">> = {}): IntegratorNeuron {
  return { ...NEURONS.integrator.defaults, ...constants };
}
