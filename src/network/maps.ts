/** Feature maps: a population of shape `[maps, rows, columns]`, whose units lie map by map, each row by row from the top. */
import { INPUT } from "./place.ts";
import type { Shape } from "./shape.ts";
import type { NetworkSpec } from "./spec.ts";
import { type Population, structureOf, type TensorSpec } from "./structure.ts";

/** The sizes of feature maps. */
export interface MapSizes {
  /** How many there are. */
  readonly maps: number;
  /** Of each, from top to bottom. */
  readonly rows: number;
  /** Of each, from left to right. */
  readonly columns: number;
}

/** The feature maps of a shape; `undefined` where it has none, or they are single units. */
export function mapsOf([maps, rows = 1, columns = 1]: Shape): MapSizes | undefined {
  return rows * columns > 1 ? { maps, rows, columns } : undefined;
}

/** A unit with its place, row and column from 0: `unit 17`, or, of feature maps, `map 3 (4, 5)`. */
export function unitName(shape: Shape, unit: number): string {
  const sizes = mapsOf(shape);
  if (!sizes) return `unit ${unit}`;
  const { rows, columns } = sizes, place = unit % (rows * columns);
  return `map ${Math.floor(unit / (rows * columns))} (${Math.floor(place / columns)}, ${place % columns})`;
}

/** The kernels of a convolution. */
export interface Kernels {
  /** `[kernels, channels, rows, columns]`. */
  readonly tensor: TensorSpec;
  /** Its channels are those of the network's input. */
  readonly isOfInput: boolean;
  /** The neurons whose maps are those of the kernels, one a kernel; `undefined` where others come between. */
  readonly population: Population | undefined;
}

/** The kernels of the first convolution in a network's description; `undefined` where there is none. */
export function firstKernels(spec: NetworkSpec): Kernels | undefined {
  const { nodes, tensors, populations } = structureOf(spec);
  const first = nodes.find(({ node }) => node.kind === "conv2d")?.node;
  const tensor = first && tensors.find(({ node, role }) => node === first.id && role === "weight");
  if (!tensor) return undefined;
  const before = new Set([INPUT]), behind = new Set([first.id]);
  for (const { node } of nodes) {
    const isMixed = node.kind === "conv2d" || node.kind === "affine" || node.kind === "flatten";
    const isNeurons = populations.some(({ id }) => id === node.id);
    if (isMixed) continue;
    if (!isNeurons && node.from.every((edge) => before.has(edge.node))) before.add(node.id);
    if (node.from.every((edge) => behind.has(edge.node))) behind.add(node.id);
  }
  return {
    tensor,
    isOfInput: first.from.every(({ node }) => before.has(node)),
    population: populations.find(({ id }) => behind.has(id)),
  };
}
