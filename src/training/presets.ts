/** Presets: named networks, each with its training recipe. */
import type { Augmentation } from "../data/augment.ts";
import { OptionError } from "../errors.ts";
import { convNetwork, convWideNetwork, tutorialNetwork } from "../network/conv_presets.ts";
import {
  fastNetwork,
  feedForwardNetwork,
  lifNetwork,
  notebookNetwork,
  type PresetOptions,
  tunedCentredNetwork,
  tunedNetwork,
  wideNetwork,
} from "../network/presets.ts";
import type { NetworkSpec } from "../network/spec.ts";

/** Default training recipe of a preset; a field that is absent takes the optimizer's or the command's default. */
export interface Recipe {
  /** Passes over the training set. */
  readonly epochs?: number | undefined;
  /** Samples of a batch. */
  readonly batchSize?: number | undefined;
  /** The optimizer. */
  readonly optimizer?: "sgd" | "adam" | "adamw" | undefined;
  /** Learning rate. */
  readonly learningRate?: number | undefined;
  /** Weight decay, of weights and biases. */
  readonly weightDecay?: number | undefined;
  /** Decay of the moving average of weights. */
  readonly ema?: number | undefined;
  /** Learning rate schedule. */
  readonly schedule?: "constant" | "cosine" | "step" | undefined;
  /** Warm-up: batches in which the learning rate rises at the start. */
  readonly warmUp?: number | undefined;
  /** Firing rate of hidden layers at the start of training: the share of units that fires at a step. */
  readonly initRate?: number | undefined;
  /** Augmentation of pictures, drawn anew each time they are presented. */
  readonly augment?: Augmentation | undefined;
}

/** A named network with its training recipe. */
export interface Preset {
  /** Short description. */
  readonly summary: string;
  /** Options that the preset accepts; the others keep the preset's values. */
  readonly takes: readonly (keyof PresetOptions)[];
  /** Why it rejects the other options, as the end of a sentence; empty if it accepts all. */
  readonly without: string;
  /** The network. */
  network(options?: PresetOptions): NetworkSpec;
  /** Default initialization of weights: as drawn, or scaled by the data until units fire. */
  readonly init: "xavier" | "rate";
  /** Training recipe. */
  readonly recipe: Recipe;
}

const LIF = ["inputs", "hidden", "classes", "steps", "decay", "threshold", "beginEval"] as const;
const CONV = ["shape", "classes", "steps", "decay", "threshold", "beginEval"] as const;
const GRADED = [...LIF, "penalty"] as const;

/** Every preset by name. A new one is an entry here. */
export const PRESETS = {
  notebook: {
    summary: "the notebook's spiking network",
    takes: GRADED,
    without: "",
    network: notebookNetwork,
    init: "xavier",
    recipe: { epochs: 1, batchSize: 1000, optimizer: "sgd" },
  },
  "feed-forward": {
    summary: "its peer without time steps",
    takes: ["inputs", "hidden", "classes"],
    without: "which has neither time steps nor spikes",
    network: feedForwardNetwork,
    init: "xavier",
    recipe: { epochs: 1, batchSize: 1000, optimizer: "sgd" },
  },
  tuned: {
    summary: "the notebook's size, tuned",
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
      // At a rate of 0.35 initial weights would be several times as large.
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
    summary: "two wide layers",
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
  conv: {
    summary: "two convolutions, as accurate as a minute on two cores allows",
    takes: CONV,
    without: "whose layers are convolutions",
    network: convNetwork,
    init: "xavier",
    recipe: {
      epochs: 6,
      batchSize: 128,
      optimizer: "adamw",
      learningRate: 1e-2,
      weightDecay: 1e-4,
      schedule: "cosine",
      warmUp: 280,
      augment: { shift: 1 },
    },
  },
  "conv-wide": {
    summary: "wider convolutions and a hidden layer, the most accurate",
    takes: CONV,
    without: "whose layers are convolutions",
    network: convWideNetwork,
    init: "xavier",
    recipe: {
      epochs: 40,
      batchSize: 128,
      optimizer: "adamw",
      learningRate: 1e-2,
      weightDecay: 1e-4,
      schedule: "cosine",
      ema: 0.999,
      warmUp: 1900,
      augment: { shift: 1, rotate: 10, scale: 0.1 },
    },
  },
  tutorial: {
    summary: "the convolutional network of snnTorch's tutorial",
    takes: CONV,
    without: "whose layers are convolutions",
    network: tutorialNetwork,
    init: "rate",
    recipe: {
      epochs: 4,
      batchSize: 128,
      optimizer: "adamw",
      learningRate: 5e-3,
      weightDecay: 1e-4,
      schedule: "cosine",
      warmUp: 190,
      augment: { shift: 1 },
    },
  },
} as const satisfies Record<string, Preset>;

/** One of {@linkcode PRESETS}. */
export type PresetName = keyof typeof PRESETS;

/** Finds a preset by name. @throws {OptionError} when there is none of this name. */
export function presetOf(name: PresetName): Preset {
  if (!Object.hasOwn(PRESETS, name)) { // from JavaScript
    throw new OptionError(`preset: ${name}, expected one of ${Object.keys(PRESETS).join(", ")}`);
  }
  return PRESETS[name];
}
