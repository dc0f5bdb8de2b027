/** How units are connected: what a unit sees of the input, and what it tells the classes. */
import type { Parameters } from "../../src/engine/engine.ts";
import { sampleFormOf } from "../../src/network/encoders.ts";
import { firstKernels, mapsOf } from "../../src/network/maps.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { INPUT } from "../../src/network/place.ts";
import { structureOf, type TensorSpec } from "../../src/network/structure.ts";
import { constantTensor, weightsOfInput } from "../../src/network/tensors.ts";

/** Weights as a picture. */
export interface Field {
  /** The input's picture that a unit weighs, or the kernel of its map. */
  readonly of: "input" | "kernel";
  readonly rows: number;
  readonly columns: number;
  /** `[rows, columns]`; of several channels, their sum. */
  readonly weights: Float32Array;
}

/**
 * Weights from a population to the classes, `[classes, units]`; undefined where it does not lead to the output neurons by one product
 * alone, with nothing or a `flatten` before it.
 */
export function linksOf(
  spec: NetworkSpec,
  parameters: Parameters,
  population: number,
): Float32Array | undefined {
  const { nodes, populations, readout } = structureOf(spec), from = populations[population]!;
  const sources = new Set([from.id]);
  for (const { node } of nodes) {
    if (node.kind === "flatten" && node.from.some((edge) => sources.has(edge.node))) sources.add(node.id);
  }
  const output = nodes.find(({ node }) => node.id === readout.id)!.node;
  const product = nodes.find(({ node }) =>
    node.kind === "affine" && output.from.some((edge) => edge.node === node.id) &&
    node.from.some((edge) => sources.has(edge.node))
  );
  const weights = product && parameters.get(`${product.node.id}.weight`);
  return weights?.length === readout.units * from.units ? weights : undefined;
}

/** The class that each unit speaks for: that of its largest weight. @param links `[classes, units]`. */
export function favouritesOf(links: Float32Array, units: number): Uint8Array {
  const classes = links.length / units;
  return Uint8Array.from({ length: units }, (_, unit) => {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if (links[label * units + unit]! > links[best * units + unit]!) best = label;
    }
    return best;
  });
}

/** Units by the class that they speak for, the strongest first. @param links `[classes, units]`. */
export function unitsByClass(links: Float32Array, units: number): Uint32Array {
  const favourites = favouritesOf(links, units),
    weightOf = (unit: number) => links[favourites[unit]! * units + unit]!;
  return Uint32Array.from({ length: units }, (_, unit) => unit)
    .sort((a, b) => favourites[a]! - favourites[b]! || weightOf(b) - weightOf(a) || a - b);
}

/** The rows of the units that speak for a class. */
export interface ClassRows {
  readonly label: number;
  /** Places in the order of {@linkcode unitsByClass}, the end without. */
  readonly from: number;
  readonly end: number;
}

/** The rows of each class that any unit speaks for. @param order Of {@linkcode unitsByClass}. */
export function rowsByClass(order: Uint32Array, favourites: Uint8Array): ClassRows[] {
  const groups: ClassRows[] = [];
  order.forEach((unit, at) => {
    const label = favourites[unit]!, last = groups.at(-1);
    if (last?.label === label) groups[groups.length - 1] = { ...last, end: at + 1 };
    else groups.push({ label, from: at, end: at + 1 });
  });
  return groups;
}

/**
 * Where names beside the rows of their classes stand, as shares of the height: beside the middle, but apart.
 *
 * @param apart The least distance of two of them.
 */
export function placesOfNames(groups: readonly ClassRows[], units: number, apart: number): number[] {
  const places: number[] = [], least = Math.min(apart, 1 / groups.length);
  for (const { from, end } of groups) {
    places.push(Math.max((from + end) / (2 * units), (places.at(-1) ?? -least) + least));
  }
  let most = 1 - least / 2;
  for (let i = places.length - 1; i >= 0; i--) {
    places[i] = Math.min(places[i]!, most);
    most = places[i]! - least;
  }
  return places;
}

/**
 * What a unit weighs: the input's picture, or with the kernel of its map; undefined where it reads other units, or channels of a sequence
 * that are no picture.
 */
export function fieldOf(
  spec: NetworkSpec,
  parameters: Parameters,
  population: number,
  unit: number,
): Field | undefined {
  const { inputs, inputShape: [channels = 1, height, width], populations } = structureOf(spec);
  const tensor = weightsOfInput(spec) ?? weightsOfFlattened(spec),
    matrix = tensor && parameters.get(tensor.name);
  if (matrix && tensor.population === population) {
    if (height === undefined && sampleFormOf(spec).isSequence) return undefined;
    const planes = height === undefined ? 1 : channels, size = inputs / planes;
    const rows = height ?? Math.round(Math.sqrt(size)), columns = width ?? rows;
    if (rows * columns !== size) return undefined;
    const own = matrix.subarray(unit * inputs, (unit + 1) * inputs);
    return { of: "input", rows, columns, weights: sumOfPlanes(own, planes) };
  }
  const found = firstKernels(spec), kernels = found && parameters.get(found.tensor.name);
  const maps = mapsOf(populations[population]!.shape);
  if (!found?.isOfInput || !kernels || found.population?.index !== population || !maps) return undefined;
  const [, planes = 1, rows = 1, columns = 1] = found.tensor.shape, size = planes * rows * columns;
  const map = Math.floor(unit / (maps.rows * maps.columns));
  const own = kernels.subarray(map * size, (map + 1) * size);
  return { of: "kernel", rows, columns, weights: sumOfPlanes(own, planes) };
}

/** The first weights `[units, inputs]` that read the network's input as a list. */
function weightsOfFlattened(spec: NetworkSpec): TensorSpec | undefined {
  const { nodes, tensors } = structureOf(spec);
  const list = nodes.find(({ node }) =>
    node.kind === "flatten" && node.from.every(({ node }) => node === INPUT)
  );
  const reader = nodes.find(({ node }) =>
    node.kind === "affine" && node.from.every((edge) => edge.node === list?.node.id)
  );
  return tensors.find(({ node, role }) => role === "weight" && node === reader?.node.id);
}

function sumOfPlanes(weights: Float32Array, planes: number): Float32Array {
  const size = weights.length / planes;
  return Float32Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let plane = 0; plane < planes; plane++) sum += weights[plane * size + i]!;
    return sum;
  });
}

/** A unit's threshold, of its own or of its population; undefined where it has none. */
export function thresholdOf(
  spec: NetworkSpec,
  parameters: Parameters,
  population: number,
  unit: number,
): number | undefined {
  const { neuron } = structureOf(spec).populations[population]!;
  if (!("threshold" in neuron)) return undefined;
  const tensor = constantTensor(spec, population, "threshold");
  return tensor ? parameters.get(tensor.name)?.[unit] : neuron.threshold;
}
