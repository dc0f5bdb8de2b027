/**
 * Messages between the page and its two workers.
 *
 * The trainer trains; the inspector shows one picture to a network, so that a drawn digit is classified at once during a
 * batch. Both take messages in order.
 *
 * @module
 */
import type { ByteMeaning, Samples } from "../../src/data/samples.ts";
import type { Parameters, SampleTrace, Update } from "../../src/engine/engine.ts";
import type { Precision } from "../../src/engine/wasm/precision.ts";
import type { Augmentation } from "../../src/data/augment.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import type { Schedule } from "../../src/training/schedule.ts";

/** The engines of the page. */
export const PAGE_ENGINES = ["wasm", "webgpu"] as const;

/** One of {@linkcode PAGE_ENGINES}. */
export type PageEngine = typeof PAGE_ENGINES[number];

/** How to train; what decides the bits, but for the network and its weights. */
export interface Recipe {
  /** Passes over the training set, besides those that were made already. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly step: Update;
  readonly schedule: Schedule;
  readonly augmentation?: Augmentation;
  readonly seed: number;
  /** First weights are scaled until each hidden layer fires at this rate. @default {they stay as they are} */
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
    /** Resume the last training: the weights are its own, and the recipe differs in the epochs only. */
    readonly resumes: boolean;
  }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "stop" }
  /** Constants have changed; the rest of the network is the same. */
  | { readonly kind: "tune"; readonly spec: NetworkSpec };

/** Progress of training after a batch. */
export interface TrainingStatus {
  /** From 1. */
  readonly epoch: number;
  /** From 1, in its epoch. */
  readonly batch: number;
  /** Of an epoch. */
  readonly batches: number;
  /** Samples presented since the network was new, and how many there will have been in the end. */
  readonly done: number;
  readonly total: number;
  /** The batch's own. */
  readonly loss: number;
  readonly accuracy: number;
  /** Share of (hidden unit, step) pairs that spiked; 0 to 1. */
  readonly firingRate: number;
  /** Of this training, pauses left out. */
  readonly samplesPerSecond: number;
}

/** Score on the held-back digits. */
export interface HeldBack {
  /** Samples that had been presented when the network was measured. */
  readonly done: number;
  readonly loss: number;
  readonly accuracy: number;
  /** How many digits, the first ones. */
  readonly total: number;
  /** How many are held back in all. */
  readonly of: number;
}

/** Messages from the trainer. */
export type TrainerReply =
  | { readonly kind: "started"; readonly engine: string }
  | { readonly kind: "batch"; readonly status: TrainingStatus }
  | { readonly kind: "measured"; readonly heldBack: HeldBack }
  /** The network as it is now, now and then while it learns. */
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

/** A request to the inspector: one forward pass of a picture, with its trace. */
export interface InspectorMessage {
  readonly spec: NetworkSpec;
  /** Left out where they are those of the message before. */
  readonly parameters?: Parameters;
  /** Seed of the noise. */
  readonly seed: number;
  readonly precision: Precision;
  /** As many as the network takes, 0 to 255. */
  readonly pixels: Uint8Array;
  /** What they stand for, as the model has it. @default {"pixels"} */
  readonly bytes?: ByteMeaning;
}

/** The inspector's result, with the same bits as `POST /classify` of `serve`. */
export interface Inspection {
  readonly kind: "inspection";
  readonly spec: NetworkSpec;
  readonly pixels: Uint8Array;
  readonly trace: SampleTrace;
  /** The class of the largest logit, the first of equals. */
  readonly label: number;
  /** Softmax of the logits. */
  readonly probabilities: readonly number[];
  /** Spikes of the layers below the top. */
  readonly spikes: number;
}

/** The inspector's reply to each message. */
export type InspectorReply = Inspection | { readonly kind: "failed"; readonly message: string };
