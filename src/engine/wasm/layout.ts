/**
 * The layout of the parameters in the kernels' memory: padded for SIMD, and in the order in which the products read them.
 *
 * Weights of the lowest layer lie by unit, `[units, inputs]`, where its gradient follows from spikes, its input is constant,
 * or features are multiplied into them. All others lie by input, `[inputs, units]`: a spike reads one row. At least one row of
 * zeros lies behind them, which fills up an incomplete panel. Padding is 0 and stays 0, since its gradient is 0: so the
 * optimizer works on the whole as one vector.
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

/** The ranges of neurons' learned constants, ascending: they are exempt from weight decay. */
export function constantRanges({ layers }: ParameterLayout): (readonly [from: number, to: number])[] {
  return layers.flatMap(({ learned, width }) => [...learned.values()].map((at) => [at, at + width] as const));
}

/** A tensor of a file, and the index in the layout of its number in a row and column. */
interface Place {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly indexOf: (row: number, column: number) => number;
}

/** Every tensor, in the order of `parameterShapes`. */
function placesOf({ layers }: ParameterLayout): Place[] {
  return layers.flatMap(({ layer, weights, bias, recurrent, learned, inputStride, unitStride, width }) => {
    const { index, units, inputs } = layer;
    const place = (
      name: string,
      columns: number,
      at: number,
      rowStride: number,
      columnStride: number,
    ): Place => ({
      name: `${name}${index + 1}`,
      rows: units,
      columns,
      indexOf: (row, column) => at + row * rowStride + column * columnStride,
    });
    return [
      place("w", inputs, weights, unitStride, inputStride),
      place("b", 1, bias, 1, 0),
      ...(recurrent === undefined ? [] : [place("v", units, recurrent, 1, width)]),
      ...[...learned].map(([name, at]) => place(name, 1, at, 1, 0)),
    ];
  });
}

/** Parameters in file order → the kernels' layout. */
export function toLayout(layout: ParameterLayout, parameters: Parameters): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, rows, columns, indexOf } of placesOf(layout)) {
    const tensor = tensorOf(parameters, name, rows * columns);
    for (let i = 0; i < tensor.length; i++) flat[indexOf(Math.floor(i / columns), i % columns)] = tensor[i]!;
  }
  return flat;
}

/** The kernels' layout → parameters in file order. */
export function fromLayout(layout: ParameterLayout, flat: Float32Array): Map<string, Float32Array> {
  return new Map(
    placesOf(layout).map(({ name, rows, columns, indexOf }) => {
      const tensor = new Float32Array(rows * columns);
      for (let i = 0; i < tensor.length; i++) {
        tensor[i] = flat[indexOf(Math.floor(i / columns), i % columns)]!;
      }
      return [name, tensor];
    }),
  );
}
