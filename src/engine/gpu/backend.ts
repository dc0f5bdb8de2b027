/**
 * Operations of a GPU that engines use: uploads, kernels, products, downloads. `tfjs_backend.ts` implements them; engines do not
 * depend on its library.
 */
import type { ArrayType, WgslKernel } from "../../../asm/wgsl.ts";
import type { AdapterDescription } from "./adapter.ts";

/** Numbers on the device, row by row. Its creator frees it with {@linkcode Backend.release}. */
export interface Tensor<Type extends ArrayType = ArrayType> {
  readonly shape: readonly number[];
  readonly type: Type;
}

/** Numbers in the host's memory. */
export type Numbers<Type extends ArrayType> = Type extends "f32" ? Float32Array<ArrayBuffer>
  : Int32Array<ArrayBuffer>;

/** Work of the device since it was opened. */
export interface DeviceCounts {
  /** Kernels and products that were started. */
  readonly dispatches: number;
  /** Submissions of recorded commands to the device. */
  readonly submits: number;
  /** Bytes to the device, without the uniforms of each dispatch. */
  readonly bytesUp: number;
  /** Bytes from the device. */
  readonly bytesDown: number;
}

/** Memory in use on the device. */
export interface DeviceMemory {
  /** Tensors that have not been released. */
  readonly tensors: number;
  /** Bytes of all buffers, including those kept for reuse. */
  readonly bytes: number;
}

/** One run of a kernel. */
export interface KernelCall<Result extends ArrayType = ArrayType> {
  /** One for each of the kernel's `inputs`, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** One for each of the kernel's `uniforms`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** Calls of the kernel, indices 0 … invocations − 1. */
  readonly invocations: number;
  /** A tensor to update in place, or the shape of a new one. */
  readonly output: Tensor<Result> | readonly number[];
}

/**
 * A device. All methods but `read` and `readInto` return at once; the device works in the order of the calls. Every method throws the
 * device's `EngineError` once it has failed or is closed.
 */
export interface Backend {
  readonly adapter: AdapterDescription;
  readonly counts: DeviceCounts;
  readonly memory: DeviceMemory;
  /** Copies numbers to the device. */
  upload(values: Float32Array, shape: readonly number[]): Tensor<"f32">;
  upload(values: Int32Array, shape: readonly number[]): Tensor<"i32">;
  /** Creates a tensor of undefined content. */
  allocate<Type extends ArrayType>(type: Type, shape: readonly number[]): Tensor<Type>;
  /** Runs a kernel; the result is the call's output, or a new tensor. */
  run<Result extends ArrayType>(kernel: WgslKernel<Result>, call: KernelCall<Result>): Tensor<Result>;
  /**
   * A·B over the last two dimensions, f32; leading dimensions, where both have them, are a batch of products. The order of every sum
   * is the same in each run.
   */
  matmul(
    a: Tensor<"f32">,
    b: Tensor<"f32">,
    options?: { readonly transposeA?: boolean; readonly transposeB?: boolean },
  ): Tensor<"f32">;
  /** The same numbers, or the first of them, in another shape; the view must not be released. */
  view<Type extends ArrayType>(tensor: Tensor<Type>, shape: readonly number[]): Tensor<Type>;
  /**
   * Copies numbers to the host, as they are after all calls made so far, in one transfer. Tensors may be released as soon as this has
   * been called.
   */
  read<Types extends readonly ArrayType[]>(
    ...tensors: { readonly [I in keyof Types]: Tensor<Types[I]> }
  ): Promise<{ -readonly [I in keyof Types]: Numbers<Types[I]> }>;
  /** Copies a tensor to `target`, as `read` does, without an intermediate copy. */
  readInto(tensor: Tensor<"f32">, target: Float32Array): Promise<void>;
  /** Frees tensors; recorded commands that use them still run. */
  release(...tensors: readonly Tensor[]): void;
  /** Submits the recorded commands. */
  flush(): void;
  /** Frees the buffers of released tensors that are kept for reuse. */
  trim(): void;
  /** @throws {EngineError} once the device has failed or is closed. */
  check(): void;
  /** Runs `work`, then releases every tensor it made and did not `keep`; it must not await. */
  scoped<Result>(work: (keep: <Kept extends Tensor>(tensor: Kept) => Kept) => Result): Result;
  /** Frees the device. */
  close(): void;
}
