/** The precisions of the bottom layer's product, and the kernels of each. */

/** Precisions of the product of the bottom layer's draws and weights. */
export const PRECISIONS = ["f32", "i16"] as const;

/** One of {@linkcode PRECISIONS}. */
export type Precision = typeof PRECISIONS[number];

/** A kernel for the product, named after its numbers and its tile of steps × units (× planes). */
export type Tile = "f32-4x8-shuffle" | "f32-4x8-load" | "i16-4x8" | "i8-4x4x2";

/** Each precision's kernels, the one that is fastest on most machines first. All of one precision give the same bits. */
export const TILES = {
  f32: ["f32-4x8-shuffle", "f32-4x8-load"],
  i16: ["i16-4x8", "i8-4x4x2"],
} as const satisfies Record<Precision, readonly Tile[]>;
