/**
 * How weights begin: the notebook's way (SPEC.md, "Symbols").
 *
 * @module
 */
import { drawKey, PURPOSE, uniform } from "../random.ts";
import { parameterShapes } from "./model_file.ts";
import type { NetworkSpec } from "./spec.ts";

/**
 * Draws a network's first weights: W uniform in ±√(6 / (inputs + units)) (Xavier), b uniform in ±1 / √inputs.
 *
 * A pure function of the description's sizes and the seed.
 *
 * @returns w1, b1, w2, b2, … in file order; weights are `[units, inputs]`.
 *
 * @example
 * ```ts
 * import { initialParameters, seedNetwork } from "@spikelet/spikelet";
 *
 * console.log(initialParameters(seedNetwork(), 0).get("w1")?.length); // 78400
 * ```
 */
export function initialParameters(spec: NetworkSpec, seed: number): Map<string, Float32Array> {
  const parameters = new Map<string, Float32Array>();
  let inputs = spec.inputs;
  parameterShapes(spec).forEach(([name, shape], tensor) => {
    if (shape.length === 2) inputs = shape[1]!;
    const limit = shape.length === 2 ? Math.sqrt(6 / (inputs + shape[0]!)) : 1 / Math.sqrt(inputs);
    const key = drawKey(seed, PURPOSE.weights, tensor, 0);
    const size = shape.reduce((a, b) => a * b, 1);
    parameters.set(name, Float32Array.from({ length: size }, (_, i) => (2 * uniform(key, i) - 1) * limit));
  });
  return parameters;
}
