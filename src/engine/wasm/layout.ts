/**
 * The layout of the parameters in the kernels' memory: padded for SIMD, and in the order in which the products read them.
 *
 * Weights lie by unit, `[units, inputs]`, or by input, `[inputs, units]`, as the plan says: by input a spike meets one row. Either
 * way at least one row of zeros lies behind them, which stands in for what a panel lacks. Padding is 0 and stays 0, for its
 * gradient is 0: so the optimizer walks over the whole as one vector.
 */
import type { Shape } from "../../network/graph.ts";
import { isFlat, sizeOf } from "../../network/shape.ts";
import type { TensorSpec } from "../../network/structure.ts";
import { tensorOf } from "../checks.ts";
import type { Parameters } from "../engine.ts";
import type { Plan, Product, Value } from "../plan/plan.ts";

/** The least multiple of `step` that is not below `n`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

/** A tensor of a file, `[rows][columns]`, and where its numbers lie. Offsets and strides are counted in floats. */
export interface TensorPlace {
  readonly tensor: TensorSpec;
  readonly at: number;
  /** How many floats it has there, padding included. */
  readonly size: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** Where each column of the file lies among the columns in memory, where that is another place. */
  readonly order: Uint32Array | undefined;
}

/** The places of all tensors in the order of a file, and the size of the whole in floats. */
export interface ParameterLayout {
  readonly tensors: readonly TensorPlace[];
  readonly size: number;
}

/** Lays out a plan's parameters. */
export function layOut(plan: Plan): ParameterLayout {
  let size = 0;
  const products = new Map(plan.products.flatMap((product) => [
    [product.weight, product] as const,
    ...(product.bias === undefined ? [] : [[product.bias, product] as const]),
  ]));
  const tensors = plan.tensors.map((tensor): TensorPlace => {
    const product = products.get(tensor.name);
    const place = product?.weight === tensor.name
      ? weightPlace(plan, product)
      : vectorPlace(plan, tensor, product?.bias === tensor.name);
    const at = size;
    size += roundUp(place.size, 16);
    return { tensor, at, ...place };
  });
  return { tensors, size };
}

function weightPlace(plan: Plan, { inputs, units, weightsBy, inputShape, input, output }: Product) {
  const isByInput = weightsBy === "input";
  const row = isByInput ? widthOf(plan, output) : widthOf(plan, input.value);
  return {
    size: (isByInput ? roundUp(inputs + 1, 8) : roundUp(units + 1, 4)) * row,
    rows: units,
    columns: inputs,
    rowStride: isByInput ? 1 : row,
    columnStride: isByInput ? row : 1,
    order: channelsLast(inputShape),
  };
}

/** A bias, or one number for each number of a node. */
function vectorPlace(plan: Plan, { shape, node }: TensorSpec, isBias: boolean) {
  const columns = shape.reduce((a, b) => a * b, 1);
  const population = plan.populations.find((other) => other.node === node);
  const size = isBias
    ? roundUp(columns + 1, 8)
    : population
    ? widthOf(plan, population.input)
    : roundUp(columns, 4);
  const order = shape.length === 3 ? channelsLast([shape[0]!, shape[1]!, shape[2]!]) : undefined;
  return { size, rows: 1, columns, rowStride: 0, columnStride: 1, order };
}

/**
 * Floats of a value's row: whole vectors of 4, or of 8 where a product leaves it in panels. What neurons make of currents is as wide as
 * these, and a gradient as its value.
 */
export function widthOf(plan: Plan, index: number): number {
  const value = plan.values[index]!;
  return roundUp(value.units, isInPanels(plan, value) ? 8 : 4);
}

function isInPanels(plan: Plan, { index, gradientOf }: Value): boolean {
  if (gradientOf !== undefined) return isInPanels(plan, plan.values[gradientOf]!);
  const population = plan.populations.find(({ output }) => output === index);
  if (population) return isInPanels(plan, plan.values[population.input]!);
  return plan.products.some(({ output, weightsBy }) => output === index && weightsBy === "unit") &&
    !plan.isExternal;
}

/** Where each number of a shape lies in memory, whose order is row, column, channel; undefined where the order is the file's. */
export function channelsLast(shape: Shape): Uint32Array | undefined {
  if (isFlat(shape)) return undefined;
  const [channels] = shape, positions = sizeOf(shape) / channels;
  return Uint32Array.from(
    { length: channels * positions },
    (_, i) => (i % positions) * channels + Math.floor(i / positions),
  );
}

/** Where weight decay leaves parameters alone, from and to, ascending: constants of neurons, and what is not learned. */
export function constantRanges({ tensors }: ParameterLayout): (readonly [from: number, to: number])[] {
  return tensors.flatMap(({ tensor: { role }, at, size }) =>
    role === "constant" || role === "fixed" ? [[at, at + size] as const] : []
  );
}

/** Parameters in file order → the kernels' layout. */
export function toLayout(layout: ParameterLayout, parameters: Parameters): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const place of layout.tensors) {
    const { tensor: { name }, rows, columns } = place;
    const from = tensorOf(parameters, name, rows * columns);
    walk(place, (i, at) => flat[at] = from[i]!);
  }
  return flat;
}

/** The kernels' layout → parameters in file order. */
export function fromLayout(layout: ParameterLayout, flat: Float32Array): Map<string, Float32Array> {
  return new Map(layout.tensors.map((place) => {
    const to = new Float32Array(place.rows * place.columns);
    walk(place, (i, at) => to[i] = flat[at]!);
    return [place.tensor.name, to];
  }));
}

/** Visits each number of a tensor: its place in the file, and its place in memory. */
function walk(
  { at, rows, columns, rowStride, columnStride, order }: TensorPlace,
  visit: (i: number, at: number) => void,
): void {
  for (let row = 0, i = 0; row < rows; row++) {
    const begin = at + row * rowStride;
    for (let column = 0; column < columns; column++, i++) {
      visit(i, begin + (order ? order[column]! : column) * columnStride);
    }
  }
}
