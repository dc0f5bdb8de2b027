/**
 * The blocks by which a gradient's squares are summed.
 *
 * A norm is the root of a sum over blocks in their order; each block lies in one layer, and one thread sums it. So a norm has the
 * same bits for any assignment of blocks to threads.
 */
import { inMemoryOrder, type ParameterLayout, type TensorPlace } from "./layout.ts";

/** Floats of a block, and of a panel as many whole rows as fit in; a layer's or panel's last one may have fewer. */
const BLOCK = 1024;

/** A run of the flat parameters, in floats. */
export interface GradientBlock {
  readonly from: number;
  readonly to: number;
  /** From 0. */
  readonly layer: number;
}

/** Cuts all parameters into blocks, in their order. A block begins with each layer, each panel, and behind those `apart`. */
export function gradientBlocks(layout: ParameterLayout): readonly GradientBlock[] {
  const { size, apart } = layout, tensors = inMemoryOrder(layout);
  const isFirst = (i: number) => tensors[i - 1]?.tensor.population !== tensors[i]!.tensor.population;
  const runs = tensors.filter((_, i) => isFirst(i));
  const panelStarts = ({ at, size, panel }: TensorPlace) =>
    panel ? Array.from({ length: size / panel.stride }, (_, i) => at + i * panel.stride) : [];
  const starts = [...new Set([...runs.map(({ at }) => at), ...tensors.flatMap(panelStarts), apart])].sort((
    a,
    b,
  ) => a - b)
    .filter((start) => start < size);
  return starts.flatMap((start, i) => {
    const end = starts[i + 1] ?? size;
    const { panel } = tensors.findLast(({ at }) => at <= start)!, row = panel?.units ?? 1;
    // Kernels take four inputs at a time.
    const block = panel ? Math.floor(BLOCK / (4 * row)) * 4 * row : BLOCK;
    return Array.from({ length: Math.ceil((end - start) / block) }, (_, i): GradientBlock => {
      const from = start + i * block;
      const layer = tensors.findLast(({ at }) => at <= from)!.tensor.population;
      return { from, to: Math.min(end, from + block), layer };
    });
  });
}

/** The L2 norm of each layer's gradient. @param squares Σ g² of each block. */
export function layerNorms(
  blocks: readonly GradientBlock[],
  squares: Float64Array,
  layers: number,
): readonly number[] {
  const sums = new Array<number>(layers).fill(0);
  blocks.forEach(({ layer }, i) => sums[layer]! += squares[i]!);
  return sums.map(Math.sqrt);
}
