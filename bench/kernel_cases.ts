/**
 * All that is measured of kernels: the machine's ceilings, and the kernels that take a sample's time.
 *
 * @module
 */
import { instantiate, type KernelModule } from "../src/engine/wasm/kernels.ts";
import { type Ceiling, CEILING_DATA, CEILING_OUT } from "./compile_ceiling.ts";
import type { KernelCase } from "./kernel_case.ts";
import { f32Cases } from "./kernel_cases_f32.ts";
import { integerCases } from "./kernel_cases_int.ts";
import { sparseCases } from "./kernel_cases_sparse.ts";
import { spikeCases } from "./kernel_cases_spikes.ts";
import { Placement } from "./placement.ts";

/** Turns of a ceiling's loop in one call. */
const TURNS = 10_000;

/** The pure arithmetic that the kernels are held against. */
export function ceilingCases(ceiling: Ceiling): KernelCase[] {
  const one = (
    name: string,
    unit: string,
    perTurn: number,
    kind: KernelCase["ceiling"],
    loop: Ceiling["maddCeiling"],
  ): KernelCase => {
    const operations = TURNS * perTurn;
    const call = () => loop(CEILING_DATA, TURNS, CEILING_OUT);
    return { name: `ceiling: ${name}`, unit, work: operations, operations, ceiling: kind, call };
  };
  return [
    one("f32 multiply-adds", "GFLOP/s", ceiling.MADD_FLOPS.value, "madd", ceiling.maddCeiling),
    one("dot products of 16-bit pairs", "GOP/s", ceiling.DOT_OPS.value, "dot", ceiling.dotCeiling),
    one("dot products of bytes", "GOP/s", ceiling.BYTE_OPS.value, "bytes", ceiling.byteCeiling),
  ];
}

/** The kernels at a number of steps. */
export function kernelCases({ module }: KernelModule, steps: number): KernelCase[] {
  const place = new Placement(instantiate(module));
  return [
    ...f32Cases(place, steps),
    ...sparseCases(place, steps),
    ...integerCases(place, steps),
    ...spikeCases(place, steps),
  ];
}
