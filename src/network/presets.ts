/**
 * The networks of the presets: the notebook's spiking one, the feed-forward peer that it is compared with, and tuned ones.
 */
import { graded, integrator, layer, lif, network, type NetworkDescription } from "./builder.ts";
import type { Shape } from "./shape.ts";
import type { NetworkSpec } from "./spec.ts";

/** Options of a preset's network; the defaults are those of {@linkcode notebookNetwork}. */
export interface PresetOptions {
  /** K, features of a sample. @default {784} */
  readonly inputs?: number;
  /** Of a sample, for convolutions. @default {[1, 28, 28]} */
  readonly shape?: Shape;
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
export const NOTEBOOK_DEFAULTS = {
  inputs: 784,
  hidden: 100,
  classes: 10,
  steps: 128,
  decay: 0.9,
  threshold: 2,
  penalty: 2.5,
  beginEval: 0,
} as const satisfies Required<Omit<PresetOptions, "shape">>;

/**
 * The notebook's spiking network: noise-coded pixels, two layers of graded neurons with a delay of one step each,
 * the second one's membrane potentials averaged over time.
 *
 * @example
 * ```ts
 * import { notebookNetwork } from "@spikelet/spikelet";
 *
 * console.log(notebookNetwork({ hidden: 200 }).nodes[0]); // { id: "fc1", kind: "affine", units: 200, … }
 * ```
 *
 * @throws {InputError} when a constant or size is out of its range.
 */
export function notebookNetwork(options: PresetOptions = {}): NetworkSpec {
  return network(describeNotebook(options));
}

/** The description of {@linkcode notebookNetwork}, unchecked. */
export function describeNotebook(options: PresetOptions = {}): NetworkDescription {
  const o = { ...NOTEBOOK_DEFAULTS, ...options };
  const neuron = graded({ decay: o.decay, threshold: o.threshold, penalty: o.penalty });
  return {
    inputs: o.inputs,
    steps: o.steps,
    encoder: { kind: "noise", offset: -0.5 },
    layers: [layer(o.hidden, neuron, { delay: 1 }), layer(o.classes, neuron, { delay: 1 })],
    readout: { from: "state", reduce: "mean", begin: o.beginEval },
  };
}

/**
 * The notebook's feed-forward peer: inputs–hidden–classes with ReLU.
 *
 * It needs no kernels of its own. At one step, a graded neuron without decay, threshold and penalty *is* a ReLU
 * (o = max(0, I)), and an integrator's output is its current.
 *
 * @example
 * ```ts
 * import { feedForwardNetwork } from "@spikelet/spikelet";
 *
 * console.log(feedForwardNetwork().steps); // 1
 * ```
 */
export function feedForwardNetwork(
  options: Pick<PresetOptions, "inputs" | "hidden" | "classes"> = {},
): NetworkSpec {
  const o = { ...NOTEBOOK_DEFAULTS, ...options };
  return network({
    inputs: o.inputs,
    steps: 1,
    encoder: { kind: "constant", offset: -0.5 },
    layers: [
      layer(o.hidden, graded({ decay: 0, threshold: 0, penalty: 0 })),
      layer(o.classes, integrator({ decay: 0 })),
    ],
  });
}

/** Options of a network of lif neurons, which have no penalty. Decay and threshold are the hidden layers'. */
export type LifOptions = Omit<PresetOptions, "penalty">;

/**
 * The notebook's size and encoder, tuned: background pixels are silent (offset 0), the threshold is low, and an integrator that keeps
 * its potential reads the spikes.
 */
export function tunedNetwork(options: PresetOptions = {}): NetworkSpec {
  return tunedFor(0, options);
}

/** The same with the notebook's own encoder (offset −0.5), by which background pixels are as loud as a digit's. */
export function tunedCentredNetwork(options: PresetOptions = {}): NetworkSpec {
  return tunedFor(-0.5, options);
}

function tunedFor(offset: number, options: PresetOptions): NetworkSpec {
  const { inputs = 784, hidden = 100, classes = 10, steps = 24, beginEval: begin = 0 } = options;
  const { decay = 0.9, threshold = 0.3, penalty = 0.3 } = options;
  return network({
    inputs,
    steps,
    encoder: { kind: "noise", offset },
    layers: [
      layer(hidden, graded({ decay, threshold, penalty }), { delay: 1 }),
      layer(classes, integrator({ decay: 0.9 })),
    ],
    readout: { begin },
  });
}

/** The field's common yardstick: leaky integrate-and-fire neurons with a surrogate gradient and a constant input current. */
export function lifNetwork(options: LifOptions = {}): NetworkSpec {
  return lifLayers(1, { hidden: 128, steps: 25, decay: 0.9, ...options });
}

/** Two wide hidden layers of leaky integrate-and-fire neurons: the most accurate preset. */
export function wideNetwork(options: LifOptions = {}): NetworkSpec {
  return lifLayers(2, { hidden: 512, steps: 8, decay: 0.9, ...options });
}

/** One hidden layer and four steps a sample: as accurate as 20 s of training on two cores allow. */
export function fastNetwork(options: LifOptions = {}): NetworkSpec {
  return lifLayers(1, { hidden: 256, steps: 4, decay: 0.5, ...options });
}

/** Hidden layers of lif neurons with a constant input current, and an integrator as readout. */
function lifLayers(
  layers: number,
  { inputs = 784, hidden, classes = 10, steps, decay, threshold = 1, beginEval: begin = 0 }:
    & LifOptions
    & Required<Pick<LifOptions, "hidden" | "steps" | "decay">>,
): NetworkSpec {
  const neuron = lif({ decay, threshold });
  return network({
    inputs,
    steps,
    encoder: { kind: "constant" },
    layers: [
      ...Array.from({ length: layers }, () => layer(hidden, neuron)),
      layer(classes, integrator({ decay: 0.9 })),
    ],
    readout: { begin },
  });
}
