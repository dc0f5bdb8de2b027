/**
 * The type of a kernel for the GPU: WGSL with the names of its arrays and numbers. `*.wgsl.ts` and this file are TypeScript.
 *
 * A kernel lies beside the AssemblyScript that computes the same: `random.wgsl.ts` beside `random.ts`. It has one output and any
 * number of inputs, all flat arrays, and is called once for each of `uniforms.invocations` indices:
 *
 *     fn kernel(index : i32) { result[index] = currents[index] * uniforms.scale; }
 *
 * The caller binds the arrays and divides the calls into workgroups.
 */

/** The types of numbers in arrays. */
export type ArrayType = "f32" | "i32";

/** The types of single numbers. */
export type NumberType = ArrayType | "u32";

/** A kernel: one output, flat arrays, one call an index. */
export interface WgslKernel<Result extends ArrayType = ArrayType> {
  /** Unique among all kernels: the key of the cache of compiled kernels. */
  readonly name: string;
  /** Arrays that are read, in their binding order. */
  readonly inputs: Readonly<Record<string, ArrayType>>;
  /** Numbers that are the same for all calls: `uniforms.name`, besides `uniforms.invocations`. */
  readonly uniforms: Readonly<Record<string, NumberType>>;
  /** Element type of `result`, whose former content the kernel may read. */
  readonly result: Result;
  /**
   * Calls of a workgroup, which may share barriers; the number of calls is a multiple of it. @default {no barriers}
   */
  readonly workgroup?: number;
  /** `fn kernel(index : i32)` and the functions that it calls. */
  readonly code: string;
}
