/**
 * A network's description: plain JSON with everything about it but its weights.
 *
 * A {@linkcode NetworkSpec} is checked once, as it is read ({@linkcode parseNetworkSpec}), and stored with every model.
 * `src/engine/plan.ts` alone derives the computation from it.
 *
 * @module
 */
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { describeIssues } from "./issues.ts";
import { type Encoder, sampleFormOf } from "./encoders.ts";
import { layersSchema } from "./graph_schema.ts";
import { LIMITS } from "./limits.ts";
import { kindOf, type Neuron } from "./neurons.ts";

export { READ_FROM, REDUCERS } from "./graph_schema.ts";
export { LIMITS } from "./limits.ts";

export type { Encoder } from "./encoders.ts";
export type { Neuron } from "./neurons.ts";

/** Units that share an input and a kind of neuron: I_t = W·x_t + b, and + V·o_{t-1} where the layer is recurrent. */
export interface LayerSpec {
  /** Number of neurons. */
  readonly units: number;
  /** 1: the layer's output is the previous step's state and output (zeros at the first step). */
  readonly delay: 0 | 1;
  /** The layer's own outputs of the step before are inputs too, through weights V. @default {false} */
  readonly recurrent?: boolean;
  /** The neuron and its constants. */
  readonly neuron: Neuron;
}

/** The reduction of the last layer to one number a class. */
export interface Readout {
  /** What is read, after the layer's delay: membrane potentials (after the reset), or outputs (spikes). */
  readonly from: "state" | "spikes";
  /** Over the steps from `begin` on; `max` takes the first of equals, `last` the last step. */
  readonly reduce: "mean" | "sum" | "max" | "last";
  /** The first step that counts. */
  readonly begin: number;
}

/**
 * A target for the firing rate. For each layer below the top whose spikes have a surrogate derivative, r is the share of
 * (unit, step) pairs of a sample that spike; the sample's loss grows by weight·Σ_layers (r − target)².
 */
export interface RateTarget {
  /** The target rate, 0 to 1. */
  readonly target: number;
  /** The loss of a squared distance of 1; 0 or more. */
  readonly weight: number;
}

/**
 * What training minimises, averaged over a batch. z are the logits: one number a class, from the readout.
 *
 * - `crossEntropy`: −log softmax(z)[label];
 * - `meanSquaredError`: 1/C·Σ_c (z_c − y_c)², where y is `correct` for the label's class and `incorrect` for the others.
 */
export type Loss =
  & (
    | {
      /** Which loss. */
      readonly kind: "crossEntropy";
    }
    | {
      /** Which loss. */
      readonly kind: "meanSquaredError";
      /** y of the label's class. @default {1} */
      readonly correct?: number;
      /** y of every other class. @default {0} */
      readonly incorrect?: number;
    }
  )
  & {
    /** A target for the firing rate of the layers below the top. @default {none} */
    readonly rate?: RateTarget;
  };

/** The whole description of a network. Serialisable; see {@linkcode parseNetworkSpec}. */
export interface NetworkSpec {
  /** K, features of a sample at one step. */
  readonly inputs: number;
  /** T, time steps. */
  readonly steps: number;
  /** How a sample becomes the inputs of each step. */
  readonly encoder: Encoder;
  /** From the inputs up. The last one is read out: it has one unit a class. */
  readonly layers: readonly LayerSpec[];
  /** How the last layer is read. */
  readonly readout: Readout;
  /** What training minimises. */
  readonly loss: Loss;
}

/**
 * Checks a network's description and fills in its defaults (docs/networks.md).
 *
 * @param value Parsed JSON, or an object literal.
 * @param where The source in messages, such as a file.
 * @returns The description with all defaults.
 * @throws {InputError} when parts are missing, unknown or out of range; the message names their paths.
 *
 * @example
 * ```ts
 * import { parseNetworkSpec } from "@spikelet/spikelet";
 *
 * const spec = parseNetworkSpec({
 *   inputs: 784,
 *   steps: 25,
 *   encoder: { kind: "noise", offset: -0.5 },
 *   layers: [
 *     { units: 64, neuron: { kind: "graded", decay: 0.9, threshold: 2, penalty: 2.5 } },
 *     { units: 10, neuron: { kind: "integrator", decay: 0.9 } },
 *   ],
 *   readout: { from: "state", reduce: "mean" },
 *   loss: { kind: "crossEntropy" },
 * });
 * console.log(spec.layers.length); // 2
 * ```
 */
export function parseNetworkSpec(value: unknown, where = "network"): NetworkSpec {
  const parsed = v.safeParse(layersSchema, value);
  if (!parsed.success) throw new InputError(`${where}: ${describeIssues(parsed.issues)}`);
  const { $schema: _, ...spec } = parsed.output;
  const { encoder, inputs } = spec;
  if (encoder.kind === "delta" && encoder.channels === "both" && inputs % 2 === 1) {
    throw new InputError(
      `${where}: inputs: ${inputs}, but the delta encoder makes two inputs of each channel: expected an even number`,
    );
  }
  if (spec.readout.begin >= spec.steps) {
    throw new InputError(
      `${where}: readout.begin: ${spec.readout.begin}, but there are ${spec.steps} steps: expected 0 to ${
        spec.steps - 1
      }`,
    );
  }
  const below = spec.layers.slice(0, -1);
  const silent = below.findIndex(({ neuron }) => !kindOf(neuron).isSpiking);
  if (silent >= 0) {
    throw new InputError(
      `${where}: layers.${silent}.neuron: a neuron of kind ${below[silent]!.neuron.kind} fires no spikes: ` +
        "it can only be the last layer",
    );
  }
  if (spec.loss.rate && !below.some(({ neuron }) => kindOf(neuron).hasSurrogate)) {
    throw new InputError(
      `${where}: loss.rate: no layer below the top has a firing rate that can be learned: ` +
        "expected one with a surrogate derivative, such as lif",
    );
  }
  const classes = classesOf(spec);
  if (classes > LIMITS.classes) {
    throw new InputError(
      `${where}: layers.${spec.layers.length - 1}.units: ${classes} classes: expected 1 to ${LIMITS.classes}`,
    );
  }
  return spec;
}

/** The number of features of a network's samples, of all steps where these are sequences. */
export function sampleSize(spec: NetworkSpec): number {
  return sampleFormOf(spec).size;
}

/** The number of units below the last layer. */
export function hiddenUnitsOf(
  { layers }: { readonly layers: readonly { readonly units: number }[] },
): number {
  return layers.slice(0, -1).reduce((sum, { units }) => sum + units, 0);
}

/** The number of a network's classes: the units of its last layer. */
export function classesOf(spec: NetworkSpec): number {
  return spec.layers[spec.layers.length - 1]!.units;
}
