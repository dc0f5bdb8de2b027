/**
 * Weights in 8 bits: a file's `<id>.weight` as int8 q, beside it `<id>.weight.scale` s, one float32 for each output channel.
 *
 *     w = s_c·q;   s_c = max|w_c| / 127;   q = round(w / s_c), −127 to 127
 *
 * Symmetric, so that 0 stays 0 and a sum over inputs needs no correction. No weight moves by more than half of its channel's scale. Biases,
 * constants of neurons and statistics stay float32: they are few, and a threshold's rounding would move every spike.
 */
import type { TensorSpec } from "./structure.ts";

/** Weights of 8 bits. */
export interface Int8Weights {
  /** As the tensor has them, row-major. */
  readonly values: Int8Array;
  /** One for each output channel, the tensor's first dimension; 0 where all of a channel's weights are 0. */
  readonly scales: Float32Array;
}

/** The largest magnitude of a weight. */
const MOST = 127;
/** The least float32 above 0, and the largest that is finite when it is multiplied by 127. */
const LEAST = 2 ** -149, LARGEST = (2 - 2 ** -23) * 2 ** 127 / MOST * (1 - 2 ** -23);

/** Whether a tensor is kept in 8 bits: weights of a product or a convolution, which are nearly all numbers of a network. */
export function isQuantised({ role, shape }: Pick<TensorSpec, "role" | "shape">): boolean {
  return role === "weight" && shape.length > 1;
}

/** The name of the tensor with a tensor's scales. */
export function scalesName(name: string): string {
  return `${name}.scale`;
}

/** Rounds weights to 8 bits. @param channels Output channels, of which each has the same number of weights. */
export function quantise(weights: Float32Array, channels: number): Int8Weights {
  const length = weights.length / channels;
  const scales = Float32Array.from({ length: channels }, (_, channel) => {
    let most = 0;
    for (const weight of weights.subarray(channel * length, (channel + 1) * length)) {
      most = Math.max(most, Math.abs(weight));
    }
    return most === 0 ? 0 : Math.min(LARGEST, Math.max(LEAST, most / MOST));
  });
  const values = Int8Array.from(weights, (weight, i) => {
    const scale = scales[Math.floor(i / length)]!;
    return scale === 0 ? 0 : Math.max(-MOST, Math.min(MOST, Math.round(weight / scale)));
  });
  return { values, scales };
}

/** The weights that 8 bits stand for, as float32. */
export function dequantise({ values, scales }: Int8Weights): Float32Array {
  const length = values.length / scales.length;
  return Float32Array.from(values, (value, i) => value * scales[Math.floor(i / length)]!);
}
