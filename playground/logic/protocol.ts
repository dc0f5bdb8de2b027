/**
 * Messages between the page and its two workers.
 *
 * The trainer trains; the inspector shows one sample to a network, so that a drawn digit is classified at once during a
 * batch. Both take messages in order.
 */
import type { DenseFeatures } from "../../src/data/events.ts";
import type { ByteMeaning, Samples } from "../../src/data/samples.ts";
import type { Parameters, SampleTrace, Update } from "../../src/engine/engine.ts";
import type { Precision } from "../../src/engine/wasm/precision.ts";
import type { Augmentation } from "../../src/data/augment.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import type { Schedule } from "../../src/training/schedule.ts";
import type { BatchReport } from "../../src/training/trainer.ts";

/** The engines of the page. */
export const PAGE_ENGINES = ["wasm", "webgpu"] as const;

/** One of {@linkcode PAGE_ENGINES}. */
export type PageEngine = typeof PAGE_ENGINES[number];

/** Training options: with the network and its weights, they determine the result's bits. */
export interface Recipe {
  /** Passes over the training set, besides earlier ones. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly step: Update;
  readonly schedule: Schedule;
  readonly augmentation?: Augmentation;
  readonly seed: number;
  /** Initial weights are scaled until each hidden layer fires at this rate. @default {they are not scaled} */
  readonly startRate?: number;
}

/** Messages to the trainer. */
export type TrainerMessage =
  | { readonly kind: "data"; readonly train: Samples; readonly test: Samples }
  | {
    readonly kind: "train";
    readonly spec: NetworkSpec;
    readonly parameters: Parameters;
    readonly recipe: Recipe;
    readonly engine: PageEngine;
    /** Resumes the last training: the weights are its result, and the recipe differs in the epochs only. */
    readonly resumes: boolean;
  }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "stop" }
  /** Milliseconds of rest before each batch, so that learning can be watched. */
  | { readonly kind: "pace"; readonly rest: number }
  /** Constants have changed; the rest of the network is the same. */
  | { readonly kind: "tune"; readonly spec: NetworkSpec };

/** Progress of training after a batch; `done` and `total` count from when the network was new. */
export interface TrainingStatus extends Omit<BatchReport, "score"> {
  /** The batch's own. */
  readonly loss: number;
  readonly accuracy: number;
  /** Of this training, without pauses. */
  readonly samplesPerSecond: number;
}

/** Score on the held-back digits. */
export interface HeldBack {
  /** Training samples presented by then. */
  readonly done: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Number of digits measured, the first ones. */
  readonly total: number;
  /** Number of held-back digits. */
  readonly of: number;
}

/** Messages from the trainer. */
export type TrainerReply =
  | { readonly kind: "started"; readonly engine: string }
  | { readonly kind: "batch"; readonly status: TrainingStatus }
  | { readonly kind: "measured"; readonly heldBack: HeldBack }
  /** A snapshot of the network during training. */
  | { readonly kind: "network"; readonly spec: NetworkSpec; readonly parameters: Parameters }
  | {
    readonly kind: "ended";
    readonly how: "finished" | "stopped";
    readonly spec: NetworkSpec;
    readonly parameters: Parameters;
    /** Whole epochs since the network was new. */
    readonly epochs: number;
    readonly heldBack: HeldBack;
  }
  | { readonly kind: "notice"; readonly message: string }
  /** Training, or the previous message, failed; the trainer accepts further messages. */
  | { readonly kind: "failed"; readonly message: string };

/** A request to the inspector: one forward pass of a sample, with its trace. */
export interface InspectorMessage {
  readonly spec: NetworkSpec;
  /** Left out if they are the previous message's. */
  readonly parameters?: Parameters;
  /** Seed of the noise. */
  readonly seed: number;
  readonly precision: Precision;
  /** A picture of the network's size, or a sequence of its channels: `[steps, channels]`, with as many steps as it takes, or fewer. */
  readonly features: DenseFeatures;
  /** Meaning of a byte. @default {numbers of sequences, and pixels of all else} */
  readonly bytes?: ByteMeaning;
}

/** The inspector's result, with the same bits as `POST /classify` of `serve`. */
export interface Inspection {
  readonly kind: "inspection";
  readonly spec: NetworkSpec;
  readonly features: DenseFeatures;
  readonly bytes: ByteMeaning;
  /** Steps that were computed, which the trace has: the network's, or those of a sequence that is shorter. */
  readonly steps: number;
  readonly trace: SampleTrace;
  /** The class of the largest logit; the first of equal ones. */
  readonly label: number;
  /** Softmax of the logits. */
  readonly probabilities: readonly number[];
  /** Spikes of the hidden layers. */
  readonly spikes: number;
}

/** The inspector's reply to a message. */
export type InspectorReply = Inspection | { readonly kind: "failed"; readonly message: string };
