/**
 * The kernels in TypeScript: a WASM module compiled from asm/, and its exports with their types.
 *
 * It needs neither Deno nor files or threads. Pointers are byte offsets into the instance's memory; asm/ documents each
 * kernel's equation, layout and parameters.
 */
import type * as exports from "../../../build/kernels.d.ts";
import { EngineError } from "../../errors.ts";
import { count } from "../../text/figures.ts";

/** The exports of asm/index.ts and of every file in asm/neurons/ and asm/operators/. */
export type Kernels = typeof exports;

/** Takes a node through the steps `from` ≤ t < `to`, forward or back; its arrays are in the descriptor (asm/layer.ts, asm/operator.ts). */
export type StepKernel = (descriptor: number, from: number, to: number) => void;

/**
 * Finds the kernel that a plan names.
 *
 * @param verb What it does.
 * @param kind Of which kind of neuron or operator it is.
 * @throws {EngineError} when the build has none of that name.
 */
export function stepKernel(
  kernels: Kernels,
  verb:
    | "step"
    | "stepBack"
    | "forward"
    | "backward"
    | "weightGradient"
    | "sums"
    | "sumsBack"
    | "settle"
    | "settleBack",
  kind: string,
): StepKernel {
  return kernelOf<StepKernel>(kernels, `${verb}${kind}`);
}

/** Words of memory that an operator's kernels need for a geometry; 0 where they need none. */
export function workspaceOf(kernels: Kernels, kind: string, geometry: readonly number[]): number {
  const name = `workspace${kind}`, room = kernels.geometryRoom();
  if (!(name in kernels)) return 0;
  new Int32Array(kernels.memory.buffer).set(geometry, room >> 2);
  return kernelOf<(geometry: number) => number>(kernels, name)(room);
}

/** Takes up to four units through all steps, and lists their spikes alone; asm/graded_spikes.ts has the parameters. */
export type ScanKernel = (
  currents: number,
  currentStride: number,
  steps: number,
  decay: number,
  threshold: number,
  constant: number,
  slots: number,
  counts: number,
  spikeSteps: number,
  spikeOutputs: number,
) => void;

/** Finds the kernel that scans neurons of a kind for spikes alone. @throws {EngineError} as {@linkcode stepKernel}. */
export function scanKernel(kernels: Kernels, kind: string): ScanKernel {
  return kernelOf<ScanKernel>(kernels, `scan${kind}`);
}

/** The kernel itself, for a call through a function of our own costs more than some kernels do. */
function kernelOf<Kernel>(kernels: Kernels, name: string): Kernel {
  const kernel: unknown = Reflect.get(kernels, name);
  if (isKernel<Kernel>(kernel)) return kernel;
  throw new EngineError(`${name}: the kernels have none of that name`);
}

/** The parameters are those of the name's prefix: tests/engine/kinds_test.ts calls every kind's. */
function isKernel<Kernel>(kernel: unknown): kernel is Kernel {
  return typeof kernel === "function";
}

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
/** The most that an instance's memory can have. */
const MOST_BYTES = 65_536 * PAGE;

/** Refuses memory that no instance of the kernels can have, before any of it is taken. @throws {EngineError} when it is too much. */
export function checkThreadMemory(bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  throw new EngineError(
    `the network needs ${
      count(Math.ceil(bytes / 2 ** 20))
    } MiB of memory in each thread: WebAssembly has 4 GiB at most; ` +
      "take fewer steps, or smaller layers",
  );
}

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
        {
          cause,
        },
      );
    }
    return at;
  }
}
