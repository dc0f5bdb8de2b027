/**
 * Registers the tests of kernels, each on the build with relaxed SIMD and on the plain one.
 *
 * @module
 */
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { KernelMemory } from "./kernel_memory.ts";
import { type MultiplyAdd, multiplyAddOf } from "./rounding.ts";

/** The memory and the arithmetic of one build. */
export interface Bench {
  readonly memory: KernelMemory;
  /** The multiply-add of this build, bit for bit. */
  readonly madd: MultiplyAdd;
}

/** Registers one test per build. */
export function testOnBothBuilds(name: string, run: (bench: Bench) => void): void {
  for (const variant of ["relaxed", "plain"] as const) {
    Deno.test(`${name} (${variant} build)`, async () => {
      const memory = new KernelMemory(await loadKernels(variant));
      run({ memory, madd: multiplyAddOf(memory.kernels.fuses() !== 0) });
      memory.clear();
    });
  }
}
