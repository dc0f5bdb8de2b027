/**
 * Products with spikes, both ways that there are: sums of rows, and whole products. Where they cross is `DENSE_FROM` in
 * src/engine/wasm/rows_product.ts. And the neurons between them.
 *
 * @module
 */
import { roundUp } from "../src/engine/wasm/layout.ts";
import { uniform } from "../src/random.ts";
import type { KernelCase } from "./kernel_case.ts";
import type { Placement } from "./placement.ts";

/** A layer between two others. */
const INPUTS = 256, UNITS = 128;
/** Shares of (input, step) pairs that spike. */
const RATES = [0.05, 0.1, 0.2, 0.4];

/** All of them. */
export function spikeCases(place: Placement, steps: number): KernelCase[] {
  return [...productCases(place, steps), ...gradientCases(place, steps)];
}

/** All count the whole product's arithmetic, so that the faster of two ways has the larger number. */
function whole(name: string, steps: number, call: () => void): KernelCase {
  return { name, unit: "GFLOP/s of the whole", work: 2 * steps * INPUTS * UNITS, ceiling: "madd", call };
}

function productCases(place: Placement, steps: number): KernelCase[] {
  const { kernels: k } = place;
  const padded = roundUp(steps, 4);
  const weights = place.floats((INPUTS + 8) * UNITS, 0.1), bias = place.floats(UNITS, 0.1);
  const currents = place.floats(padded * UNITS, 0), panels = place.floats(INPUTS * UNITS, 0.1);
  const rows = place.floats(padded * INPUTS, 1), x = place.floats(padded * INPUTS, 0);
  const currentPanels = place.floats(padded * UNITS, 0);
  return [
    whole("productF32 and what it needs, fed by spikes", steps, () => {
      k.encodeDirect(rows, x, steps, INPUTS);
      k.productF32(x, panels, bias, currentPanels, padded, INPUTS, UNITS);
      k.panelsToRows(currentPanels, padded, steps, UNITS, currents);
    }),
    ...RATES.map((rate) => {
      const { stepCounts, stepUnits, outputs } = placeLists(place, steps, rate);
      return whole(`gatherRows, ${percent(rate)} spike`, steps, () => {
        k.gatherRows(stepCounts, stepUnits, outputs, INPUTS, 0, weights, bias, currents, steps, UNITS);
      });
    }),
  ];
}

function gradientCases(place: Placement, steps: number): KernelCase[] {
  const { kernels: k } = place;
  const padded = roundUp(steps, 4);
  // What is added up a million times must stay finite.
  const deltas = place.floats(padded * UNITS, 1e-6), gradients = place.floats((INPUTS + 8) * UNITS, 0);
  const rows = place.floats(padded * INPUTS, 1), x = place.floats(padded * INPUTS, 0);
  return [
    whole("productGradient and what it needs, fed by spikes", steps, () => {
      k.encodeDirect(rows, x, steps, INPUTS);
      k.productGradient(x, deltas, steps, INPUTS, UNITS, gradients);
    }),
    ...RATES.map((rate) => {
      const { counts, spikeSteps, outputs } = placeLists(place, steps, rate);
      return whole(`spikeGradient, ${percent(rate)} spike`, steps, () => {
        k.spikeGradient(counts, spikeSteps, outputs, INPUTS, steps, 0, deltas, steps, UNITS, gradients);
      });
    }),
  ];
}

/** Binary spikes, each pair for itself with the same chance, listed by input and by step. */
function placeLists(place: Placement, steps: number, rate: number) {
  const key = { key0: 1, key1: 2 };
  const byInput: number[][] = Array.from({ length: INPUTS }, () => []);
  const byStep: number[][] = Array.from({ length: steps }, () => []);
  for (let input = 0; input < INPUTS; input++) {
    for (let step = 0; step < steps; step++) {
      if (uniform(key, input * steps + step) >= rate) continue;
      byInput[input]!.push(step);
      byStep[step]!.push(input);
    }
  }
  const padded = (lists: number[][], length: number) =>
    lists.flatMap((list) => [...list, ...new Array<number>(length - list.length).fill(0)]);
  return {
    counts: place.integers(byInput.map(({ length }) => length)),
    spikeSteps: place.integers(padded(byInput, steps)),
    stepCounts: place.integers(byStep.map(({ length }) => length)),
    stepUnits: place.integers(padded(byStep, INPUTS)),
    outputs: place.values(new Float32Array(INPUTS * steps).fill(1)),
  };
}

function percent(rate: number): string {
  return `${(100 * rate).toFixed(0)} %`;
}
