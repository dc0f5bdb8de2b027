/**
 * Spikes of a layer as the kernels keep them: by unit, in slots (asm/spikes.ts).
 *
 * @module
 */
import type { KernelMemory } from "./kernel_memory.ts";
import { numbersFrom } from "./numbers.ts";

/** One spike: its unit, its slot, where in the slot's list it stands, and its number (an output or a gradient). */
export interface Spike {
  readonly slot: number;
  readonly unit: number;
  readonly entry: number;
  readonly step: number;
  readonly value: number;
}

/** Spikes of the units that have a slot. */
export interface SpikeLists {
  /** `unit[slot]`. */
  readonly unit: readonly number[];
  /** By slot, then by step. */
  readonly spikes: readonly Spike[];
}

/**
 * Draws spikes for `slots` of `units`: each step spikes with probability `rate`; slot 0 spikes at every step, the last
 * slot (if there are two or more) never.
 */
export function drawSpikes(
  seed: number,
  slots: number,
  units: number,
  steps: number,
  rate = 0.3,
): SpikeLists {
  const next = numbersFrom(seed);
  const unit = Array.from({ length: slots }, (_, slot) => Math.floor((slot + 0.5) * units / slots)); // some left out
  const spikes = unit.flatMap((unit, slot) => {
    let entry = 0;
    return Array.from({ length: steps }, (_, step) => step).flatMap((step): Spike[] => {
      const fires = slot === 0 || (slot < slots - 1 && Math.abs(next()) < rate);
      return fires ? [{ slot, unit, entry: entry++, step, value: next() }] : [];
    });
  });
  return { unit, spikes };
}

/** The addresses of spikes in memory; `values` holds their numbers, and may be written. */
export interface PlacedSpikes {
  readonly unit: number;
  readonly counts: number;
  readonly steps: number;
  readonly values: number;
}

/** Lays spikes out, `capacity` entries a slot; what no spike has is 2 × 10⁹ (a step that would show at once), and NaN. */
export function placeSpikes(
  memory: KernelMemory,
  { unit, spikes }: SpikeLists,
  capacity: number,
): PlacedSpikes {
  const counts = new Int32Array(unit.length);
  const steps = new Int32Array(unit.length * capacity).fill(2e9);
  const values = new Float32Array(unit.length * capacity).fill(NaN);
  for (const { slot, entry, step, value } of spikes) {
    counts[slot]!++;
    steps[slot * capacity + entry] = step;
    values[slot * capacity + entry] = value;
  }
  return {
    unit: memory.integers(unit),
    counts: memory.integers(counts),
    steps: memory.integers(steps),
    values: memory.updated(values),
  };
}
