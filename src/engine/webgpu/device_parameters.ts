/**
 * A network's parameters on the device, with their gradients and what the optimiser remembers.
 *
 * Weights lie by input, `[inputs, units]`: so products of rows by weights read both along their rows. Behind each tensor's
 * values lie its moments, in the same buffer: one kernel updates all.
 *
 * @module
 */
import { ADD_PARTS, SUM_ROWS } from "../../../asm/gradient.wgsl.ts";
import { ADAM } from "../../../asm/optimisers/adam.wgsl.ts";
import { CLIP_FACTOR, SQUARES, SUM_SQUARES } from "../../../asm/optimisers/clip.wgsl.ts";
import { SGD } from "../../../asm/optimisers/sgd.wgsl.ts";
import { tensorOf } from "../checks.ts";
import type { Parameters } from "../engine.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import { adamConstants, type CompleteStep } from "../optimiser.ts";
import type { LayerPlan, Plan } from "../plan.ts";

/** What an optimiser remembers of each parameter, at most: SGD its velocity, Adam mean and square. */
const MOMENTS = 2;

/** One tensor of parameters. */
interface Parameter {
  readonly name: string;
  /** In files it is `[rows, columns]`, on the device `[columns, rows]`. */
  readonly rows: number;
  readonly columns: number;
  /** Values, then the moments. */
  values: Tensor<"f32">;
  readonly gradient: Tensor<"f32">;
}

/** All that moves while a network is trained. */
export class DeviceParameters {
  readonly #backend: Backend;
  readonly #parameters: readonly Parameter[];
  /** f32 `[1]`: 1, what a gradient that is not clipped is multiplied by. */
  readonly #whole: Tensor<"f32">;

  constructor(backend: Backend, { layers }: Plan) {
    this.#backend = backend;
    this.#parameters = layers.flatMap(({ index, inputs, units }) => [
      this.#make(`w${index + 1}`, units, inputs),
      this.#make(`b${index + 1}`, units, 1),
    ]);
    this.#whole = backend.upload(Float32Array.of(1), [1]);
  }

  /** Puts values and moments in place; moments that are not given are 0. @throws {RangeError} when one has not its size. */
  set(parameters: Parameters, moments: readonly Parameters[] = []): void {
    // All of them are read before the first is written: what does not fit changes nothing.
    const images = this.#parameters.map(({ name, rows, columns }) => {
      const size = rows * columns;
      const image = new Float32Array((1 + MOMENTS) * size);
      [parameters, ...moments].forEach((values, i) => {
        image.set(transpose(tensorOf(values, name, size), rows, columns), i * size);
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

  /** The values, and the first moments. */
  async readAll(
    moments: number,
  ): Promise<{ parameters: Map<string, Float32Array>; moments: Map<string, Float32Array>[] }> {
    const views = this.#parameters.map(({ values, rows, columns }) =>
      this.#backend.view(values, [1 + moments, columns, rows])
    );
    const images = await this.#backend.read(...views);
    const part = (which: number) =>
      new Map(this.#parameters.map(({ name, rows, columns }, i) => {
        const size = rows * columns;
        return [
          name,
          transpose(images[i]!.subarray(which * size, (which + 1) * size), columns, rows),
        ] as const;
      }));
    return { parameters: part(0), moments: Array.from({ length: moments }, (_, i) => part(i + 1)) };
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

  /**
   * One step of the optimiser, over the gradients that were added.
   *
   * @param number Which step this is, from 1.
   */
  update(step: CompleteStep, number: number): void {
    const backend = this.#backend;
    backend.scoped(() => {
      const factor = step.clip < Infinity ? this.#clip(step.clip) : this.#whole;
      for (const { rows, columns, values, gradient } of this.#parameters) {
        const call = { inputs: { gradient, factor }, invocations: rows * columns, output: values };
        switch (step.kind) {
          case "sgd": {
            const { learningRate, momentum, weightDecay } = step;
            backend.run(SGD, { ...call, uniforms: { learningRate, momentum, decay: weightDecay } });
            break;
          }
          case "adam":
          case "adamw": {
            const { beta1, beta2, epsilon } = step;
            const constants = { toMean: 1 - beta1, keep: beta2, toSquare: 1 - beta2, epsilon };
            backend.run(ADAM, { ...call, uniforms: { ...constants, ...adamConstants(step, number) } });
            break;
          }
          default:
            step satisfies never;
        }
      }
    });
  }

  /** What the gradient of all parameters together is multiplied by, f32 `[1]`, so that it is no longer than `clip`. */
  #clip(clip: number): Tensor<"f32"> {
    const backend = this.#backend;
    const calls = this.#parameters.map(({ rows, columns }) => Math.ceil(rows * columns / SQUARES));
    const count = calls.reduce((sum, each) => sum + each, 0);
    const squares = backend.allocate("f32", [count]);
    let begin = 0;
    this.#parameters.forEach(({ rows, columns, gradient }, i) => {
      backend.run(SUM_SQUARES, {
        inputs: { gradient },
        uniforms: { begin, count: rows * columns },
        invocations: calls[i]!,
        output: squares,
      });
      begin += calls[i]!;
    });
    return backend.run(CLIP_FACTOR, {
      inputs: { squares },
      uniforms: { count, clip },
      invocations: 1,
      output: [1],
    });
  }

  #make(name: string, rows: number, columns: number): Parameter {
    return {
      name,
      rows,
      columns,
      values: this.#backend.upload(new Float32Array((1 + MOMENTS) * rows * columns), [
        1 + MOMENTS,
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
