/**
 * What a sample's forward pass has left in a core's memory, as a trace: read for reports, never for training.
 *
 * @module
 */
import { kindOf } from "../../network/neurons.ts";
import type { SampleTrace } from "../engine.ts";
import type { CoreMemory, LayerMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { feedBack } from "./neuron_steps.ts";

/**
 * Reads all states of the sample that was presented last; its plan must have been made with `recordStates`.
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
  const currents = (layer: LayerMemory) => {
    const { layer: { recurrent, units }, feedback } = layer;
    const all = rows(layer.currents, layer.currentStride, layer);
    if (!recurrent) return all;
    // V·o_{t-1} is only there while its step is computed: it is computed again, by the same kernel.
    for (let step = 1; step < steps; step++) {
      feedBack(kernels, layer, step);
      const back = numbers(feedback, units);
      for (let unit = 0; unit < units; unit++) all[step * units + unit]! += back[unit]!;
    }
    return all;
  };
  /** Where u' − θ is above 0: as `listSpikes` counts them. */
  const spikes = (layer: LayerMemory) => {
    const { layer: { neuron, units }, distances, width } = layer;
    if (!kindOf(neuron).isSpiking) return new Uint8Array(steps * units);
    return Uint8Array.from(rows(distances, 4 * width, layer), (distance) => distance > 0 ? 1 : 0);
  };
  const { layers, logits, logProbabilities } = memory, classes = layers[layers.length - 1]!.layer.units;
  return {
    potentials: layers.map((layer) => rows(layer.potentials, 4 * layer.width, layer)),
    outputs: layers.map((layer) => rows(layer.outputs, 4 * layer.width, layer)),
    spikes: layers.map(spikes),
    currents: layers.map(currents),
    logits: numbers(logits, classes).slice(),
    logProbabilities: numbers(logProbabilities, classes).slice(),
    loss,
  };
}
