/**
 * Initial weights, drawn as in the notebook, after Glorot & Bengio 2010 ("Xavier").
 *
 * @module
 */
import { checkObject, checkWhole } from "../misuse.ts";
import { drawKey, STREAM, uniform } from "../random.ts";
import { parameterShapes } from "./model_file.ts";
import { completeNeuron, kindOf, trainableOf } from "./neurons.ts";
import type { NetworkSpec } from "./spec.ts";

/**
 * Draws a network's initial weights: W uniform in ±√(6 / (inputs + units)) (Xavier), V likewise, b uniform in ±1 / √inputs. Learned
 * constants begin with the values of the description.
 *
 * A pure function of the description and the seed.
 *
 * @returns w1, b1, w2, b2, … in file order; weights are `[units, inputs]`.
 * @throws {OptionError} when the seed is no whole number, 0 or more.
 *
 * @example
 * ```ts
 * import { initialParameters, notebookNetwork } from "@spikelet/spikelet";
 *
 * console.log(initialParameters(notebookNetwork(), 0).get("w1")?.length); // 78400
 * ```
 */
export function initialParameters(spec: NetworkSpec, seed: number): Map<string, Float32Array> {
  checkObject("spec", spec, "a network's description, such as notebookNetwork gives");
  checkWhole("seed", seed, 0);
  const parameters = new Map<string, Float32Array>();
  const constants = new Map(spec.layers.flatMap(({ neuron }, i) => {
    const complete = completeNeuron(neuron), first = kindOf(complete).trainables(complete);
    return trainableOf(complete).map((name): [string, number] => [`${name}${i + 1}`, first[name]!]);
  }));
  let inputs = spec.inputs;
  parameterShapes(spec).forEach(([name, shape], tensor) => {
    const size = shape.reduce((a, b) => a * b, 1), constant = constants.get(name);
    if (constant !== undefined) {
      parameters.set(name, new Float32Array(size).fill(constant));
      return;
    }
    if (name.startsWith("w")) inputs = shape[1]!;
    const limit = shape.length === 2 ? Math.sqrt(6 / (shape[1]! + shape[0]!)) : 1 / Math.sqrt(inputs);
    const key = drawKey(seed, STREAM.weights, tensor, 0);
    parameters.set(name, Float32Array.from({ length: size }, (_, i) => (2 * uniform(key, i) - 1) * limit));
  });
  return parameters;
}
