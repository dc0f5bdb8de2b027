/**
 * A network's parameters on the device, with their gradients and what the optimiser remembers.
 *
 * Weights lie by input, `[inputs, units]`: so products of rows by weights read both along their rows. Behind each tensor's
 * values lie its moments, in the same buffer: one kernel updates all.
 *
 * @module
 */
import { ADD_PARTS, SUM_ROWS } from "../../../asm/gradient.wgsl.ts";
import { SGD } from "../../../asm/optimiser.wgsl.ts";
import { tensorOf } from "../checks.ts";
import type { Parameters, Step } from "../engine.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import type { LayerPlan, Plan } from "../plan.ts";

/** What the optimiser remembers of each parameter, in the order in which it lies behind the values. */
const MOMENTS = ["velocity"] as const;

/** One tensor of parameters. */
interface Parameter {
  readonly name: string;
  /** In files it is `[rows, columns]`, on the device `[columns, rows]`. */
  readonly rows: number;
  readonly columns: number;
  /** Values, then each of the moments. */
  values: Tensor<"f32">;
  readonly gradient: Tensor<"f32">;
}

/** All that moves while a network is trained. */
export class DeviceParameters {
  readonly #backend: Backend;
  readonly #parameters: readonly Parameter[];

  constructor(backend: Backend, { layers }: Plan) {
    this.#backend = backend;
    this.#parameters = layers.flatMap(({ index, inputs, units }) => [
      this.#make(`w${index + 1}`, units, inputs),
      this.#make(`b${index + 1}`, units, 1),
    ]);
  }

  /** Puts values and moments in place; moments that are not given are 0. @throws {RangeError} when one has not its size. */
  set(parameters: Parameters, moments: ReadonlyMap<string, Parameters> = new Map()): void {
    // All of them are read before the first is written: what does not fit changes nothing.
    const images = this.#parameters.map(({ name, rows, columns }) => {
      const size = rows * columns;
      const image = new Float32Array((1 + MOMENTS.length) * size);
      image.set(transpose(tensorOf(parameters, name, size), rows, columns));
      MOMENTS.forEach((moment, i) => {
        const values = moments.get(moment);
        if (values) image.set(transpose(tensorOf(values, name, size), rows, columns), (i + 1) * size);
      });
      return image;
    });
    this.#parameters.forEach((parameter, i) => {
      this.#backend.release(parameter.values);
      parameter.values = this.#backend.upload(images[i]!, parameter.values.shape);
    });
  }

  /** The values, as they are after all that has been recorded so far. */
  async read(): Promise<Map<string, Float32Array>> {
    const views = this.#parameters.map(({ values, rows, columns }) =>
      this.#backend.view(values, [rows * columns])
    );
    const images = await this.#backend.read(...views);
    return new Map(
      this.#parameters.map(({ name, rows, columns }, i) => [name, transpose(images[i]!, columns, rows)]),
    );
  }

  /** The values and each of the moments. */
  async readAll(): Promise<{ parameters: Map<string, Float32Array>; moments: Map<string, Parameters> }> {
    const images = await this.#backend.read(...this.#parameters.map(({ values }) => values));
    const part = (which: number) =>
      new Map(this.#parameters.map(({ name, rows, columns }, i) => {
        const size = rows * columns;
        return [
          name,
          transpose(images[i]!.subarray(which * size, (which + 1) * size), columns, rows),
        ] as const;
      }));
    return { parameters: part(0), moments: new Map(MOMENTS.map((moment, i) => [moment, part(i + 1)])) };
  }

  /** W of a layer, `[inputs, units]`. */
  weights({ index, inputs, units }: LayerPlan): Tensor<"f32"> {
    return this.#backend.view(this.#parameters[2 * index]!.values, [inputs, units]);
  }

  /** b of a layer, `[units]`. */
  bias({ index, units }: LayerPlan): Tensor<"f32"> {
    return this.#backend.view(this.#parameters[2 * index + 1]!.values, [units]);
  }

  /**
   * Adds to a layer's gradients, group by group in their order.
   *
   * @param weights f32 `[groups, inputs, units]`.
   * @param sums A tensor that has Σ_t δI_t of each sample, `[samples, units]`, from `begin` on.
   * @param isFirst Nothing has been added yet since the last step.
   */
  addGradients(
    { index, inputs, units }: LayerPlan,
    weights: Tensor<"f32">,
    { sums, begin, samples, groups }: { sums: Tensor<"f32">; begin: number; samples: number; groups: number },
    isFirst: boolean,
  ): void {
    const backend = this.#backend, keep = isFirst ? 0 : 1;
    backend.run(ADD_PARTS, {
      inputs: { values: weights },
      uniforms: { parts: groups, keep },
      invocations: inputs * units,
      output: this.#parameters[2 * index]!.gradient,
    });
    const biases = backend.run(SUM_ROWS, {
      inputs: { values: sums },
      uniforms: { begin, rows: samples / groups, columns: units },
      invocations: groups * units,
      output: [groups, units],
    });
    backend.run(ADD_PARTS, {
      inputs: { values: biases },
      uniforms: { parts: groups, keep },
      invocations: units,
      output: this.#parameters[2 * index + 1]!.gradient,
    });
  }

  /** One step of the optimiser, over the gradients that were added. */
  update({ learningRate, momentum }: Step): void {
    for (const { rows, columns, values, gradient } of this.#parameters) {
      this.#backend.run(SGD, {
        inputs: { gradient },
        uniforms: { learningRate, momentum },
        invocations: rows * columns,
        output: values,
      });
    }
  }

  #make(name: string, rows: number, columns: number): Parameter {
    return {
      name,
      rows,
      columns,
      values: this.#backend.upload(new Float32Array((1 + MOMENTS.length) * rows * columns), [
        1 + MOMENTS.length,
        columns,
        rows,
      ]),
      gradient: this.#backend.allocate("f32", [columns, rows]),
    };
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
