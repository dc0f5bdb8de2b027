/**
 * Where each parameter lies in the kernels' memory: padded for SIMD, and turned the way the products read it.
 *
 * Weights of the lowest layer lie by unit, `[units, inputs]`, where its gradient follows from spikes, its input is constant,
 * or features are multiplied into them. All others lie by input, `[inputs, units]`: a spike meets one row. Either way at
 * least one row of zeros lies behind them, which stands in for what a panel lacks. Padding is 0 and stays 0, for its
 * gradient is 0: so the optimizer walks over the whole as one vector.
 *
 * @module
 */
import { foldsFeatures } from "../../network/encoders.ts";
import type { Trainable } from "../../network/neurons.ts";
import { tensorOf } from "../checks.ts";
import type { Parameters } from "../engine.ts";
import type { LayerPlan, Plan } from "../plan.ts";

/** The least multiple of `step` that is not below `n`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

/** A layer's place. Offsets and strides are counted in floats. */
export interface LayerLayout {
  readonly layer: LayerPlan;
  readonly weights: number;
  readonly bias: number;
  /** V, `[width][width]` by input; undefined where the layer is not recurrent. */
  readonly recurrent: number | undefined;
  /** Learned constants, `[width]`. */
  readonly learned: ReadonlyMap<Trainable, number>;
  /** Whether weights lie by input. */
  readonly byInput: boolean;
  /** From a weight to the same unit's for the next input. */
  readonly inputStride: number;
  /** From a weight to the next unit's for the same input. */
  readonly unitStride: number;
  /** Units of a row of currents or states, padded to whole vectors (8 where panels are read as they are, else 4). */
  readonly width: number;
}

/** The places of all layers, and the size of the whole in floats. */
export interface ParameterLayout {
  readonly layers: readonly LayerLayout[];
  readonly size: number;
}

/**
 * Lays out a plan's parameters.
 *
 * @param isExternal The lowest layer's currents are made elsewhere: from weights by unit, in rows.
 */
export function layOut(plan: Plan, isExternal = false): ParameterLayout {
  let size = 0;
  const take = (floats: number) => {
    const at = size;
    size += roundUp(floats, 16);
    return at;
  };
  const layers = plan.layers.map((layer): LayerLayout => {
    const { source, backwardFrom, units, inputs } = layer;
    const byInput = source === "spikes" ||
      (source === "inputs" && backwardFrom === "steps" && !foldsFeatures(plan.spec.encoder) && !isExternal);
    const width = roundUp(units, byInput || isExternal ? 4 : 8), row = byInput ? width : roundUp(inputs, 4);
    const weights = take((byInput ? roundUp(inputs + 1, 8) : roundUp(units + 1, 4)) * row);
    const bias = take(roundUp(units + 1, 8));
    const recurrent = layer.recurrent ? take(width * width) : undefined;
    const learned = new Map(layer.learned.map((name) => [name, take(width)]));
    const strides = byInput ? { inputStride: row, unitStride: 1 } : { inputStride: 1, unitStride: row };
    return { layer, weights, bias, recurrent, learned, byInput, ...strides, width };
  });
  return { layers, size };
}

/** Where learned constants of neurons lie, from and to, ascending: weight decay leaves them alone. */
export function constantRanges({ layers }: ParameterLayout): (readonly [from: number, to: number])[] {
  return layers.flatMap(({ learned, width }) => [...learned.values()].map((at) => [at, at + width] as const));
}

/** A tensor of a file and where its numbers lie. */
interface Place {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly at: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Every tensor, in the order of `parameterShapes`. */
function placesOf({ layers }: ParameterLayout): Place[] {
  return layers.flatMap(({ layer, weights, bias, recurrent, learned, inputStride, unitStride, width }) => {
    const { index, units, inputs } = layer;
    const vector = (name: string, at: number): Place => ({
      name: `${name}${index + 1}`,
      rows: units,
      columns: 1,
      at,
      rowStride: 1,
      columnStride: 0,
    });
    return [
      {
        name: `w${index + 1}`,
        rows: units,
        columns: inputs,
        at: weights,
        rowStride: unitStride,
        columnStride: inputStride,
      },
      vector("b", bias),
      ...(recurrent === undefined ? [] : [{
        name: `v${index + 1}`,
        rows: units,
        columns: units,
        at: recurrent,
        rowStride: 1,
        columnStride: width,
      }]),
      ...[...learned].map(([name, at]) => vector(name, at)),
    ];
  });
}

/** Parameters in file order → the kernels' layout. */
export function toLayout(layout: ParameterLayout, parameters: Parameters): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, rows, columns, at, rowStride, columnStride } of placesOf(layout)) {
    const tensor = tensorOf(parameters, name, rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        flat[at + row * rowStride + column * columnStride] = tensor[row * columns + column]!;
      }
    }
  }
  return flat;
}

/** The kernels' layout → parameters in file order. */
export function fromLayout(layout: ParameterLayout, flat: Float32Array): Map<string, Float32Array> {
  return new Map(
    placesOf(layout).map(({ name, rows, columns, at, rowStride, columnStride }) => {
      const tensor = new Float32Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          tensor[row * columns + column] = flat[at + row * rowStride + column * columnStride]!;
        }
      }
      return [name, tensor];
    }),
  );
}
