/** Shapes of what nodes take and give at one step. */

/** `[units]` or `[channels, height, width]`. */
export type Shape = readonly [units: number] | readonly [channels: number, height: number, width: number];

/** The number of numbers in a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Whether two shapes are the same. */
export function isSameShape(one: Shape, other: Shape): boolean {
  return one.length === other.length && one.every((length, axis) => length === other[axis]);
}

/** Whether its numbers lie in the same order whether its channels come first or last. */
export function isFlat(shape: Shape): boolean {
  return shape.length === 1 || shape[0] === 1 || shape[1] * shape[2] === 1;
}
