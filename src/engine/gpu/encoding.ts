/**
 * From samples to the rows of a product on the device: what goes up, and the encoders.
 *
 * @module
 */
import { DECODE_PIXELS, ENCODE_NOISE } from "../../../asm/encode.wgsl.ts";
import type { NetworkSpec } from "../../network/spec.ts";
import { drawKey } from "../../random.ts";
import type { Batch } from "../engine.ts";
import type { Backend, Tensor } from "./backend.ts";

/** Samples as they go up. */
export interface PackedSamples {
  /** All of them, those that only fill up among them. */
  readonly count: number;
  /** Pixels, four in a word, or features; `[count, size]`. */
  readonly features: Int32Array | Float32Array;
  /** Numbers of one sample. */
  readonly size: number;
  /** Of each sample's draws, `[count, 2]`. */
  readonly keys: Int32Array;
}

/**
 * Gathers the samples of a batch.
 *
 * @param count How many are to go up; those that the batch has not are zeros.
 */
export function packSamples(
  { samples: { features, size, ids }, indices, purpose, epoch }: Batch,
  count: number,
  seed: number,
): PackedSamples {
  const numbers = features instanceof Uint8Array
    ? new Uint8Array(4 * Math.ceil(count * size / 4))
    : new Float32Array(count * size);
  const keys = new Int32Array(2 * count);
  indices.forEach((index, i) => {
    numbers.set(features.subarray(index * size, (index + 1) * size), i * size);
    const { key0, key1 } = drawKey(seed, purpose, epoch, ids?.[index] ?? index);
    keys[2 * i] = key0;
    keys[2 * i + 1] = key1;
  });
  return {
    count,
    features: numbers instanceof Uint8Array ? new Int32Array(numbers.buffer) : numbers,
    size,
    keys,
  };
}

/** The feature of each pixel value, f32 `[256]`, for {@linkcode encodeRows}. */
export function uploadPixels(backend: Backend, { encoder }: NetworkSpec): Tensor<"f32"> {
  return backend.upload(
    Float32Array.from({ length: 256 }, (_, pixel) => Math.fround(pixel / 255) + encoder.offset),
    [256],
  );
}

/** Rows that a sample has: its steps, or one where its input is the same at all of them. */
export function rowsOf({ encoder, steps }: NetworkSpec): number {
  return encoder.kind === "constant" ? 1 : steps;
}

/**
 * Encodes samples on the device.
 *
 * @param pixels As {@linkcode uploadPixels} gave it.
 * @returns x_t of every sample and step, `[count · rows, inputs]`. Whatever else it makes is the scope's to release.
 */
export function encodeRows(
  backend: Backend,
  { encoder, steps, inputs }: NetworkSpec,
  pixels: Tensor<"f32">,
  { count, features, size, keys }: PackedSamples,
): Tensor<"f32"> {
  const shape = encoder.kind === "direct" ? [count * steps, inputs] : [count, size];
  const x = features instanceof Float32Array ? backend.upload(features, shape) : backend.run(DECODE_PIXELS, {
    inputs: { pixels: backend.upload(features, [features.length]), table: pixels },
    uniforms: {},
    invocations: count * size,
    output: shape,
  });
  switch (encoder.kind) {
    case "noise":
      return backend.run(ENCODE_NOISE, {
        inputs: { features: x, keys: backend.upload(keys, [count, 2]) },
        uniforms: { steps, inputs },
        invocations: count * steps * Math.ceil(inputs / 2),
        output: [count * steps, inputs],
      });
    case "direct":
    case "constant":
      return x;
    default:
      return encoder.kind satisfies never;
  }
}
