/**
 * The blocks by which a gradient's squares are summed.
 *
 * A norm is the root of a sum over blocks in their order; each block lies in one layer, and is summed by one thread. So a norm's
 * bits do not depend on which thread sums which block.
 *
 * @module
 */
import type { ParameterLayout } from "./layout.ts";

/** Floats of a block; a layer's last one may have fewer. */
const BLOCK = 1024;

/** A run of the flat parameters, in floats. */
export interface GradientBlock {
  readonly from: number;
  readonly to: number;
  readonly layer: number;
}

/** Cuts all parameters into blocks, in their order. A block begins behind the first `given` ones, whose gradient is external. */
export function gradientBlocks({ layers, size }: ParameterLayout, given: number): readonly GradientBlock[] {
  const starts = [...new Set([...layers.map(({ weights }) => weights), given])].sort((a, b) => a - b);
  return starts.flatMap((start, i) => {
    const end = starts[i + 1] ?? size;
    const layer = layers.findLastIndex(({ weights }) => weights <= start);
    return Array.from({ length: Math.ceil((end - start) / BLOCK) }, (_, block): GradientBlock => {
      const from = start + block * BLOCK;
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
