/** Initial weights, drawn as in the notebook, after Glorot & Bengio 2010 ("Xavier"). */
import { checkObject, checkWhole } from "../misuse.ts";
import { drawKey, STREAM, uniform } from "../random.ts";
import { sizeOf } from "./shape.ts";
import type { NetworkSpec } from "./spec.ts";
import { structureOf } from "./structure.ts";

/**
 * Draws a network's initial weights: W uniform in ±√(6 / (fan-in + fan-out)) (Xavier), b uniform in ±1 / √fan-in. Constants of neurons
 * begin with the values of the description, scales with 1, delays with 0 steps.
 *
 * A pure function of the description and the seed.
 *
 * @returns `fc1.weight`, `fc1.bias`, … in file order; weights are `[units, inputs]`.
 * @throws {OptionError} when the seed is no whole number, 0 or more.
 *
 * @example
 * ```ts
 * import { initialParameters, notebookNetwork } from "@spikelet/spikelet";
 *
 * console.log(initialParameters(notebookNetwork(), 0).get("fc1.weight")?.length); // 78400
 * ```
 */
export function initialParameters(spec: NetworkSpec, seed: number): Map<string, Float32Array> {
  checkObject("spec", spec, "a network's description, such as notebookNetwork gives");
  checkWhole("seed", seed, 0);
  return new Map(
    structureOf(spec).tensors.map(({ name, shape, ...tensor }, place) => {
      const size = sizeOf(shape);
      if (tensor.first !== undefined) return [name, new Float32Array(size).fill(tensor.first)];
      const { role, fanIn, fanOut } = tensor;
      const limit = role === "weight" ? Math.sqrt(6 / (fanIn + fanOut)) : 1 / Math.sqrt(fanIn);
      const key = drawKey(seed, STREAM.weights, place, 0);
      return [name, Float32Array.from({ length: size }, (_, i) => (2 * uniform(key, i) - 1) * limit)];
    }),
  );
}
