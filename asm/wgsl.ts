/**
 * What a kernel for the GPU is: WGSL text with the names that it speaks of. TypeScript, unlike the rest of this folder.
 *
 * A kernel lies beside the AssemblyScript that computes the same: `random.wgsl.ts` beside `random.ts`. It has one output and any
 * number of inputs, all of them flat arrays, and is called once for each of `uniforms.invocations` indices:
 *
 *     fn kernel(index : i32) { result[index] = currents[index] * uniforms.scale; }
 *
 * The caller wraps it, binds the arrays, and divides the work into workgroups.
 *
 * @module
 */

/** The types of numbers in arrays. */
export type ArrayType = "f32" | "i32";

/** The types of single numbers. */
export type NumberType = ArrayType | "u32";

/** A kernel: one output, flat arrays, one call an index. */
export interface WgslKernel<Result extends ArrayType = ArrayType> {
  /** Unique among all kernels: the key of the cache of compiled kernels. */
  readonly name: string;
  /** Arrays that are read, in the order in which they are bound. */
  readonly inputs: Readonly<Record<string, ArrayType>>;
  /** Numbers that are the same for all calls: `uniforms.name`. `invocations` is there always. */
  readonly uniforms: Readonly<Record<string, NumberType>>;
  /** Element type of `result`. It may be read, too: it holds its former content. */
  readonly result: Result;
  /**
   * Calls that run together and may meet at barriers; the number of calls is a multiple of it then. @default {each for itself}
   */
  readonly workgroup?: number;
  /** `fn kernel(index : i32)` and the functions that it calls. */
  readonly code: string;
}
