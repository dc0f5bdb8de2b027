/**
 * Networks that can be asked for by name: the notebook's spiking one, and the dense peer that it is compared with.
 *
 * @module
 */
import { OptionError } from "../errors.ts";
import type { Augmentation } from "../data/augment.ts";
import { graded, integrator, layer, lif, network, type NetworkDescription } from "./builder.ts";
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
 *
 * @throws {InputError} when a constant or size is out of its range.
 */
export function seedNetwork(options: SeedOptions = {}): NetworkSpec {
  return network(describeSeed(options));
}

/** The same, not yet checked. */
export function describeSeed(options: SeedOptions = {}): NetworkDescription {
  const o = { ...SEED_DEFAULTS, ...options };
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

/** What can be changed of a network of lif neurons: they have no penalty. Decay and threshold are the hidden layers'. */
export type LifOptions = Omit<SeedOptions, "penalty">;

/**
 * The seed's size and encoder, tuned: background pixels are silent (offset 0), the threshold is low, and an integrator that keeps
 * its potential reads the spikes.
 */
export function tunedNetwork(options: SeedOptions = {}): NetworkSpec {
  return tunedFor(0, options);
}

/** The same under the notebook's own encoder, by which background pixels are as loud as a digit's. */
export function tunedCentredNetwork(options: SeedOptions = {}): NetworkSpec {
  return tunedFor(-0.5, options);
}

function tunedFor(offset: number, options: SeedOptions): NetworkSpec {
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

/** The field's common yardstick: leaky integrate-and-fire neurons with a surrogate gradient, fed with a constant current. */
export function lifNetwork(options: LifOptions = {}): NetworkSpec {
  return lifLayers(1, { hidden: 128, steps: 25, decay: 0.9, ...options });
}

/** Two wide hidden layers of leaky integrate-and-fire neurons: the most accurate preset. */
export function wideNetwork(options: LifOptions = {}): NetworkSpec {
  return lifLayers(2, { hidden: 512, steps: 8, decay: 0.9, ...options });
}

/** A hidden layer at four steps a sample, for as much accuracy as 20 s of two cores buy. */
export function fastNetwork(options: LifOptions = {}): NetworkSpec {
  return lifLayers(1, { hidden: 256, steps: 4, decay: 0.5, ...options });
}

/** So many hidden layers of lif neurons, fed with a constant current, and an integrator that reads them. */
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

/** How a preset is trained where nothing else is said; what is left out here is the optimiser's or the command's own. */
export interface Recipe {
  /** Passes over the training set. */
  readonly epochs?: number | undefined;
  /** Samples of a batch. */
  readonly batchSize?: number | undefined;
  /** How a batch moves weights. */
  readonly optimizer?: "sgd" | "adam" | "adamw" | undefined;
  /** How far it moves them. */
  readonly learningRate?: number | undefined;
  /** How strongly weights and biases are drawn to 0. */
  readonly weightDecay?: number | undefined;
  /** How the learning rate changes. */
  readonly schedule?: "constant" | "cosine" | "step" | undefined;
  /** Batches in which the learning rate rises at the beginning. */
  readonly warmUp?: number | undefined;
  /** The share of a hidden layer's units that fires at a step when training begins. */
  readonly initRate?: number | undefined;
  /** How pictures are moved each time they are learned from. */
  readonly augment?: Augmentation | undefined;
}

/** A network with a name, and how it is trained. */
export interface Preset {
  /** What it is, in a few words. */
  readonly summary: string;
  /** Which of the options it has a use for; the others keep the preset's own values. */
  readonly takes: readonly (keyof SeedOptions)[];
  /** Why it has no use for the others, as the end of a sentence; empty where it takes all. */
  readonly without: string;
  /** The network. */
  network(options?: SeedOptions): NetworkSpec;
  /** How first weights come about where nothing is said: as they are drawn, or scaled by the data until units fire. */
  readonly init: "xavier" | "rate";
  /** How it is trained. */
  readonly recipe: Recipe;
}

const LIF = ["inputs", "hidden", "classes", "steps", "decay", "threshold", "beginEval"] as const;
const GRADED = [...LIF, "penalty"] as const;

/** Every preset by name. A new one is an entry here. */
export const PRESETS = {
  seed: {
    summary: "the notebook's spiking network",
    takes: GRADED,
    without: "",
    network: seedNetwork,
    init: "xavier",
    recipe: { epochs: 1, batchSize: 1000, optimizer: "sgd" },
  },
  dense: {
    summary: "its feed-forward peer",
    takes: ["inputs", "hidden", "classes"],
    without: "which has neither time steps nor spikes",
    network: denseNetwork,
    init: "xavier",
    recipe: { epochs: 1, batchSize: 1000, optimizer: "sgd" },
  },
  tuned: {
    summary: "the seed's size, tuned",
    takes: GRADED,
    without: "",
    network: tunedNetwork,
    init: "rate",
    recipe: {
      epochs: 24,
      batchSize: 250,
      optimizer: "adamw",
      learningRate: 5e-3,
      weightDecay: 0.05,
      schedule: "cosine",
      // A graded unit that never fires has no gradient, so it never will: at the usual rate of 0.1 a fifth of them stay silent.
      // At one of 0.35 weights would begin several times as large.
      initRate: 0.25,
      augment: { shift: 1 },
    },
  },
  "tuned-centred": {
    summary: "the same under the notebook's own encoder",
    takes: GRADED,
    without: "",
    network: tunedCentredNetwork,
    init: "rate",
    recipe: {
      epochs: 24,
      batchSize: 250,
      optimizer: "adamw",
      learningRate: 2e-3,
      weightDecay: 0.01,
      schedule: "cosine",
      // Without it a third of the units falls silent in the first epoch, for good.
      warmUp: 200,
      initRate: 0.25,
      augment: { shift: 1 },
    },
  },
  wide: {
    summary: "two wide layers, the most accurate",
    takes: LIF,
    without: "whose neurons are lif",
    network: wideNetwork,
    init: "rate",
    recipe: {
      epochs: 20,
      batchSize: 250,
      optimizer: "adamw",
      learningRate: 1e-3,
      schedule: "cosine",
      augment: { shift: 2, rotate: 10, elastic: 1 },
    },
  },
  fast: {
    summary: "as accurate as 20 s on two cores allow",
    takes: LIF,
    without: "whose neurons are lif",
    network: fastNetwork,
    init: "rate",
    recipe: {
      epochs: 10,
      batchSize: 128,
      optimizer: "adamw",
      learningRate: 3e-3,
      schedule: "cosine",
      augment: { shift: 1 },
    },
  },
  lif: {
    summary: "leaky integrate-and-fire neurons, the common yardstick",
    takes: LIF,
    without: "whose neurons are lif",
    network: lifNetwork,
    init: "rate",
    recipe: { epochs: 25, batchSize: 128, optimizer: "adam", learningRate: 1e-3 },
  },
} as const satisfies Record<string, Preset>;

/** One of {@linkcode PRESETS}. */
export type PresetName = keyof typeof PRESETS;

/** A preset, and whatever else is one. @throws {OptionError} when there is none of this name. */
export function presetOf(name: PresetName): Preset {
  if (!Object.hasOwn(PRESETS, name)) { // from JavaScript
    throw new OptionError(`preset: ${name}, expected one of ${Object.keys(PRESETS).join(", ")}`);
  }
  return PRESETS[name];
}
