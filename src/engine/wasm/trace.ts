/** What a sample's forward pass has left in a core's memory, as a trace: read for reports, never for training. */
import { MOST_TRACED, type SampleTrace } from "../engine.ts";
import type { CoreMemory, PopulationMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { channelsLast } from "./layout.ts";

/** What a trace is read from. */
export interface TraceSource {
  readonly kernels: Kernels;
  readonly memory: CoreMemory;
  /** The sample's. */
  readonly steps: number;
  readonly classes: number;
  readonly loss: number;
  /** Puts V·o_{t-1} where a population's kernels read it, where its own outputs come back within its scan. */
  feedBack(population: PopulationMemory, t: number): void;
}

/** Reads all states of the sample that was presented last; its plan must have been made with `recordStates`. */
export function readTrace({ kernels, memory, steps, classes, loss, feedBack }: TraceSource): SampleTrace {
  const floats = new Float32Array(kernels.memory.buffer);
  const numbers = (at: number, length: number) => floats.subarray(at >> 2, (at >> 2) + length);
  /** `[steps][units]` in the order of the node's shape, without what pads the rows. */
  const rows = (at: number, stride: number, { population: { units, shape } }: PopulationMemory) => {
    const bare = new Float32Array(steps * units), order = channelsLast(shape);
    for (let step = 0; step < steps; step++) {
      const row = numbers(at + stride * step, units);
      if (order) { for (let i = 0; i < units; i++) bare[step * units + i] = row[order[i]!]!; }
      else bare.set(row, step * units);
    }
    return bare;
  };
  const currents = (memory: PopulationMemory) => {
    const { population: { units }, currents, feedback } = memory;
    const all = rows(currents.at, currents.stride, memory);
    // V·o_{t-1} is kept for one step alone: the same kernel computes it again.
    for (let step = 1; step < steps && feedback !== 0; step++) {
      feedBack(memory, step);
      const back = numbers(feedback, units);
      for (let unit = 0; unit < units; unit++) all[step * units + unit]! += back[unit]!;
    }
    return all;
  };
  /** Where gates are above 0, as in `listSpikes`. */
  const spikes = (memory: PopulationMemory) => {
    const { population: { isSpiking, firesMany, units }, gates, width } = memory;
    if (!isSpiking) return new Uint8Array(steps * units);
    return Uint8Array.from(
      rows(gates, 4 * width, memory),
      firesMany ? (o) => Math.min(o, MOST_TRACED) : (distance) => distance > 0 ? 1 : 0,
    );
  };
  const { populations, logits, logProbabilities } = memory;
  return {
    potentials: populations.map((memory) => rows(memory.potentials, 4 * memory.width, memory)),
    outputs: populations.map((memory) => rows(memory.outputs, 4 * memory.width, memory)),
    spikes: populations.map(spikes),
    currents: populations.map(currents),
    logits: numbers(logits, classes).slice(),
    logProbabilities: numbers(logProbabilities, classes).slice(),
    loss,
  };
}
