/**
 * Reads the trace of a sample's forward pass from a core's memory, for reports.
 *
 * @module
 */
import { kindOf } from "../../network/neurons.ts";
import type { SampleTrace } from "../engine.ts";
import type { CoreMemory, LayerMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { feedBack } from "./neuron_steps.ts";

/** Reads all states of the last sample, of `steps` steps; its plan must have been made with `recordStates`. */
export function readTrace(kernels: Kernels, memory: CoreMemory, steps: number, loss: number): SampleTrace {
  const floats = new Float32Array(kernels.memory.buffer);
  const numbers = (at: number, length: number) => floats.subarray(at >> 2, (at >> 2) + length);
  /** `[steps][units]`, without the rows' padding. */
  const rows = (at: number, stride: number, { layer: { units } }: LayerMemory) => {
    const bare = new Float32Array(steps * units);
    for (let step = 0; step < steps; step++) bare.set(numbers(at + stride * step, units), step * units);
    return bare;
  };
  const currents = (layer: LayerMemory) => {
    const { layer: { recurrent, units }, feedback } = layer;
    const all = rows(layer.currents, layer.currentStride, layer);
    if (!recurrent) return all;
    // V·o_{t-1} is kept for one step alone: the same kernel computes it again.
    for (let step = 1; step < steps; step++) {
      feedBack(kernels, layer, step);
      const back = numbers(feedback, units);
      for (let unit = 0; unit < units; unit++) all[step * units + unit]! += back[unit]!;
    }
    return all;
  };
  /** u' − θ > 0, as in `listSpikes`. */
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
