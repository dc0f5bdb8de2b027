/**
 * The kernels of the way with the product in integers (`precision: "i16"`), both tiles.
 *
 * @module
 */
import { roundUp } from "../src/engine/wasm/layout.ts";
import { drawKey, PURPOSE } from "../src/random.ts";
import { COMPUTED, DECAY, INPUTS, type KernelCase, SPIKING } from "./kernel_case.ts";
import { DENSITIES, placeSpikes } from "./placed_spikes.ts";
import type { Placement } from "./placement.ts";

/** All of them. */
export function integerCases(place: Placement, steps: number): KernelCase[] {
  const draws = place.floats(roundUp(steps, 4) * INPUTS / 4, 0);
  const { key0, key1 } = drawKey(0, PURPOSE.training, 1, 0);
  const encode: KernelCase = {
    name: "encodeNoiseI8",
    unit: "G draws/s",
    work: roundUp(steps, 4) * INPUTS,
    ceiling: "madd",
    call: () => place.kernels.encodeNoiseI8(key0, key1, draws, steps, INPUTS),
  };
  encode.call();
  return [
    ...productCases(place, draws, steps),
    encode,
    ...DENSITIES.map((density) => traceCase(place, draws, steps, density)),
  ];
}

/** Both products, and what packs their panels. */
function productCases(place: Placement, draws: number, steps: number): KernelCase[] {
  const { kernels } = place;
  const padded = roundUp(steps, 4), half = COMPUTED / 4;
  const features = place.floats(INPUTS, 0.002), weights = place.floats(104 * INPUTS, 0.08);
  const bias = place.floats(104, 0.03);
  const chosen = place.integers(Array.from({ length: COMPUTED }, (_, i) => 2 * i));
  const [bases, scales, factors] = [0, 0, 0].map(() => place.floats(COMPUTED, 0)) as [number, number, number];
  const pairs = place.floats(COMPUTED * INPUTS / 2, 0), bytes = place.floats(COMPUTED * INPUTS / 2, 0);
  const currents = place.floats(COMPUTED * padded, 0), stepSums = place.floats(padded, 0);
  const weightsDone = COMPUTED * INPUTS, products = 2 * padded * INPUTS * COMPUTED;
  const packing = (name: string, call: () => void): KernelCase => {
    call(); // the products read what it writes
    return {
      name: `${name}, ${COMPUTED} units`,
      unit: "G weights/s",
      work: weightsDone,
      ceiling: "madd",
      call,
    };
  };
  return [
    packing(
      "scaleRows",
      () => kernels.scaleRows(features, weights, bias, chosen, COMPUTED, bases, scales, factors, INPUTS),
    ),
    packing("packI16", () => kernels.packI16(features, weights, chosen, half, scales, pairs, INPUTS)),
    packing("packI8", () => kernels.packI8(features, weights, chosen, half, scales, bytes, INPUTS)),
    {
      name: `productI16, ${COMPUTED / 8} panels`,
      unit: "GOP/s",
      work: products,
      operations: products,
      ceiling: "dot",
      call: () => kernels.productI16(draws, pairs, bases, factors, currents, padded, INPUTS, COMPUTED),
    },
    {
      name: `productI8, ${COMPUTED / 8} panels`,
      unit: "GOP/s",
      work: products,
      operations: 2 * products, // the two halves of each weight
      ceiling: "bytes",
      call: () =>
        kernels.productI8(draws, bytes, bases, factors, currents, stepSums, padded, INPUTS, COMPUTED),
    },
  ];
}

function traceCase(place: Placement, draws: number, steps: number, density: number): KernelCase {
  const { kernels } = place;
  const { unit, counts, steps: spikeSteps, coefficients, total, last } = placeSpikes(place, steps, density);
  const features = place.floats(INPUTS, 1), sums = place.floats(SPIKING, 1e-6);
  const gradients = place.floats(SPIKING * INPUTS, 0);
  const scratch = place.floats(roundUp(steps, 4) * 48, 0);
  const operations = 2 * INPUTS * (last + 1 + total);
  return {
    name: `traceGradientI8, ${SPIKING} units spike at ${(100 * density).toFixed(0)} % of steps`,
    unit: "GFLOP/s",
    work: operations,
    operations,
    ceiling: "madd",
    call: () =>
      // deno-fmt-ignore
      kernels.traceGradientI8(features, draws, INPUTS, DECAY, unit, counts, spikeSteps, coefficients, sums, SPIKING,
        steps, gradients, scratch),
  };
}
