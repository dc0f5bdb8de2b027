/**
 * The product over inputs that are mostly zero, with the lists that it needs: at which density it beats the whole product.
 *
 * @module
 */
import { numbersFrom } from "../tests/asm/numbers.ts";
import { roundUp } from "../src/engine/wasm/layout.ts";
import { COMPUTED, INPUTS, type KernelCase } from "./kernel_case.ts";
import type { Placement } from "./placement.ts";

/** Shares of inputs that are not zero: the latency encoder's, and the Poisson encoder's on MNIST at rates up to 1 and more. */
const DENSITIES = [0.01, 0.05, 0.1, 0.2, 0.4];

/** Each counts the work of the whole product, so that its figure stands beside productF32's. */
export function sparseCases(place: Placement, steps: number): KernelCase[] {
  const { kernels } = place;
  const padded = roundUp(steps, 4);
  const panels = place.floats(COMPUTED * INPUTS, 0.1), bias = place.floats(COMPUTED, 0.1);
  const currents = place.floats(COMPUTED * padded, 0),
    counts = place.integers(new Array<number>(padded).fill(0));
  const entries = place.floats(2 * padded * (INPUTS + 1), 0);
  return DENSITIES.map((density): KernelCase => {
    const next = numbersFrom(1);
    const x = place.values(Array.from({ length: padded * INPUTS }, () => Math.abs(next()) < density ? 1 : 0));
    return {
      name: `productSparse, ${COMPUTED / 8} panels, ${(100 * density).toFixed(0)} % of inputs`,
      unit: "GFLOP/s",
      work: 2 * steps * INPUTS * COMPUTED,
      ceiling: "madd",
      call: () => {
        kernels.countInputs(x, steps, INPUTS, counts);
        kernels.listInputs(x, steps, INPUTS, counts, entries);
        kernels.productSparse(counts, entries, panels, bias, currents, steps, INPUTS, COMPUTED);
      },
    };
  });
}
