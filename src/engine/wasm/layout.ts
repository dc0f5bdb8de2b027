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
  /** Where rows lie in panels: how many of a panel, and floats from panel to panel. */
  readonly panel: Panel | undefined;
  /** Where each column of the file lies among the columns in memory, where that is another place. */
  readonly order: Uint32Array | undefined;
}

/** A panel of a product's weights, `[inputs][units]`. */
export interface Panel {
  readonly units: number;
  readonly stride: number;
}

/** The places of all tensors in the order of a file, and the size of the whole in floats. */
export interface ParameterLayout {
  readonly tensors: readonly TensorPlace[];
  readonly size: number;
  /**
   * Parameters before this one have gradients that are not summed sample by sample: weights of products of one row, which have a stage
   * of their own, or those of a product that is computed elsewhere.
   */
  readonly apart: number;
}

/** Most units of a panel: their sums stay in registers (asm/panel_rows.ts). */
export const MOST_PANEL_UNITS = 32;

/** Units cut into panels as even as can be. @returns How many panels, and their units, padding included. */
export function panelsOf(units: number): { readonly panels: number; readonly width: number } {
  const panels = Math.ceil(units / MOST_PANEL_UNITS);
  return { panels, width: roundUp(Math.ceil(units / panels), 4) };
}

/** Lays out a plan's parameters. */
export function layOut(plan: Plan): ParameterLayout {
  let size = 0;
  const products = new Map(plan.products.flatMap((product) => [
    [product.weight, product] as const,
    ...(product.bias === undefined ? [] : [[product.bias, product] as const]),
  ]));
  const places = new Map<TensorSpec, TensorPlace>();
  const put = (tensor: TensorSpec) => {
    const product = products.get(tensor.name);
    const place = product?.weight === tensor.name
      ? weightPlace(plan, product)
      : vectorPlace(plan, tensor, product?.bias === tensor.name ? product : undefined);
    places.set(tensor, { tensor, at: size, ...place });
    size += roundUp(place.size, 16);
  };
  const isApart = ({ name }: TensorSpec) => {
    const product = products.get(name);
    return product?.weight === name &&
      (product.weightsBy === "panel" || (plan.isExternal && product.input.value === plan.input));
  };
  plan.tensors.filter(isApart).forEach(put);
  const apart = size;
  plan.tensors.filter((tensor) => !isApart(tensor)).forEach(put);
  return { tensors: plan.tensors.map((tensor) => places.get(tensor)!), size, apart };
}

/** The places in the order of the parameters. */
export function inMemoryOrder({ tensors }: ParameterLayout): readonly TensorPlace[] {
  return tensors.toSorted((a, b) => a.at - b.at);
}

function weightPlace(plan: Plan, { inputs, units, weightsBy, inputShape, input, output }: Product) {
  const order = channelsLast(inputShape);
  if (weightsBy === "panel") {
    const { panels, width } = panelsOf(units), stride = widthOf(plan, input.value) * width;
    const panel = { units: width, stride };
    return {
      size: panels * stride,
      rows: units,
      columns: inputs,
      rowStride: 1,
      columnStride: width,
      panel,
      order,
    };
  }
  const isByInput = weightsBy === "input";
  const row = isByInput ? widthOf(plan, output) : widthOf(plan, input.value);
  return {
    size: (isByInput ? roundUp(inputs + 1, 8) : roundUp(units + 1, 4)) * row,
    rows: units,
    columns: inputs,
    rowStride: isByInput ? 1 : row,
    columnStride: isByInput ? row : 1,
    panel: undefined,
    order,
  };
}

/** A bias, one number for each number of a node, or a tensor of an operator, in the order of its kernels. */
function vectorPlace(plan: Plan, { shape, node, inMemory }: TensorSpec, product: Product | undefined) {
  const columns = shape.reduce((a, b) => a * b, 1);
  const population = plan.populations.find((other) => other.node === node);
  const size = product
    ? product.weightsBy === "panel" ? panelUnits(product) : roundUp(columns + 1, 8)
    : population
    ? widthOf(plan, population.input)
    : inMemory?.size ?? roundUp(columns, 4);
  const order = inMemory
    ? inMemory.places
    : shape.length === 3
    ? channelsLast([shape[0]!, shape[1]!, shape[2]!])
    : undefined;
  return { size, rows: 1, columns, rowStride: 0, columnStride: 1, panel: undefined, order };
}

/** Units of a product in panels, padding included. */
export function panelUnits({ units }: Product): number {
  const { panels, width } = panelsOf(units);
  return panels * width;
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
  const weigh = plan.forward.find((step) => step.kind === "weigh" && step.into === index);
  if (weigh?.kind === "weigh") {
    return isInPanels(plan, plan.values[plan.populations[weigh.population]!.output]!);
  }
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
export function constantRanges(layout: ParameterLayout): (readonly [from: number, to: number])[] {
  return inMemoryOrder(layout).flatMap(({ tensor: { role }, at, size }) =>
    role === "weight" || role === "bias" ? [] : [[at, at + size] as const]
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
  { at, rows, columns, rowStride, columnStride, panel, order }: TensorPlace,
  visit: (i: number, at: number) => void,
): void {
  for (let row = 0, i = 0; row < rows; row++) {
    const begin = at +
      (panel ? Math.floor(row / panel.units) * panel.stride + row % panel.units : row * rowStride);
    for (let column = 0; column < columns; column++, i++) {
      visit(i, begin + (order ? order[column]! : column) * columnStride);
    }
  }
}
