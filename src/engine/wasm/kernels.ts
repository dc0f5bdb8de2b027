/**
 * The kernels in TypeScript: a WASM module compiled from asm/, and its exports with their types.
 *
 * It needs neither Deno nor files or threads. Pointers are byte offsets into the instance's memory; asm/ documents each
 * kernel's equation, layout and parameters.
 *
 * @module
 */
import type * as exports from "../../../build/kernels.d.ts";
import { EngineError } from "../../errors.ts";
import { count } from "../../text/figures.ts";
import type { Neuron } from "../../network/neurons.ts";

/** The exports of asm/index.ts and of every file in asm/neurons/. */
export type Kernels = typeof exports;

/** Computes the steps `from` ≤ t < `to` of a layer (asm/layer.ts), forward or backward; each kind of neuron has both. */
export type StepKernel = Kernels[`${"step" | "stepBack"}${Capitalize<Neuron["kind"]>}`];

/** The two builds of the same source: with fused multiply-adds, and for runtimes without relaxed SIMD. */
export type Variant = "relaxed" | "plain";

/** Every {@linkcode Variant}. */
export const VARIANTS = ["relaxed", "plain"] as const satisfies readonly Variant[];

/** A compiled build, which can be sent to a worker. */
export interface KernelModule {
  /** Which build it is. */
  readonly variant: Variant;
  /** The compiled code, without a memory. */
  readonly module: WebAssembly.Module;
}

/** A module of one function, `f32x4.relaxed_madd`: it validates only where the runtime has relaxed SIMD. */
// deno-fmt-ignore
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11,
]);

/** The best build for this runtime. */
export function bestVariant(): Variant {
  return WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "plain";
}

/** Makes an instance, with a memory of its own. */
export function instantiate(module: WebAssembly.Module): Kernels {
  // The compiler wrote the declarations with the module (tools/build.ts).
  return new WebAssembly.Instance(module).exports as unknown as Kernels;
}

const PAGE = 65_536;

/** Allocates pieces of an instance's memory, each aligned to a cache line. They are never freed. */
export class Arena {
  readonly #memory: WebAssembly.Memory;
  #next: number;

  constructor(kernels: Kernels) {
    this.#memory = kernels.memory;
    this.#next = kernels.heapBase();
  }

  /** Allocates `bytes` of zeros and returns their address. The memory may grow, which detaches earlier views. */
  take(bytes: number): number {
    const at = Math.ceil(this.#next / 64) * 64;
    this.#next = at + bytes;
    const missing = this.#next - this.#memory.buffer.byteLength;
    if (missing <= 0) return at;
    try {
      this.#memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      const found = `${count(Math.ceil(this.#next / 2 ** 20))} MiB`;
      throw new EngineError(
        `the network needs ${found} of memory or more in each thread: WebAssembly has 4 GiB at most`,
        { cause },
      );
    }
    return at;
  }
}
