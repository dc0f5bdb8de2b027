/**
 * What engines ask of a GPU: numbers on the device, kernels and products over them, and numbers back.
 *
 * The one door to the library behind it (`tfjs_backend.ts`), which can be replaced without an engine noticing.
 *
 * @module
 */
import type { ArrayType, WgslKernel } from "../../../asm/wgsl.ts";
import type { AdapterDescription } from "./adapter.ts";

/** Numbers on the device, row by row. Whoever made it frees it, by {@linkcode Backend.release}. */
export interface Tensor<Type extends ArrayType = ArrayType> {
  readonly shape: readonly number[];
  readonly type: Type;
}

/** Numbers at home. */
export type Numbers<Type extends ArrayType> = Type extends "f32" ? Float32Array<ArrayBuffer>
  : Int32Array<ArrayBuffer>;

/** How much was asked of the device since it was opened. */
export interface DeviceCounts {
  /** Kernels and products that were started. */
  readonly dispatches: number;
  /** Times that the device was sent what had been recorded. */
  readonly submits: number;
  /** To the device, but for the few numbers that come with each dispatch. */
  readonly bytesUp: number;
  /** From the device. */
  readonly bytesDown: number;
}

/** What the device holds. */
export interface DeviceMemory {
  /** Tensors that have not been released. */
  readonly tensors: number;
  /** Bytes of all buffers, those kept for reuse among them. */
  readonly bytes: number;
}

/** One run of a kernel. */
export interface KernelCall<Result extends ArrayType = ArrayType> {
  /** One for each of the kernel's `inputs`, by their names. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** One for each of the kernel's `uniforms`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** Calls of the kernel, indices 0 … invocations − 1. */
  readonly invocations: number;
  /** Where the result goes: a tensor to be updated in place, or the shape of one to be made. */
  readonly output: Tensor<Result> | readonly number[];
}

/**
 * A device, ready to compute. All but `read` returns at once; the device works in the order of the calls.
 *
 * Every verb throws the device's `EngineError` once it has failed or is closed.
 */
export interface Backend {
  readonly adapter: AdapterDescription;
  readonly counts: DeviceCounts;
  readonly memory: DeviceMemory;
  /** Copies numbers to the device. */
  upload(values: Float32Array, shape: readonly number[]): Tensor<"f32">;
  upload(values: Int32Array, shape: readonly number[]): Tensor<"i32">;
  /** Room for numbers, of unknown content. */
  allocate<Type extends ArrayType>(type: Type, shape: readonly number[]): Tensor<Type>;
  /** Runs a kernel; the result is the call's output, or a new tensor. */
  run<Result extends ArrayType>(kernel: WgslKernel<Result>, call: KernelCall<Result>): Tensor<Result>;
  /**
   * A·B of the last two dimensions, f32; the ones before, where both have them, are so many products of their own.
   *
   * Every sum has an order of its own that is the same in every run.
   */
  matmul(
    a: Tensor<"f32">,
    b: Tensor<"f32">,
    options?: { readonly transposeA?: boolean; readonly transposeB?: boolean },
  ): Tensor<"f32">;
  /** The same numbers in another shape, or the first of them; it is not to be released. */
  view<Type extends ArrayType>(tensor: Tensor<Type>, shape: readonly number[]): Tensor<Type>;
  /**
   * Copies numbers back, as they are after all calls made so far; all of them in one transfer.
   *
   * Tensors may be released as soon as this has been called.
   */
  read<Types extends readonly ArrayType[]>(
    ...tensors: { readonly [I in keyof Types]: Tensor<Types[I]> }
  ): Promise<{ -readonly [I in keyof Types]: Numbers<Types[I]> }>;
  /** Copies a tensor back to where its numbers are wanted, as `read` does, without a copy between. */
  readInto(tensor: Tensor<"f32">, target: Float32Array): Promise<void>;
  /** Frees tensors; what has been recorded with them is still carried out. */
  release(...tensors: readonly Tensor[]): void;
  /** Sends what has been recorded, so that the device begins with it. */
  flush(): void;
  /** Gives back the buffers of released tensors that are kept for others of the same size. */
  trim(): void;
  /** @throws {EngineError} once the device has failed or is closed. */
  check(): void;
  /** Releases every tensor that was made meanwhile, but those that `work` says are kept; it must not await. */
  scoped<Result>(work: (keep: <Kept extends Tensor>(tensor: Kept) => Kept) => Result): Result;
  /** Frees the device. */
  close(): void;
}
