/**
 * The blocks by which a gradient's squares are summed.
 *
 * A norm is the root of a sum over blocks in their order; each block lies in one layer, and one thread sums it. So a norm has the
 * same bits for any assignment of blocks to threads.
 */
import type { ParameterLayout } from "./layout.ts";

/** Floats of a block; a layer's last one may have fewer. */
const BLOCK = 1024;

/** A run of the flat parameters, in floats. */
export interface GradientBlock {
  readonly from: number;
  readonly to: number;
  /** From 0. */
  readonly layer: number;
}

/** Cuts all parameters into blocks, in their order. A block begins behind the first `given` ones, whose gradient is external. */
export function gradientBlocks({ tensors, size }: ParameterLayout, given: number): readonly GradientBlock[] {
  const isFirst = (i: number) => tensors[i - 1]?.tensor.population !== tensors[i]!.tensor.population;
  const runs = tensors.filter((_, i) => isFirst(i));
  const starts = [...new Set([...runs.map(({ at }) => at), given])].sort((a, b) => a - b);
  return starts.flatMap((start, i) => {
    const end = starts[i + 1] ?? size;
    return Array.from({ length: Math.ceil((end - start) / BLOCK) }, (_, block): GradientBlock => {
      const from = start + block * BLOCK;
      const layer = tensors.findLast(({ at }) => at <= from)!.tensor.population;
      return { from, to: Math.min(end, from + BLOCK), layer };
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
