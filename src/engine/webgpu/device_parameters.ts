/**
 * A network's parameters on the device, with their gradients and the optimizer's moments.
 *
 * Matrices lie by input, `[inputs, units]`, so that products of rows by weights read both along their rows. Moments follow the values
 * in the same buffer, so that one kernel updates all.
 */
import { ADD_PARTS, COPY } from "../../../asm/gradient.wgsl.ts";
import type { TensorSpec } from "../../network/structure.ts";
import { tensorOf } from "../checks.ts";
import type { Parameters } from "../engine.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";

/** The most moments of a parameter, over all optimizers. */
export const MOST_MOMENTS = 2;

/** One tensor of parameters. */
export interface DeviceParameter {
  readonly name: string;
  /** From 0. */
  readonly layer: number;
  /** The shape is `[rows, columns]` in files, `[columns, rows]` on the device; a vector has one column. */
  readonly rows: number;
  readonly columns: number;
  readonly isMatrix: boolean;
  /** A neuron's or an operator's constant, which has no weight decay. */
  readonly isConstant: boolean;
  /** Values, then each of the moments. */
  values: Tensor<"f32">;
  /** The values' moving average, as long as one is kept. */
  average: Tensor<"f32"> | undefined;
  readonly gradient: Tensor<"f32">;
}

/** All parameters of a network. */
export class DeviceParameters {
  readonly #backend: Backend;
  readonly #parameters: ReadonlyMap<string, DeviceParameter>;

  constructor(backend: Backend, tensors: readonly TensorSpec[]) {
    this.#backend = backend;
    const parameterOf = ({ name, shape, role, population }: TensorSpec): DeviceParameter => {
      const isMatrix = role === "weight", size = shape.reduce((a, b) => a * b, 1);
      const rows = isMatrix ? shape[0]! : size, columns = size / rows;
      const values = new Float32Array((1 + MOST_MOMENTS) * size);
      return {
        name,
        layer: population,
        rows,
        columns,
        isMatrix,
        isConstant: role !== "weight" && role !== "bias",
        values: backend.upload(values, [1 + MOST_MOMENTS, columns, rows]),
        average: undefined,
        // Nothing is added to the gradient of what is not learned, or leads nowhere.
        gradient: backend.upload(new Float32Array(size), [columns, rows]),
      };
    };
    this.#parameters = new Map(tensors.map((tensor) => [tensor.name, parameterOf(tensor)]));
  }

  /** All parameters, in file order. */
  get all(): readonly DeviceParameter[] {
    return [...this.#parameters.values()];
  }

  /** Whether a moving average is kept. */
  get keepsAverage(): boolean {
    return this.all[0]?.average !== undefined;
  }

  /**
   * Sets values, moments and average; omitted moments are 0, and without an average none is kept.
   *
   * @throws {RangeError} when a size is wrong; nothing is changed then.
   */
  set(parameters: Parameters, moments: readonly Parameters[] = [], average?: Parameters): void {
    const images = this.all.map(({ name, rows, columns }) => {
      const size = rows * columns, image = new Float32Array((1 + MOST_MOMENTS) * size);
      [parameters, ...moments].forEach((tensors, part) => {
        image.set(transpose(tensorOf(tensors, name, size), rows, columns), part * size);
      });
      return image;
    });
    const averages = average &&
      this.all.map(({ name, rows, columns }) =>
        transpose(tensorOf(average, name, rows * columns), rows, columns)
      );
    this.dropAverage();
    this.all.forEach((parameter, i) => {
      if (averages) {
        const { rows, columns } = parameter;
        parameter.average = this.#backend.upload(averages[i]!, [columns, rows]);
      }
      this.#backend.release(parameter.values);
      parameter.values = this.#backend.upload(images[i]!, parameter.values.shape);
    });
  }

  /** Keeps an average no longer. */
  dropAverage(): void {
    for (const parameter of this.all) {
      if (parameter.average) this.#backend.release(parameter.average);
      parameter.average = undefined;
    }
  }

  /** Sets every moment to 0. */
  clearMoments(): void {
    for (const parameter of this.all) {
      const { values, rows, columns } = parameter;
      parameter.values = this.#backend.upload(
        new Float32Array((1 + MOST_MOMENTS) * rows * columns),
        values.shape,
      );
      this.#backend.run(COPY, {
        inputs: { values },
        uniforms: { begin: 0 },
        invocations: rows * columns,
        output: parameter.values,
      });
      this.#backend.release(values);
    }
  }

  /**
   * Reads the values, the first `moments` moments and the average, if one is kept, as they are after all commands recorded so far.
   *
   * @returns The parameters, then the moments, then the average.
   */
  async read(moments = 0): Promise<Map<string, Float32Array>[]> {
    const parts = 1 + moments;
    const images = await this.#backend.read(
      ...this.all.map(({ values, rows, columns }) => this.#backend.view(values, [parts * rows * columns])),
      ...this.all.flatMap(({ average }) => average ? [average] : []),
    );
    const averages = images.splice(this.all.length);
    const named = (imageOf: (i: number, size: number) => Float32Array) =>
      new Map(
        this.all.map(({ name, rows, columns }, i) =>
          [name, transpose(imageOf(i, rows * columns), columns, rows)] as const
        ),
      );
    return [
      ...Array.from(
        { length: parts },
        (_, part) => named((i, size) => images[i]!.subarray(part * size, (part + 1) * size)),
      ),
      ...averages.length > 0 ? [named((i) => averages[i]!)] : [],
    ];
  }

  /** A parameter's values: `[inputs, units]` of a matrix, `[units]` of a vector. */
  valuesOf(name: string): Tensor<"f32"> {
    const { values, rows, columns, isMatrix } = this.#parameters.get(name)!;
    return this.#backend.view(values, isMatrix ? [columns, rows] : [rows]);
  }

  /** Numbers of a parameter. */
  sizeOf(name: string): number {
    const { rows, columns } = this.#parameters.get(name)!;
    return rows * columns;
  }

  /**
   * Adds parts to a parameter's gradient, in order.
   *
   * @param parts f32 `[count, …]`, each shaped as on the device.
   * @param isFirst The gradient starts at 0.
   */
  addGradient(name: string, parts: Tensor<"f32">, isFirst: boolean): void {
    const { gradient, rows, columns } = this.#parameters.get(name)!;
    this.#backend.run(ADD_PARTS, {
      inputs: { values: parts },
      uniforms: { parts: parts.shape[0]!, keep: isFirst ? 0 : 1 },
      invocations: rows * columns,
      output: gradient,
    });
  }
}

/** `[rows, columns]` → `[columns, rows]`. */
function transpose(from: Float32Array, rows: number, columns: number): Float32Array {
  const to = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column]!;
  }
  return to;
}
