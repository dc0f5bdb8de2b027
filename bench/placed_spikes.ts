/**
 * Spikes as the trained network has them, in a kernel's memory (asm/spikes.ts).
 *
 * @module
 */
import { SPIKING } from "./kernel_case.ts";
import type { Placement } from "./placement.ts";

/** Shares of a unit's steps that spike. Of the units that spike in a sample it is 0.1 at first, 0.3 after an epoch. */
export const DENSITIES = [0.03, 0.1, 0.3];

/** Addresses, as `traceGradient` takes them. */
export interface PlacedSpikes {
  readonly unit: number;
  readonly counts: number;
  readonly steps: number;
  readonly coefficients: number;
  /** All spikes, and the last step that has one. */
  readonly total: number;
  readonly last: number;
}

/** Spreads every unit's spikes evenly over the steps, shifted from unit to unit. */
export function placeSpikes(place: Placement, steps: number, density: number): PlacedSpikes {
  const count = Math.max(1, Math.round(density * steps));
  const rows = Array.from({ length: SPIKING }, (_, unit) => {
    const row = Array.from({ length: count }, (_, i) => (Math.floor(i * steps / count) + unit) % steps);
    return [...row.sort((a, b) => a - b), ...Array.from({ length: steps - count }, () => 0)];
  });
  return {
    unit: place.integers(rows.map((_, unit) => unit)),
    counts: place.integers(rows.map(() => count)),
    steps: place.integers(rows.flat()),
    coefficients: place.floats(SPIKING * steps, 1e-6), // what is added up a million times must stay finite
    total: SPIKING * count,
    last: Math.max(...rows.map((row) => row[count - 1]!)),
  };
}
