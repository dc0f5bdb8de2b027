/**
 * What a network is: plain JSON that says everything about it but its weights.
 *
 * A {@linkcode NetworkSpec} is checked once, at the door ({@linkcode parseNetworkSpec}), and stored with every model.
 * `src/engine/plan.ts` derives from it what to compute; nothing else interprets it.
 *
 * @module
 */
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { type Encoder, encoderSchema, sampleFormOf } from "./encoders.ts";

export type { Encoder } from "./encoders.ts";

/**
 * The seed's neuron (SPEC.md): it leaks, fires a graded spike above its threshold, and falls back by the penalty.
 *
 *     u'_t = I_t + d·u_{t-1};  o_t = max(0, u'_t − θ);  g_t = [o_t > 0];  u_t = u'_t − (p + o_t)·g_t
 */
export interface GradedNeuron {
  /** Which neuron this is. */
  readonly kind: "graded";
  /** d, how much of the membrane potential is left after a step; 0 to 1. */
  readonly decay: number;
  /** θ, the membrane potential above which the unit fires. */
  readonly threshold: number;
  /** p, how far below zero the potential falls at a spike; 0 or more. */
  readonly penalty: number;
}

/**
 * A leaky sum without spikes, for a readout layer (NETWORKS.md).
 *
 *     u_t = d·u_{t-1} + I_t;  o_t = u_t
 */
export interface IntegratorNeuron {
  /** Which neuron this is. */
  readonly kind: "integrator";
  /** d, how much of the potential is left after a step; 0 to 1. */
  readonly decay: number;
}

/** A kind of neuron with its constants. */
export type Neuron = GradedNeuron | IntegratorNeuron;

/** Units that share an input and a kind of neuron: I_t = W·x_t + b. */
export interface LayerSpec {
  /** How many neurons. */
  readonly units: number;
  /** 1: the layer hands on the previous step's state and output (zeros at the first step). */
  readonly delay: 0 | 1;
  /** The neuron and its constants. */
  readonly neuron: Neuron;
}

/** How the last layer's states become one number a class. */
export interface Readout {
  /** The last layer's membrane potentials, as it hands them on. */
  readonly from: "state";
  /** Over the steps that count. */
  readonly reduce: "mean" | "sum";
  /** The first step that counts. */
  readonly begin: number;
}

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
  /** Negative log-likelihood of the log-softmax, averaged over a batch. */
  readonly loss: { readonly kind: "crossEntropy" };
}

/** The largest sizes that the counters of the draws can tell apart (`src/random.ts`). */
export const LIMITS = { inputs: 131_072, steps: 65_536, units: 65_536, classes: 256, layers: 64 } as const;

const count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
const decay = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const finite = v.pipe(v.number(), v.finite());

const neuron = v.variant("kind", [
  v.strictObject({
    kind: v.literal("graded"),
    decay,
    threshold: finite,
    penalty: v.pipe(v.number(), v.finite(), v.minValue(0)),
  }),
  v.strictObject({ kind: v.literal("integrator"), decay }),
]);

const schema = v.strictObject({
  inputs: count(LIMITS.inputs),
  steps: count(LIMITS.steps),
  encoder: v.optional(encoderSchema, { kind: "direct" }),
  layers: v.pipe(
    v.array(v.strictObject({
      units: count(LIMITS.units),
      delay: v.optional(v.picklist([0, 1]), 0),
      neuron,
    })),
    v.minLength(1),
    v.maxLength(LIMITS.layers),
  ),
  readout: v.strictObject({
    from: v.literal("state"),
    reduce: v.picklist(["mean", "sum"]),
    begin: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  }),
  loss: v.strictObject({ kind: v.literal("crossEntropy") }),
});

/**
 * Checks a network's description and fills in its defaults (no delay, encoder `direct`, readout from step 0).
 *
 * @param value What `JSON.parse` gave, or an object literal.
 * @param where What the message names as the source, such as a file.
 * @returns The whole description.
 * @throws {InputError} when a part is missing, unknown or out of range; the message names its path.
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
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const path = v.getDotPath(issue) ?? "the whole";
    throw new InputError(
      issue.expected === "never"
        ? `${where}: ${path}: this version knows nothing of that name; expected one of docs/networks.md`
        : `${where}: ${path}: ${issue.message}`,
    );
  }
  const spec = parsed.output;
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
  spec.layers.forEach((layer, i) => {
    if (layer.neuron.kind === "integrator" && i < spec.layers.length - 1) {
      throw new InputError(
        `${where}: layers.${i}.neuron: an integrator fires no spikes: it can only be the last layer`,
      );
    }
  });
  const classes = spec.layers[spec.layers.length - 1]!.units;
  if (classes > LIMITS.classes) {
    throw new InputError(
      `${where}: layers.${spec.layers.length - 1}.units: ${classes} classes: expected 1 to ${LIMITS.classes}`,
    );
  }
  return spec;
}

/** How many features a network's samples have: of one step, or of all steps where a sample is a sequence. */
export function sampleSize(spec: NetworkSpec): number {
  return sampleFormOf(spec).size;
}

/** How many classes a network tells apart: the units of its last layer. */
export function classesOf(spec: NetworkSpec): number {
  return spec.layers[spec.layers.length - 1]!.units;
}
