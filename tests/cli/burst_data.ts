/**
 * Writes sequences of three classes as a folder of tensors. Three groups of channels burst one after the other, and the class is
 * the first of them, so that only a network with a memory of some twenty steps can classify them.
 *
 * @module
 */
import { join } from "node:path";
import { serializeSafetensors } from "../../src/network/safetensors.ts";

/** Steps and channels of a sequence. */
export const BURSTS = { steps: 50, channels: 12, classes: 3 } as const;

/** Writes `train.safetensors` and `test.safetensors`. */
export async function writeBurstData(folder: string, { train = 400, test = 200 } = {}): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, count, seed] of [["train", train, 1], ["test", test, 2]] as const) {
    await Deno.writeFile(join(folder, `${name}.safetensors`), drawBursts(count, seed));
  }
}

function drawBursts(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const { steps, channels, classes } = BURSTS;
  let state = seed; // the linear congruential generator of Numerical Recipes
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const y = Uint8Array.from({ length: count }, (_, i) => i % classes);
  const x = new Float32Array(count * steps * channels);
  for (let i = 0; i < count; i++) {
    const jitter = Math.floor(6 * uniform());
    for (let step = 0; step < steps; step++) {
      for (let channel = 0; channel < channels; channel++) {
        const group = Math.floor(channel * classes / channels);
        const begin = 4 + jitter + 12 * ((group + y[i]!) % classes);
        const chance = step >= begin && step < begin + 8 ? 0.5 : 0.05;
        x[(i * steps + step) * channels + channel] = uniform() < chance ? 1 : 0;
      }
    }
  }
  return serializeSafetensors([
    ["x", { dtype: "F32", shape: [count, steps, channels], data: x }],
    ["y", { dtype: "U8", shape: [count], data: y }],
  ]);
}
