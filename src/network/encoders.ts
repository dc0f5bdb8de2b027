/**
 * Encoders, which turn a sample into the inputs x_t of each step: their kinds and properties.
 *
 * An encoder is a pure function of the sample and of counters (`src/random.ts`); asm/encoders/ has one kernel a kind. A sample's
 * numbers are its features: a pixel's feature is byte / 255 + `offset`, floats are features as they are. Where an encoder has `mean`
 * or `deviation`, both are standardised (standardise.ts).
 */
import * as v from "valibot";
import { type Shape, sizeOf } from "./shape.ts";

/** x_t = r_t ⊙ x with a fresh uniform r_t ∈ (0, 1) for every step and input: the notebook's, with offset −0.5. */
export interface NoiseEncoder {
  /** Which encoder this is. */
  readonly kind: "noise";
  /** Added to a pixel once it is divided by 255; features that are floats are taken as they are. @default {0} */
  readonly offset: number;
}

/** Rate coding: x_t is 1 with probability rate·x, else 0, at every step and input anew. */
export interface PoissonEncoder {
  /** Which encoder this is. */
  readonly kind: "poisson";
  /**
   * The probability of a spike at a feature of 1; above 0. Probabilities below 0 count as 0, above 1 as 1. Draws have 16 bits, so a
   * probability is the nearest multiple of 1/65,536: one below 1/131,072 is 0. @default {1}
   */
  readonly rate: number;
  /** Added to a pixel once it is divided by 255; features that are floats are taken as they are. @default {0} */
  readonly offset: number;
}

/** Time to first spike: each input is 1 at one step, the sooner the larger its feature; see {@linkcode latencyLevels}. */
export interface LatencyEncoder {
  /** Which encoder this is. */
  readonly kind: "latency";
  /** How the time depends on the feature. @default {"linear"} */
  readonly timing: "linear" | "log";
  /** Features below never spike; above 0, at most 1. @default {0.01} */
  readonly threshold: number;
  /** τ in steps, above 0, of `log` alone. @default {steps} */
  readonly tau?: number;
  /** Added to a pixel once it is divided by 255; features that are floats are taken as they are. @default {0} */
  readonly offset: number;
}

/**
 * Delta modulation of a sequence: spikes where a channel has changed by `threshold` or more since the step before.
 *
 * Float32 has neither all numbers nor all thresholds exactly: a change that misses the threshold by less than four units in the
 * last place of the larger number counts.
 */
export interface DeltaEncoder {
  /** Which encoder this is. */
  readonly kind: "delta";
  /** Above 0. @default {0.1} */
  readonly threshold: number;
  /**
   * What a channel becomes: `on` one input, 1 where it rises; `sign` one input, 1 where it rises and −1 where it falls; `both`
   * two inputs, 1 where it rises (the first half of the inputs) and 1 where it falls (the second half). @default {"both"}
   */
  readonly channels: "on" | "sign" | "both";
  /** Has no effect: it is added to all steps, which changes no difference. @default {0} */
  readonly offset: number;
}

/**
 * Features x that are pixels, byte / 255, or any other numbers become x' = (x − mean_c) / deviation_c: of all inputs, or of channel c.
 * The numbers of channels follow one another as the input's shape has them, `[channels, height, width]` or `[units]`, each its own.
 */
export interface Standardisation {
  /** One number for all inputs, or one a channel of the input's shape. @default {0} */
  readonly mean?: readonly number[];
  /** Likewise, above 0. @default {1} */
  readonly deviation?: readonly number[];
}

/** x_t = x. */
export interface ConstantEncoder extends Standardisation {
  /** Which encoder this is. */
  readonly kind: "constant";
  /** Added to a pixel once it is divided by 255; features that are floats are taken as they are. @default {0} */
  readonly offset: number;
}

/** The sample is a sequence already, `[steps, inputs]`. */
export interface DirectEncoder extends Standardisation {
  /** Which encoder this is. */
  readonly kind: "direct";
  /** Added to a pixel once it is divided by 255; features that are floats are taken as they are. @default {0} */
  readonly offset: number;
}

/** A kind of encoder with its constants. */
export type Encoder =
  | NoiseEncoder
  | PoissonEncoder
  | LatencyEncoder
  | DeltaEncoder
  | ConstantEncoder
  | DirectEncoder;

/** Every kind of {@linkcode Encoder}. */
export const ENCODERS = [
  "noise",
  "poisson",
  "latency",
  "delta",
  "constant",
  "direct",
] as const satisfies readonly Encoder["kind"][];

/** `channels` of a delta encoder, in the order of their numbers in its kernel. */
export const DELTA_CHANNELS = ["on", "sign", "both"] as const satisfies readonly DeltaEncoder["channels"][];

const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const offset = v.optional(finite, 0);

function standardising<Kind extends "constant" | "direct">(kind: Kind) {
  return v.pipe(
    v.strictObject({
      kind: v.literal(kind),
      offset,
      mean: v.exactOptional(v.pipe(v.array(finite), v.minLength(1))),
      deviation: v.exactOptional(v.pipe(v.array(positive), v.minLength(1))),
    }),
    v.check(
      ({ offset, mean, deviation }) => offset === 0 || !(mean || deviation),
      "offset has no effect beside mean and deviation, which take its place: leave it out, or leave these out",
    ),
  );
}

/** Checks an encoder of any kind and fills in its defaults. */
export const encoderSchema = v.variant("kind", [
  v.strictObject({ kind: v.literal("noise"), offset }),
  v.strictObject({ kind: v.literal("poisson"), rate: v.optional(positive, 1), offset }),
  v.pipe(
    v.strictObject({
      kind: v.literal("latency"),
      timing: v.optional(v.picklist(["linear", "log"]), "linear"),
      threshold: v.optional(v.pipe(positive, v.maxValue(1)), 0.01),
      tau: v.exactOptional(positive),
      offset,
    }),
    v.check(
      ({ timing, tau }) => timing === "log" || tau === undefined,
      'tau has no effect with timing "linear": leave it out, or set "timing": "log"',
    ),
  ),
  v.strictObject({
    kind: v.literal("delta"),
    threshold: v.optional(positive, 0.1),
    channels: v.optional(v.picklist(DELTA_CHANNELS), "both"),
    offset,
  }),
  standardising("constant"),
  standardising("direct"),
]);

/**
 * The form of a network's samples: `channels` numbers, or a row of so many for each step.
 *
 * @example
 * ```ts
 * import { sampleFormOf, notebookNetwork } from "@spikelet/spikelet";
 *
 * console.log(sampleFormOf(notebookNetwork())); // { isSequence: false, channels: 784, size: 784 }
 * ```
 */
export function sampleFormOf(
  { steps, input: { shape, encoder } }: {
    readonly steps: number;
    readonly input: { readonly shape: Shape; readonly encoder: Encoder };
  },
): {
  readonly isSequence: boolean;
  readonly channels: number;
  /** Numbers of a sample. */
  readonly size: number;
} {
  const inputs = sizeOf(shape);
  switch (encoder.kind) {
    case "noise":
    case "poisson":
    case "latency":
    case "constant":
      return { isSequence: false, channels: inputs, size: inputs };
    case "direct":
      return { isSequence: true, channels: inputs, size: steps * inputs };
    case "delta": {
      const channels = encoder.channels === "both" ? inputs / 2 : inputs;
      return { isSequence: true, channels, size: steps * channels };
    }
    default:
      return encoder satisfies never;
  }
}

/**
 * The factor of the features before the encoder's kernel: the same on every engine, so that the same draws are below them.
 *
 * @param draws The value of one unit of a noise draw: a power of two, where draws stay integers.
 */
export function featureScaleOf(encoder: Encoder, draws: number): number {
  switch (encoder.kind) {
    case "noise":
      return draws;
    case "poisson":
      return 2 ** 16 * encoder.rate; // compared with 16 bits
    case "latency":
    case "delta":
    case "constant":
    case "direct":
      return 1;
    default:
      return encoder satisfies never;
  }
}

/** The feature of each pixel value, multiplied by a factor: float32 `[256]`. */
export function featuresOfPixels({ kind, offset }: Encoder, scale: number): Float32Array {
  // An offset would change the rounding of each pixel, and of differences with it.
  const added = kind === "delta" ? 0 : offset;
  const features = Float32Array.from({ length: 256 }, (_, pixel) => Math.fround(pixel / 255) + added);
  return features.map((feature) => feature * scale);
}

/** Whether a sample's features are the same at every step, so that they can be multiplied into the weights. */
export function foldsFeatures({ kind }: Encoder): boolean {
  return kind === "noise" || kind === "constant";
}

/** The inputs of a network whose samples have so many channels. */
export function inputsOf(encoder: Encoder, channels: number): number {
  return encoder.kind === "delta" && encoder.channels === "both" ? 2 * channels : channels;
}

/**
 * The latency encoder's levels: the least feature that has spiked by each step; they never rise.
 *
 * - `linear`: level_t = 1 − (1 − threshold)·t / (T − 1). So x spikes at step ⌈(T − 1)·(1 − x) / (1 − threshold)⌉: the
 *   brightest at the first one, what just reaches the threshold at the last (Mostafa, Supervised learning based on temporal
 *   coding in spiking neural networks, 2018, has such inputs).
 * - `log`: level_t = max(threshold, (1 − e^(−1/τ)) / (1 − e^(−(t+1)/τ))). So x spikes when a membrane with time constant τ,
 *   charged by x, u(t) = x·(1 − e^(−t/τ)), first reaches what a feature of 1 reaches in one step; what does not in T steps
 *   never spikes (Gerstner & Kistler, Spiking Neuron Models, 2002, section 4.1, solved for the time).
 *
 * @returns float32 `[steps]`.
 */
export function latencyLevels({ timing, threshold, tau }: LatencyEncoder, steps: number): Float32Array {
  switch (timing) {
    case "linear":
      return Float32Array.from(
        { length: steps },
        (_, t) => steps === 1 ? threshold : 1 - (1 - threshold) * t / (steps - 1),
      );
    case "log": {
      const charge = (step: number) => 1 - Math.exp(-step / (tau ?? steps));
      return Float32Array.from({ length: steps }, (_, t) => Math.max(threshold, charge(1) / charge(t + 1)));
    }
    default:
      return timing satisfies never;
  }
}
