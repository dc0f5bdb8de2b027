/**
 * From samples to the rows of a product on the device: what goes up, and the encoders.
 *
 * @module
 */
import { ENCODE_DELTA } from "../../../asm/encoders/delta.wgsl.ts";
import { ENCODE_LATENCY } from "../../../asm/encoders/latency.wgsl.ts";
import { ENCODE_NOISE } from "../../../asm/encoders/noise.wgsl.ts";
import { DECODE_PIXELS } from "../../../asm/encoders/pixels.wgsl.ts";
import { ENCODE_POISSON } from "../../../asm/encoders/poisson.wgsl.ts";
import { SampleFeatures } from "../../data/augment.ts";
import { DELTA_CHANNELS, latencyLevels, sampleFormOf } from "../../network/encoders.ts";
import type { NetworkSpec } from "../../network/spec.ts";
import { drawKey } from "../../random.ts";
import type { Batch } from "../engine.ts";
import type { Backend, Tensor } from "./backend.ts";

/** Samples as they go up. */
export interface PackedSamples {
  /** All of them, those that only fill up among them. */
  readonly count: number;
  /** Pixels, four in a word, or what the encoder takes of each feature; `[count, size]`. */
  readonly features: Int32Array | Float32Array;
  /** Numbers of one sample. */
  readonly size: number;
  /** Of each sample's draws, `[count, 2]`. */
  readonly keys: Int32Array;
}

/** Rows that a sample has: its steps, or one where its input is the same at all of them. */
export function rowsOf({ encoder, steps }: NetworkSpec): number {
  return encoder.kind === "constant" ? 1 : steps;
}

/** Encodes the samples of one network. */
export class SampleEncoder {
  readonly #backend: Backend;
  readonly #spec: NetworkSpec;
  readonly #seed: number;
  readonly #features: SampleFeatures;
  /** What features are multiplied by before they go up: a poisson draw is compared with 16 bits. */
  readonly #scale: number;
  /** f32 `[256]`, what the encoder takes of each pixel value. */
  readonly #pixels: Tensor<"f32">;
  /** f32 `[steps]` of the latency encoder; one number that nobody reads of others. */
  readonly #levels: Tensor<"f32">;

  /** @param seed Of all draws. */
  constructor(backend: Backend, spec: NetworkSpec, seed: number) {
    const { encoder, steps } = spec;
    this.#backend = backend;
    this.#spec = spec;
    this.#seed = seed;
    this.#features = new SampleFeatures(seed);
    this.#scale = encoder.kind === "poisson" ? 2 ** 16 * encoder.rate : 1;
    this.#pixels = backend.upload(
      Float32Array.from(
        { length: 256 },
        (_, pixel) => Math.fround(Math.fround(pixel / 255) + encoder.offset) * this.#scale,
      ),
      [256],
    );
    const levels = encoder.kind === "latency" ? latencyLevels(encoder, steps) : Float32Array.of(0);
    this.#levels = backend.upload(levels, [levels.length]);
  }

  /**
   * Gathers the samples of a batch.
   *
   * @param count How many are to go up; those that the batch has not are zeros.
   */
  pack(
    { samples, indices, purpose, epoch, augmentation }: Batch,
    count: number,
  ): PackedSamples {
    const { size, ids, lengths } = samples;
    const { channels } = sampleFormOf(this.#spec);
    const numbers = samples.features instanceof Uint8Array
      ? new Uint8Array(4 * Math.ceil(count * size / 4))
      : new Float32Array(count * size);
    const keys = new Int32Array(2 * count);
    indices.forEach((index, i) => {
      const { features, start } = this.#features.of(samples, index, epoch, augmentation);
      const known = lengths ? lengths[index]! * channels : size; // what lies behind may be anything
      numbers.set(features.subarray(start, start + known), i * size);
      const { key0, key1 } = drawKey(this.#seed, purpose, epoch, ids?.[index] ?? index);
      keys[2 * i] = key0;
      keys[2 * i + 1] = key1;
    });
    if (numbers instanceof Uint8Array) return { count, features: new Int32Array(numbers.buffer), size, keys };
    if (this.#scale !== 1) numbers.forEach((number, i) => numbers[i] = number * this.#scale);
    return { count, features: numbers, size, keys };
  }

  /**
   * Encodes samples on the device.
   *
   * @returns x_t of every sample and step, `[count · rows, inputs]`. Whatever else it makes is the scope's to release.
   */
  encode(packed: PackedSamples): Tensor<"f32"> {
    const { count, keys } = packed;
    const { encoder, steps, inputs } = this.#spec, backend = this.#backend;
    const output = [count * rowsOf(this.#spec), inputs];
    switch (encoder.kind) {
      case "noise":
        return backend.run(ENCODE_NOISE, {
          inputs: { features: this.#decode(packed), keys: backend.upload(keys, [count, 2]) },
          uniforms: { steps, inputs },
          invocations: count * steps * Math.ceil(inputs / 2),
          output,
        });
      case "poisson":
        return backend.run(ENCODE_POISSON, {
          inputs: { intensities: this.#decode(packed), keys: backend.upload(keys, [count, 2]) },
          uniforms: { steps, inputs },
          invocations: count * steps * Math.ceil(inputs / 2),
          output,
        });
      case "latency":
        return backend.run(ENCODE_LATENCY, {
          inputs: { intensities: this.#decode(packed), levels: this.#levels },
          uniforms: { steps, inputs },
          invocations: count * steps * inputs,
          output,
        });
      case "delta": {
        const { channels } = sampleFormOf(this.#spec);
        const kind = DELTA_CHANNELS.indexOf(encoder.channels);
        return backend.run(ENCODE_DELTA, {
          inputs: { sequence: this.#decode(packed) },
          uniforms: { steps, channels, threshold: encoder.threshold, kind },
          invocations: count * steps * channels,
          output,
        });
      }
      case "constant":
      case "direct":
        return this.#decode(packed, output);
      default:
        return encoder satisfies never;
    }
  }

  /** Puts what an encoder takes on the device, `[count, size]` or in another shape. */
  #decode(
    { count, size, features }: PackedSamples,
    output: readonly number[] = [count, size],
  ): Tensor<"f32"> {
    const backend = this.#backend;
    if (features instanceof Float32Array) return backend.upload(features, output);
    return backend.run(DECODE_PIXELS, {
      inputs: { pixels: backend.upload(features, [features.length]), table: this.#pixels },
      uniforms: {},
      invocations: count * size,
      output,
    });
  }
}
