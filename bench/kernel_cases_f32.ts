/**
 * The kernels of the way in float32.
 *
 * @module
 */
import { roundUp } from "../src/engine/wasm/layout.ts";
import { drawKey, PURPOSE } from "../src/random.ts";
import { COMPUTED, DECAY, INPUTS, type KernelCase, PENALTY, SPIKING, THRESHOLD } from "./kernel_case.ts";
import { Placement } from "./placement.ts";
import { DENSITIES, placeSpikes } from "./placed_spikes.ts";

/** All of them. */
export function f32Cases(place: Placement, steps: number): KernelCase[] {
  const padded = roundUp(steps, 4);
  const x = place.floats(padded * INPUTS, 0.5);
  return [
    ...productCases(place, x, padded),
    encodeCase(place, steps),
    ...DENSITIES.map((density) => traceCase(place, x, steps, density)),
    scanCase(place, steps),
    packCase(place),
    chooseCase(place, steps),
  ];
}

function productCases(place: Placement, x: number, steps: number): KernelCase[] {
  const { kernels } = place;
  const panels = place.floats(COMPUTED * INPUTS, 0.1), bias = place.floats(COMPUTED, 0.1);
  const currents = place.floats(COMPUTED * steps, 0);
  return (["productF32", "productF32Loads"] as const).flatMap((name) =>
    [COMPUTED, 8, 4].map((units): KernelCase => ({
      name: `${name}, ${units === 4 ? "half a panel" : units === 8 ? "one panel" : `${units / 8} panels`}`,
      unit: "GFLOP/s",
      work: 2 * steps * INPUTS * units,
      operations: 2 * steps * INPUTS * units,
      ceiling: "madd",
      call: () => kernels[name](x, panels, bias, currents, steps, INPUTS, units),
    }))
  );
}

function encodeCase(place: Placement, steps: number): KernelCase {
  const { kernels } = place;
  const out = place.floats(roundUp(steps, 4) * INPUTS, 0);
  const { key0, key1 } = drawKey(0, PURPOSE.training, 1, 0);
  return {
    name: "encodeNoise",
    unit: "G draws/s",
    work: roundUp(steps, 4) * INPUTS,
    ceiling: "madd",
    call: () => kernels.encodeNoise(key0, key1, out, steps, INPUTS),
  };
}

function traceCase(place: Placement, x: number, steps: number, density: number): KernelCase {
  const { kernels } = place;
  const spikes = placeSpikes(place, steps, density);
  const features = place.floats(INPUTS, 1);
  const gradients = place.floats(SPIKING * INPUTS, 0);
  const scratch = place.floats(roundUp(steps, 4) * 48, 0);
  const operations = 2 * INPUTS * (spikes.last + 1 + spikes.total);
  const { unit, counts, steps: spikeSteps, coefficients } = spikes;
  return {
    name: `traceGradient, ${SPIKING} units spike at ${(100 * density).toFixed(0)} % of steps`,
    unit: "GFLOP/s",
    work: operations,
    operations,
    ceiling: "madd",
    call: () =>
      // deno-fmt-ignore
      kernels.traceGradient(features, x, INPUTS, DECAY, unit, counts, spikeSteps, coefficients, SPIKING, steps,
        gradients, scratch),
  };
}

function scanCase(place: Placement, steps: number): KernelCase {
  const { kernels } = place;
  const currents = place.floats(steps * 8, 0.4);
  const counts = place.integers([0, 0, 0, 0]);
  const spikeSteps = place.floats(4 * steps + 4, 0), spikeOutputs = place.floats(4 * steps + 4, 0);
  return {
    name: "scanGraded, 4 units",
    unit: "G unit-steps/s",
    work: 4 * steps,
    ceiling: "madd",
    call: () =>
      kernels.scanGraded(
        currents,
        32,
        steps,
        DECAY,
        THRESHOLD,
        PENALTY,
        4,
        counts,
        spikeSteps,
        spikeOutputs,
      ),
  };
}

function packCase(place: Placement): KernelCase {
  const { kernels } = place;
  const features = place.floats(INPUTS, 1),
    weights = place.floats(104 * INPUTS, 0.1),
    bias = place.floats(104, 0.1);
  const chosen = place.integers(Array.from({ length: COMPUTED }, (_, i) => 2 * i));
  const panels = place.floats(COMPUTED * INPUTS, 0), packedBias = place.floats(COMPUTED, 0);
  return {
    name: `packPanels, ${COMPUTED / 8} panels`,
    unit: "G weights/s",
    work: COMPUTED * INPUTS,
    ceiling: "madd",
    call: () => kernels.packPanels(features, weights, bias, chosen, COMPUTED / 8, panels, packedBias, INPUTS),
  };
}

function chooseCase(place: Placement, steps: number): KernelCase {
  const { kernels } = place;
  const units = 100;
  const features = place.floats(INPUTS, 0.5), weights = place.floats(104 * INPUTS, 0.08);
  const bias = place.floats(104, 0.03);
  const gains: number[] = [], deviations: number[] = [];
  for (let step = 0; step < roundUp(steps, 4); step++) {
    const t = Math.min(step, steps - 1) + 1;
    gains.push((1 - DECAY ** t) / (1 - DECAY));
    deviations.push(Math.sqrt((1 - DECAY ** (2 * t)) / (1 - DECAY ** 2)));
  }
  const gainsAt = place.values(gains), deviationsAt = place.values(deviations);
  const chosen = place.integers(new Array<number>(104).fill(0));
  return {
    name: `chooseUnits, ${units} units`,
    unit: "GFLOP/s",
    work: 4 * units * INPUTS, // a product, its sum, and its square's
    operations: 4 * units * INPUTS,
    ceiling: "madd",
    call: () =>
      void kernels.chooseUnits(
        features,
        1,
        weights,
        bias,
        units,
        INPUTS,
        gainsAt,
        deviationsAt,
        steps,
        THRESHOLD,
        8,
        chosen,
      ),
  };
}
