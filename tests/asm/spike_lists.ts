/**
 * Lists of a layer's spikes, by unit and in slots, as in asm/spikes.ts.
 *
 * @module
 */
import type { KernelMemory } from "./kernel_memory.ts";
import { numbersFrom } from "./numbers.ts";

/** One spike: its unit, its slot, its index in the slot's list, and its value (an output or a gradient). */
export interface Spike {
  readonly slot: number;
  readonly unit: number;
  readonly entry: number;
  readonly step: number;
  readonly value: number;
}

/** The spikes of the units that have a slot. */
export interface SpikeLists {
  /** `unit[slot]`. */
  readonly unit: readonly number[];
  /** By slot, then by step. */
  readonly spikes: readonly Spike[];
}

/**
 * Draws spikes for `slots` of `units`: each slot spikes at each step with probability `rate`, but slot 0 at every step, and the
 * last of two or more slots never.
 */
export function drawSpikes(
  seed: number,
  slots: number,
  units: number,
  steps: number,
  rate = 0.3,
): SpikeLists {
  const next = numbersFrom(seed);
  const unit = Array.from({ length: slots }, (_, slot) => Math.floor((slot + 0.5) * units / slots)); // leaves some out
  const spikes = unit.flatMap((unit, slot) => {
    let entry = 0;
    return Array.from({ length: steps }, (_, step) => step).flatMap((step): Spike[] => {
      const fires = slot === 0 || (slot < slots - 1 && Math.abs(next()) < rate);
      return fires ? [{ slot, unit, entry: entry++, step, value: next() }] : [];
    });
  });
  return { unit, spikes };
}

/** The addresses of spikes in memory; kernels may write `values`. */
export interface PlacedSpikes {
  readonly unit: number;
  readonly counts: number;
  readonly steps: number;
  readonly values: number;
}

/** Lays spikes out, `capacity` entries per slot. Entries without a spike have step 2 × 10⁹ and value NaN. */
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
