/** Uploads samples and encodes them on the device to the rows of a product. */
import { ENCODE_DELTA } from "../../../asm/encoders/delta.wgsl.ts";
import { ENCODE_LATENCY } from "../../../asm/encoders/latency.wgsl.ts";
import { ENCODE_NOISE } from "../../../asm/encoders/noise.wgsl.ts";
import { DECODE_PIXELS } from "../../../asm/encoders/pixels.wgsl.ts";
import { ENCODE_POISSON } from "../../../asm/encoders/poisson.wgsl.ts";
import type { SampleFeatures } from "../../data/augment.ts";
import { arePixels } from "../../data/samples.ts";
import {
  DELTA_CHANNELS,
  featureScaleOf,
  featuresOfPixels,
  latencyLevels,
  sampleFormOf,
} from "../../network/encoders.ts";
import type { GraphSpec } from "../../network/graph.ts";
import { sizeOf } from "../../network/shape.ts";
import { standardiserOf } from "../../network/standardise.ts";
import { drawKey } from "../../random.ts";
import type { Batch } from "../engine.ts";
import type { Backend, Tensor } from "./backend.ts";

/** Samples to upload. */
export interface PackedSamples {
  /** Number of samples, including padding. */
  readonly count: number;
  /** Pixels, four in a word, or features, which standardised pixels are, too; `[count, size]`. */
  readonly features: Int32Array | Float32Array;
  /** Numbers of one sample. */
  readonly size: number;
  /** Keys of each sample's draws, `[count, 2]`. */
  readonly keys: Int32Array;
}

/** On a device, draws are float32 from 0 to 1. */
const DRAW_SCALE = 1;

/**
 * Gathers the samples of a batch.
 *
 * @param spec The network.
 * @param sources Features of the samples.
 * @param count Number of samples with padding. Padding is 0, and so are steps after a sample's last.
 * @param seed Seed of the draws.
 */
export function packSamples(
  spec: GraphSpec,
  { samples, indices, stream, epoch, augmentation }: Batch,
  { sources, count, seed }: {
    readonly sources: SampleFeatures;
    readonly count: number;
    readonly seed: number;
  },
): PackedSamples {
  const { size, ids, lengths } = samples, { channels } = sampleFormOf(spec);
  const standardiser = standardiserOf(spec.input), unit = arePixels(samples) ? 255 : 1;
  const isTable = arePixels(samples) && !standardiser, scale = featureScaleOf(spec.input.encoder, DRAW_SCALE);
  const numbers = isTable ? new Uint8Array(4 * Math.ceil(count * size / 4)) : new Float32Array(count * size);
  const keys = new Int32Array(2 * count);
  indices.forEach((index, i) => {
    const { features, start } = sources.of(samples, index, epoch, augmentation);
    const length = lengths ? lengths[index]! * channels : size;
    if (standardiser && numbers instanceof Float32Array) {
      for (let at = 0; at < length; at += channels) {
        standardiser.row(features, start + at, unit, numbers, i * size + at);
      }
    } else numbers.set(features.subarray(start, start + length), i * size);
    const { key0, key1 } = drawKey(seed, stream, epoch, ids?.[index] ?? index);
    keys[2 * i] = key0;
    keys[2 * i + 1] = key1;
  });
  if (!isTable && scale !== 1) numbers.forEach((value, i) => numbers[i] = value * scale);
  return {
    count,
    features: numbers instanceof Uint8Array ? new Int32Array(numbers.buffer) : numbers,
    size,
    keys,
  };
}

/** The feature of each pixel value, f32 `[256]`, for {@linkcode encodeRows}. */
export function uploadPixels(backend: Backend, { input: { encoder } }: GraphSpec): Tensor<"f32"> {
  return backend.upload(featuresOfPixels(encoder, featureScaleOf(encoder, DRAW_SCALE)), [256]);
}

/** Rows of a sample: its steps, or one where its input is the same at all steps. */
export function rowsOf({ input: { encoder }, steps }: GraphSpec): number {
  return encoder.kind === "constant" ? 1 : steps;
}

/**
 * Encodes samples on the device.
 *
 * @param pixels From {@linkcode uploadPixels}.
 * @returns x_t of every sample and step, `[count · rows, inputs]`; the scope releases intermediate tensors.
 */
export function encodeRows(
  backend: Backend,
  spec: GraphSpec,
  pixels: Tensor<"f32">,
  { count, features, size, keys }: PackedSamples,
): Tensor<"f32"> {
  const { input: { encoder, shape: inputShape }, steps } = spec, inputs = sizeOf(inputShape);
  const { channels } = sampleFormOf(spec);
  const shape = [count * size / channels, channels];
  const x = features instanceof Float32Array ? backend.upload(features, shape) : backend.run(DECODE_PIXELS, {
    inputs: { pixels: backend.upload(features, [features.length]), table: pixels },
    uniforms: {},
    invocations: count * size,
    output: shape,
  });
  const rows = [count * steps, inputs];
  switch (encoder.kind) {
    case "noise":
    case "poisson":
      return backend.run(encoder.kind === "noise" ? ENCODE_NOISE : ENCODE_POISSON, {
        inputs: { features: x, keys: backend.upload(keys, [count, 2]) },
        uniforms: { steps, inputs },
        invocations: count * steps * Math.ceil(inputs / 2),
        output: rows,
      });
    case "latency":
      return backend.run(ENCODE_LATENCY, {
        inputs: { features: x, levels: backend.upload(latencyLevels(encoder, steps), [steps]) },
        uniforms: { steps, inputs },
        invocations: count * steps * inputs,
        output: rows,
      });
    case "delta":
      return backend.run(ENCODE_DELTA, {
        inputs: { sequence: x },
        uniforms: {
          steps,
          channels,
          inputs,
          form: DELTA_CHANNELS.indexOf(encoder.channels),
          threshold: encoder.threshold,
        },
        invocations: count * steps * channels,
        output: rows,
      });
    case "direct":
    case "constant":
      return x;
    default:
      return encoder satisfies never;
  }
}
