/**
 * The bottom layer's product on the device: draws, currents, and the weights' gradient.
 *
 * The inputs of a micro-batch, `[samples · rows]` rows, stay on the device until its gradient is computed, so nothing is drawn twice.
 */
import { ADD_BIAS, CLEAR, PLACE } from "../../../asm/double_buffer.wgsl.ts";
import { ADD_PARTS, TRACE_INPUTS } from "../../../asm/gradient.wgsl.ts";
import { SampleFeatures } from "../../data/augment.ts";
import type { Batch } from "../engine.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import { encodeRows, packSamples, uploadPixels } from "../gpu/encoding.ts";
import type { Plan } from "../plan/plan.ts";
import { partsOf } from "../webgpu/micro_batches.ts";
import { externalProductOf, type SharedDoubleBuffer } from "../wasm/external_matmul.ts";
import { layOut, type TensorPlace } from "../wasm/layout.ts";

/** A micro-batch whose inputs are on the device. */
export interface DeviceMicroBatch {
  /** Samples, including padding. */
  readonly samples: number;
  /** Samples that count. */
  readonly counted: number;
  /** Number of parts in which its gradient is summed first. */
  readonly reductionGroups: number;
  /** X, then its trace, `[samples · rows, inputs]`. */
  readonly inputs: Tensor<"f32">;
}

/** Size of a micro-batch. */
export type MicroBatchCut = Pick<DeviceMicroBatch, "samples" | "reductionGroups">;

/** Computes products for WASM cores, through a shared double buffer. */
export class DeviceMatmul {
  readonly plan: Plan;
  readonly #backend: Backend;
  readonly #weightPlace: TensorPlace;
  readonly #biasPlace: TensorPlace | undefined;
  /** Inputs of a row. */
  readonly #inputs: number;
  readonly #doubleBuffer: SharedDoubleBuffer;
  /** d of the inputs' trace; 0: the gradient needs no trace. */
  readonly #decay: number;
  readonly #seed: number;
  readonly #sources: SampleFeatures;
  readonly #pixels: Tensor<"f32">;
  /** Σ over the micro-batches so far, `[width, inputs]`. */
  readonly #gradient: Tensor<"f32">;
  /** W `[width, inputs]` and b `[width]`. */
  #weights: Tensor<"f32">;
  #bias: Tensor<"f32">;

  constructor(
    backend: Backend,
    plan: Plan,
    doubleBuffer: SharedDoubleBuffer,
    seed: number,
  ) {
    this.#backend = backend;
    this.plan = plan;
    const { weight, bias, inputs } = externalProductOf(plan), { tensors } = layOut(plan);
    this.#weightPlace = tensors.find(({ tensor }) => tensor.name === weight)!;
    this.#biasPlace = tensors.find(({ tensor }) => tensor.name === bias);
    this.#inputs = inputs;
    this.#doubleBuffer = doubleBuffer;
    this.#decay = plan.backward.find((operation) => operation.kind === "traceGradient")?.decay ?? 0;
    this.#seed = seed;
    this.#sources = new SampleFeatures(seed);
    this.#pixels = uploadPixels(backend, plan.spec);
    const { width } = doubleBuffer;
    this.#gradient = backend.allocate("f32", [width, inputs]);
    this.#weights = backend.allocate("f32", [width, inputs]);
    this.#bias = backend.allocate("f32", [width]);
  }

  /** Takes W and b from the parameters in the cores' layout. */
  setParameters(parameters: Float32Array): void {
    const backend = this.#backend, { width } = this.#doubleBuffer, inputs = this.#inputs;
    const { at: weights, rowStride: unitStride } = this.#weightPlace, bias = this.#biasPlace?.at;
    const rows = parameters.subarray(weights, weights + width * unitStride);
    backend.release(this.#weights, this.#bias);
    this.#weights = backend.upload(withoutPadding(rows, unitStride, inputs), [width, inputs]);
    this.#bias = backend.upload(
      bias === undefined ? new Float32Array(width) : parameters.subarray(bias, bias + width),
      [width],
    );
  }

  /**
   * Encodes a micro-batch's samples and multiplies: I = X·Wᵀ + b.
   *
   * @param microBatch A batch of the micro-batch's samples alone.
   * @param bufferIndex The buffer for the currents.
   * @returns The micro-batch, for {@linkcode addGradient} or {@linkcode release}, and a promise that resolves when its currents have arrived.
   */
  multiply(
    microBatch: Batch,
    cut: MicroBatchCut,
    bufferIndex: 0 | 1,
  ): { microBatch: DeviceMicroBatch; arrived: Promise<void> } {
    const backend = this.#backend, { rows, width } = this.#doubleBuffer;
    const count = microBatch.indices.length;
    return backend.scoped((keep) => {
      const sources = this.#sources, seed = this.#seed;
      const packed = packSamples(this.plan.spec, microBatch, { sources, count: cut.samples, seed });
      const inputs = keep(encodeRows(backend, this.plan.spec, this.#pixels, packed));
      const currents = backend.matmul(inputs, this.#weights, { transposeB: true });
      backend.run(ADD_BIAS, {
        inputs: { bias: this.#bias },
        uniforms: { units: width },
        invocations: count * rows * width,
        output: currents,
      });
      const arrived = backend.readInto(
        backend.view(currents, [count * rows * width]),
        this.#doubleBuffer.buffers[bufferIndex].currents,
      );
      return { microBatch: { ...cut, counted: count, inputs }, arrived };
    });
  }

  /**
   * Adds a micro-batch's gradient to the sum, and releases the micro-batch.
   *
   * @param bufferIndex The buffer of its coefficients.
   * @param isFirst The sum starts at 0.
   */
  addGradient(microBatch: DeviceMicroBatch, bufferIndex: 0 | 1, isFirst: boolean): void {
    const backend = this.#backend, columns = this.#inputs, { steps } = this.plan.spec;
    const { samples, reductionGroups, inputs } = microBatch, { rows, width } = this.#doubleBuffer;
    backend.scoped(() => {
      if (this.#decay !== 0) {
        backend.run(TRACE_INPUTS, {
          inputs: {},
          uniforms: { steps, inputs: columns, decay: this.#decay },
          invocations: samples * columns,
          output: inputs,
        });
      }
      const count = rows > 1 ? partsOf(this.plan, samples, reductionGroups) : reductionGroups,
        perPart = samples * rows / count;
      const parts = backend.matmul(
        backend.view(this.#coefficients(microBatch, bufferIndex), [count, perPart, width]),
        backend.view(inputs, [count, perPart, columns]),
        { transposeA: true },
      );
      backend.run(ADD_PARTS, {
        inputs: { values: parts },
        uniforms: { parts: count, keep: isFirst ? 0 : 1 },
        invocations: width * columns,
        output: this.#gradient,
      });
    });
    this.release(microBatch);
    backend.flush(); // the device starts, and the buffers can be reused
  }

  /** Releases a micro-batch. */
  release({ inputs }: DeviceMicroBatch): void {
    this.#backend.release(inputs);
  }

  /** Writes the sum of gradients into the cores' layout. */
  async readGradient(gradient: Float32Array): Promise<void> {
    const { at: weights, rowStride: unitStride } = this.#weightPlace, inputs = this.#inputs;
    const [sum] = await this.#backend.read(this.#gradient);
    for (let from = 0, to = weights; from < sum.length; from += inputs, to += unitStride) {
      gradient.set(sum.subarray(from, from + inputs), to);
    }
  }

  /** Coefficients of every row and unit of a micro-batch, `[samples · rows, width]`; 0 for padding. */
  #coefficients({ samples, counted }: DeviceMicroBatch, bufferIndex: 0 | 1): Tensor<"f32"> {
    const backend = this.#backend, { rows, width, sendsRows, buffers } = this.#doubleBuffer;
    const { currents, list, count } = buffers[bufferIndex];
    const size = samples * rows * width;
    if (sendsRows) {
      currents.fill(0, counted * rows * width, size);
      return backend.upload(currents.subarray(0, size), [size]);
    }
    const coefficients = backend.run(CLEAR, { inputs: {}, uniforms: {}, invocations: size, output: [size] });
    const listed = count[0]!;
    if (listed === 0) return coefficients;
    // Buffers are reused by size, so sizes are powers of two.
    const room = Math.min(2 ** Math.ceil(Math.log2(2 * listed)), list.length);
    return backend.run(PLACE, {
      inputs: { list: backend.upload(list.subarray(0, room), [room]) },
      uniforms: {},
      invocations: listed,
      output: coefficients,
    });
  }
}

/** Removes the rows' padding. */
function withoutPadding(rows: Float32Array, stride: number, columns: number): Float32Array {
  if (stride === columns) return rows;
  const count = rows.length / stride;
  const bare = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    bare.set(rows.subarray(row * stride, row * stride + columns), row * columns);
  }
  return bare;
}
