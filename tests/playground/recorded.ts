/**
 * Small networks of sequences, and files of recordings for them.
 *
 * @module
 */
import { affine, flatten, integrator, lif, network } from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type { Model } from "../../src/network/model_file.ts";
import { serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";

/** Rows and columns of a frame of two channels, and the most steps. */
export const ROWS = 6, COLUMNS = 9, STEPS = 7;

/** A network for recordings of an event camera. */
export const FRAMES: NetworkSpec = network({
  steps: STEPS,
  input: { shape: [2, ROWS, COLUMNS], encoder: { kind: "direct" } },
  nodes: [flatten(), affine(12), lif({ threshold: 0.4 }), affine(3), integrator()],
});

/** A network for a list of channels, by their changes. */
export const CHANNELS: NetworkSpec = network({
  steps: 9,
  input: { shape: [8], encoder: { kind: "delta", threshold: 0.2 } },
  nodes: [affine(11), lif({ threshold: 0.3 }), affine(3), integrator()],
});

/** Names of the three classes. */
export const SWIPES = ["left swipe", "right swipe", "tap"];

/** An untrained model of a network of three classes. */
export function swipeModel(spec: NetworkSpec): Model {
  return { spec, parameters: initialParameters(spec, 4), classes: SWIPES, metadata: { seed: "5" } };
}

/** A dot that moves to the left, to the right, or stays, by class; its front is in the first channel, its back in the second. */
export function frameFile(count: number, lengths?: readonly number[]): Uint8Array<ArrayBuffer> {
  const size = 2 * ROWS * COLUMNS, data = new Uint8Array(count * STEPS * size);
  for (let sample = 0; sample < count; sample++) {
    const by = [-1, 1, 0][sample % 3]!, row = 1 + sample % (ROWS - 2);
    for (let step = 0; step < STEPS; step++) {
      const column = 4 + by * (step - 3), at = (sample * STEPS + step) * size + row * COLUMNS + column;
      data[at] = 1;
      if (by !== 0) data[at + ROWS * COLUMNS - by] = 1;
    }
  }
  return recordedFile({ dtype: "U8", shape: [count, STEPS, 2, ROWS, COLUMNS], data }, lengths);
}

/** Waves of four channels, as long as the network's steps. */
export function channelFile(count: number, steps = 9, channels = 4): Uint8Array<ArrayBuffer> {
  const data = Float32Array.from({ length: count * steps * channels }, (_, at) => {
    const sample = Math.floor(at / (steps * channels)), step = Math.floor(at / channels) % steps;
    return Math.sin((1 + sample % 3) * step / 2 + at % channels);
  });
  return recordedFile({ dtype: "F32", shape: [count, steps, channels], data });
}

function recordedFile(x: Tensor, lengths?: readonly number[]): Uint8Array<ArrayBuffer> {
  const [count = 0] = x.shape, labels = Uint8Array.from({ length: count }, (_, sample) => sample % 3);
  return serializeSafetensors([
    ["x", x],
    ["y", { dtype: "U8", shape: [count], data: labels }],
    ...(lengths
      ? [["lengths", { dtype: "I32", shape: [count], data: Int32Array.from(lengths) }] as const]
      : []),
  ], { classes: JSON.stringify(SWIPES) });
}
