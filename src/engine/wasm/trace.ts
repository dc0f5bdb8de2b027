/**
 * What a sample's way forward has left in a core's memory, as a trace: read for reports, never for training.
 *
 * @module
 */
import type { SampleTrace } from "../engine.ts";
import type { CoreMemory, LayerMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";

/**
 * Reads all states of the sample that was presented last; its plan must have been made with `record`.
 *
 * @param steps The sample's.
 */
export function readTrace(kernels: Kernels, memory: CoreMemory, steps: number, loss: number): SampleTrace {
  const floats = new Float32Array(kernels.memory.buffer);
  const numbers = (at: number, length: number) => floats.subarray(at >> 2, (at >> 2) + length);
  /** `[steps][units]` without what pads the rows. */
  const rows = (at: number, stride: number, { layer: { units } }: LayerMemory) => {
    const bare = new Float32Array(steps * units);
    for (let step = 0; step < steps; step++) bare.set(numbers(at + stride * step, units), step * units);
    return bare;
  };
  const { layers, logits, logProbabilities } = memory, classes = layers[layers.length - 1]!.layer.units;
  return {
    potentials: layers.map((layer) => rows(layer.potentials, 4 * layer.width, layer)),
    outputs: layers.map((layer) => rows(layer.outputs, 4 * layer.width, layer)),
    currents: layers.map((layer) => rows(layer.currents, layer.currentStride, layer)),
    logits: numbers(logits, classes).slice(),
    logProbabilities: numbers(logProbabilities, classes).slice(),
    loss,
  };
}
