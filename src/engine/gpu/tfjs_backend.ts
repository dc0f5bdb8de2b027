/**
 * The backend over TensorFlow.js: buffers, queue and matrix products of its WebGPU backend, with Spikelet's kernels.
 *
 * Kernels of tfjs are called with a backend instance of this module. The engine of tfjs, which tracks tensors and has one active
 * backend per process, is not used, so a program's own use of tfjs is not affected; importing the package registers a backend
 * `webgpu` that stays unused.
 */
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { WebGPUProgram } from "@tensorflow/tfjs-backend-webgpu";
import type { ArrayType, NumberType, WgslKernel } from "../../../asm/wgsl.ts";
import { EngineError } from "../../errors.ts";
import type { Backend, KernelCall, Numbers, Tensor } from "./backend.ts";
import { type DeviceOptions, type OpenDevice, openDevice } from "./device.ts";
import { mebibytes } from "../../text/figures.ts";

/** Calls of a workgroup: a multiple of every device's lanes. */
const WORKGROUP = 64;

/** Imports tfjs only when a device is opened: loading it takes longer than the rest of a start. */
async function importTfjs() {
  const [core, { WebGPUBackend, webgpu_util }] = await Promise.all([
    import("@tensorflow/tfjs-core"),
    import("@tensorflow/tfjs-backend-webgpu"),
  ]);
  return { core, WebGPUBackend, MatMulProgramType: webgpu_util.MatMulProgramType };
}

/** A tensor of this backend. */
interface TfjsTensor<Type extends ArrayType = ArrayType> extends Tensor<Type> {
  readonly info: TensorInfo;
}

/**
 * Opens a device and a backend on it.
 *
 * @throws {EngineError} when there is no adapter, or it refuses.
 */
export async function openBackend(options: DeviceOptions = {}): Promise<Backend> {
  const opened = await openDevice(options);
  const tfjs = await importTfjs();
  const counts = { dispatches: 0, submits: 0, bytesUp: 0, bytesDown: 0 };
  class CountingBackend extends tfjs.WebGPUBackend {
    override runWebGPUProgram(
      ...call: Parameters<InstanceType<typeof tfjs.WebGPUBackend>["runWebGPUProgram"]>
    ) {
      counts.dispatches++;
      return super.runWebGPUProgram(...call);
    }
    override submitQueue() {
      counts.submits++;
      super.submitQueue();
    }
  }
  return new TfjsBackend(opened, tfjs, new CountingBackend(opened.device, opened.info), counts);
}

type Tfjs = Awaited<ReturnType<typeof importTfjs>>;
type WebGpuBackend = InstanceType<Tfjs["WebGPUBackend"]>;

class TfjsBackend implements Backend {
  readonly #opened: OpenDevice;
  readonly #tfjs: Tfjs;
  readonly #backend: WebGpuBackend;
  readonly counts: { dispatches: number; submits: number; bytesUp: number; bytesDown: number };
  /** Tensors made in the current `scoped`. */
  #scope: TfjsTensor[] | undefined;

  constructor(opened: OpenDevice, tfjs: Tfjs, backend: WebGpuBackend, counts: TfjsBackend["counts"]) {
    this.#opened = opened;
    this.#tfjs = tfjs;
    this.#backend = backend;
    this.counts = counts;
    opened.onFree(() => backend.dispose());
  }

  get adapter() {
    return this.#opened.adapter;
  }

  get memory() {
    return { tensors: this.#backend.numDataIds(), bytes: this.#backend.memory().numBytesAllocatedInGPU };
  }

  upload(values: Float32Array, shape: readonly number[]): Tensor<"f32">;
  upload(values: Int32Array, shape: readonly number[]): Tensor<"i32">;
  upload(values: Float32Array | Int32Array, shape: readonly number[]): Tensor {
    const tensor = this.#acquire(values instanceof Float32Array ? "f32" : "i32", shape, values);
    this.counts.bytesUp += values.byteLength;
    return tensor;
  }

  allocate<Type extends ArrayType>(type: Type, shape: readonly number[]): Tensor<Type> {
    return this.#acquire(type, shape);
  }

  run<Result extends ArrayType>(
    kernel: WgslKernel<Result>,
    { inputs, uniforms, invocations, output }: KernelCall<Result>,
  ): Tensor<Result> {
    this.#opened.check();
    const names = Object.keys(kernel.inputs), workgroup = kernel.workgroup ?? WORKGROUP;
    const result = "shape" in output ? output : this.allocate(kernel.result, output);
    const program: WebGPUProgram = {
      variableNames: names,
      outputShape: [sizeOf(result.shape)],
      workgroupSize: [workgroup, 1, 1],
      dispatchLayout: { x: [0] },
      dispatch: [Math.ceil(invocations / workgroup), 1, 1],
      shaderKey: `spikelet_${kernel.name}`,
      uniforms: Object.entries(declared(kernel)).map(([name, type]) => `${name} : ${type}, `).join(""),
      getUserCode: () =>
        `${kernel.code}
fn main(index : i32) {
  if (index < uniforms.invocations) { kernel(index); }
}`,
    };
    const flat = (tensor: Tensor): TensorInfo => ({ ...infoOf(tensor), shape: [sizeOf(tensor.shape)] });
    this.#backend.runWebGPUProgram(
      program,
      names.map((name) => flat(named(kernel, inputs, name))),
      DTYPES[kernel.result],
      Object.entries(declared(kernel)).map(([name, type]) => ({
        type: UNIFORM_TYPES[type],
        data: [name === "invocations" ? invocations : named(kernel, uniforms, name)],
      })),
      flat(result),
    );
    return result;
  }

  matmul(
    a: Tensor<"f32">,
    b: Tensor<"f32">,
    { transposeA = false, transposeB = false } = {},
  ): Tensor<"f32"> {
    this.#opened.check();
    const kernel = this.#tfjs.core.getKernel("BatchMatMul", "webgpu");
    if (!kernel) throw new EngineError("TensorFlow.js has no matrix product for WebGPU");
    const [rows, inner] = lastTwo(a, transposeA), [, columns] = lastTwo(b, transposeB);
    const result = this.#withOrderOf(
      { rows, inner, columns, batches: a.shape.length > 2 ? a.shape[0]! : 1 },
      () =>
        kernel.kernelFunc({
          inputs: { a: infoOf(a), b: infoOf(b) },
          backend: this.#backend,
          attrs: { transposeA, transposeB },
        }),
    );
    if (Array.isArray(result)) throw new EngineError("TensorFlow.js gave several results for one product");
    return this.#own(result, "f32");
  }

  /**
   * Prevents tfjs from choosing its only product without a fixed order: for few outputs and a long sum it splits the sum into parts and
   * adds them by atomics.
   */
  #withOrderOf<Result>(
    { rows, inner, columns, batches }: { rows: number; inner: number; columns: number; batches: number },
    work: () => Result,
  ): Result {
    // tfjs splits sums of 2,000 or more where there are few tiles; its bound for few depends on the device and is at most 32.
    const isCut = batches === 1 && inner >= 2000 && Math.ceil(rows / 32) * Math.ceil(columns / 32) <= 32;
    if (!isCut) return work();
    const environment = this.#tfjs.core.env(), flag = "WEBGPU_MATMUL_PROGRAM_TYPE";
    const before = environment.getNumber(flag);
    environment.set(flag, this.#tfjs.MatMulProgramType.MatMulSmallOutputSizeProgram);
    try {
      return work();
    } finally {
      environment.set(flag, before);
    }
  }

  view<Type extends ArrayType>(tensor: Tensor<Type>, shape: readonly number[]): Tensor<Type> {
    const view: TfjsTensor<Type> = {
      shape,
      type: tensor.type,
      info: { ...infoOf(tensor), shape: [...shape] },
    };
    return view;
  }

  read<Types extends readonly ArrayType[]>(
    ...tensors: { readonly [I in keyof Types]: Tensor<Types[I]> }
  ): Promise<{ -readonly [I in keyof Types]: Numbers<Types[I]> }> {
    return this.#copyBack(tensors, (bytes) => {
      let from = 0;
      const read = tensors.map(({ type, shape }) => {
        const part = bytes.slice(from, from += 4 * sizeOf(shape));
        return type === "f32" ? new Float32Array(part) : new Int32Array(part);
      });
      return read as { -readonly [I in keyof Types]: Numbers<Types[I]> };
    });
  }

  readInto(tensor: Tensor<"f32">, target: Float32Array): Promise<void> {
    return this.#copyBack([tensor], (bytes) => target.set(new Float32Array(bytes)));
  }

  /** Copies tensors to one mapped buffer, which `take` may read until it returns. */
  async #copyBack<Result>(
    tensors: readonly Tensor[],
    take: (bytes: ArrayBuffer) => Result,
  ): Promise<Result> {
    this.#opened.check();
    const { device } = this.#opened, { bufferManager } = this.#backend;
    const sizes = tensors.map(({ shape }) => 4 * sizeOf(shape));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const staging = bufferManager.acquireBuffer(total, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    this.flush();
    const encoder = device.createCommandEncoder();
    let to = 0;
    tensors.forEach((tensor, i) => {
      const { resource } = this.#backend.tensorMap.get(infoOf(tensor).dataId);
      if (!(resource instanceof GPUBuffer)) throw new Error("a tensor without a buffer");
      encoder.copyBufferToBuffer(resource, 0, staging, to, sizes[i]!);
      to += sizes[i]!;
    });
    device.queue.submit([encoder.finish()]);
    this.counts.submits++;
    this.counts.bytesDown += total;
    await Promise.race([
      staging.mapAsync(GPUMapMode.READ).catch((cause) => this.#onReadFailure(cause)),
      this.#opened.failed,
    ]);
    this.#opened.check();
    const taken = take(staging.getMappedRange(0, total));
    staging.unmap();
    bufferManager.releaseBuffer(staging);
    return taken;
  }

  release(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this.#backend.disposeData(infoOf(tensor).dataId);
  }

  flush(): void {
    this.#opened.check();
    this.#backend.ensureCommandEncoderReady();
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }

  /** tfjs has no such method: acquiring each kept buffer and releasing it without reuse frees it. */
  trim(): void {
    const { bufferManager } = this.#backend;
    const kept: unknown = Reflect.get(bufferManager, "freeBuffers");
    if (!(kept instanceof Map)) return;
    for (const { size, usage } of [...kept.values()].flat()) {
      bufferManager.releaseBuffer(bufferManager.acquireBuffer(size, usage), false);
    }
  }

  check(): void {
    this.#opened.check();
  }

  scoped<Result>(work: (keep: <Kept extends Tensor>(tensor: Kept) => Kept) => Result): Result {
    const outer = this.#scope;
    const scope: TfjsTensor[] = this.#scope = [];
    try {
      return work((tensor) => {
        const place = scope.findIndex(({ info }) => info.dataId === infoOf(tensor).dataId);
        if (place >= 0) scope.splice(place, 1); // others were made outside, and stay in any case
        return tensor;
      });
    } finally {
      this.#scope = outer;
      this.release(...scope);
    }
  }

  close(): void {
    this.#opened.close(new EngineError("the engine has been closed"));
  }

  /** Waits for the device's own error after a failed read; without one the read's error is the failure. */
  async #onReadFailure(cause: unknown): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve)); // the device's events are dispatched between two tasks
    this.#fail(cause, "the GPU gave no numbers back");
  }

  /** Closes the device after an error. @throws {EngineError} always. */
  #fail(cause: unknown, what: string): never {
    const message = cause instanceof Error ? cause.message : String(cause);
    const error = new EngineError(`${this.adapter.name}: ${what}: ${message}`, { cause });
    this.#opened.close(error);
    throw this.#opened.failure ?? error;
  }

  /** Creates a tensor. @throws {EngineError} when it is larger than the device's largest buffer, or refused. */
  #acquire<Type extends ArrayType>(
    type: Type,
    shape: readonly number[],
    values?: Float32Array | Int32Array,
  ): TfjsTensor<Type> {
    this.#opened.check();
    const { name, limits } = this.adapter;
    const bytes = 4 * sizeOf(shape),
      largest = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
    if (bytes > largest) {
      throw new EngineError(
        `${name}: ${mebibytes(bytes)} were asked for in one buffer, but its largest has ${
          mebibytes(largest)
        }: take a smaller network or batch, or --engine wasm`,
      );
    }
    try {
      const tensor = this.#own(this.#backend.makeTensorInfo([...shape], DTYPES[type], values), type);
      this.#backend.uploadToGPU(tensor.info.dataId); // now: tfjs uploads at the first use, when the caller may have changed the values
      return tensor;
    } catch (cause) {
      this.#fail(
        cause,
        `the GPU gave no buffer of ${mebibytes(bytes)}, for it is out of memory or lost: ` +
          "give less by --gpu-memory, or take --engine wasm",
      );
    }
  }

  #own<Type extends ArrayType>(info: TensorInfo, type: Type): TfjsTensor<Type> {
    const tensor: TfjsTensor<Type> = { shape: info.shape, type, info };
    this.#scope?.push(tensor);
    return tensor;
  }
}

const DTYPES = { f32: "float32", i32: "int32" } as const;
const UNIFORM_TYPES = { f32: "float32", i32: "int32", u32: "uint32" } as const;

/** A kernel's uniforms, after the number of calls. */
function declared({ uniforms }: WgslKernel): Record<string, NumberType> {
  return { invocations: "i32", ...uniforms };
}

function infoOf(tensor: Tensor): TensorInfo {
  if (!("info" in tensor)) throw new TypeError("this tensor was made by another backend");
  return (tensor as TfjsTensor).info;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function lastTwo({ shape }: Tensor, isTransposed: boolean): [number, number] {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return isTransposed ? [columns, rows] : [rows, columns];
}

function named<Value>(
  { name: kernel }: WgslKernel,
  values: Readonly<Record<string, Value>>,
  name: string,
): Value {
  const value = values[name];
  if (value === undefined) throw new TypeError(`${kernel}: no ${name} was given`);
  return value;
}
