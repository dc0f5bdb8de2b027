/**
 * The notebook's two networks, as data: the spiking one and the dense peer that it is compared with.
 *
 * @module
 */
import type { NetworkSpec } from "./spec.ts";

/** The constants of the notebook's spiking network; each can be changed. */
export interface SeedOptions {
  /** K, features of a sample. @default {784} */
  readonly inputs?: number;
  /** Units of the hidden layer. @default {100} */
  readonly hidden?: number;
  /** Units of the readout layer. @default {10} */
  readonly classes?: number;
  /** T, time steps. @default {128} */
  readonly steps?: number;
  /** d, decay of the membrane potential. @default {0.9} */
  readonly decay?: number;
  /** θ, the threshold. @default {2} */
  readonly threshold?: number;
  /** p, the penalty of a spike. @default {2.5} */
  readonly penalty?: number;
  /** The first step whose readout counts. @default {0} */
  readonly beginEval?: number;
}

/** The notebook's constants (`SpikingNet(device, n_time_steps=128, begin_eval=0)` and its layers). */
export const SEED_DEFAULTS = {
  inputs: 784,
  hidden: 100,
  classes: 10,
  steps: 128,
  decay: 0.9,
  threshold: 2,
  penalty: 2.5,
  beginEval: 0,
} as const satisfies Required<SeedOptions>;

/**
 * The seed's spiking network (SPEC.md): noise-coded pixels, two layers of graded neurons with a delay of one step each,
 * the second one's membrane potentials averaged over time.
 *
 * @example
 * ```ts
 * import { seedNetwork } from "@spikelet/spikelet";
 *
 * console.log(seedNetwork({ hidden: 200 }).layers[0]?.units); // 200
 * ```
 */
export function seedNetwork(options: SeedOptions = {}): NetworkSpec {
  const o = { ...SEED_DEFAULTS, ...options };
  const neuron = { kind: "graded", decay: o.decay, threshold: o.threshold, penalty: o.penalty } as const;
  return {
    inputs: o.inputs,
    steps: o.steps,
    encoder: { kind: "noise", offset: -0.5 },
    layers: [{ units: o.hidden, delay: 1, neuron }, { units: o.classes, delay: 1, neuron }],
    readout: { from: "state", reduce: "mean", begin: o.beginEval },
    loss: { kind: "crossEntropy" },
  };
}

/**
 * The notebook's feed-forward peer: inputs–hidden–classes with ReLU.
 *
 * It needs no kernels of its own. At one step, a graded neuron without decay, threshold and penalty *is* a ReLU
 * (o = max(0, I)), and an integrator hands its current on as it is.
 *
 * @example
 * ```ts
 * import { denseNetwork } from "@spikelet/spikelet";
 *
 * console.log(denseNetwork().steps); // 1
 * ```
 */
export function denseNetwork(
  options: Pick<SeedOptions, "inputs" | "hidden" | "classes"> = {},
): NetworkSpec {
  const o = { ...SEED_DEFAULTS, ...options };
  return {
    inputs: o.inputs,
    steps: 1,
    encoder: { kind: "constant", offset: -0.5 },
    layers: [
      { units: o.hidden, delay: 0, neuron: { kind: "graded", decay: 0, threshold: 0, penalty: 0 } },
      { units: o.classes, delay: 0, neuron: { kind: "integrator", decay: 0 } },
    ],
    readout: { from: "state", reduce: "mean", begin: 0 },
    loss: { kind: "crossEntropy" },
  };
}
