/** Windows over rows and columns in WGSL, which pools share; pool.ts. */

/** Names of a pool's geometry. */
export const POOL_GEOMETRY = [
  ...["channels", "rows", "columns", "outputRows", "outputColumns"],
  ...["kh", "kw", "strideY", "strideX", "paddingY", "paddingX"],
] as const;

/**
 * `pixelOf(i)`: channel, row and column of a place in x's row; `positionOf(i)`: the same in y's. `windowOf(row, column)`: the pixels of
 * a position of y that lie inside, their first row and column, and the first ones behind. `windowsOf(row, column)`: the positions of
 * y whose windows have a pixel, likewise.
 */
export const WINDOWS = `
fn placeOf(i : i32, rows : i32, columns : i32) -> vec3<i32> {
  let line = i / columns;
  let channel = line / rows;
  return vec3<i32>(channel, line - channel * rows, i - line * columns);
}
fn pixelOf(i : i32) -> vec3<i32> { return placeOf(i, uniforms.rows, uniforms.columns); }
fn positionOf(i : i32) -> vec3<i32> { return placeOf(i, uniforms.outputRows, uniforms.outputColumns); }
fn windowOf(row : i32, column : i32) -> vec4<i32> {
  let top = row * uniforms.strideY - uniforms.paddingY;
  let left = column * uniforms.strideX - uniforms.paddingX;
  return vec4<i32>(
    max(top, 0), max(left, 0), min(top + uniforms.kh, uniforms.rows), min(left + uniforms.kw, uniforms.columns));
}
fn windowsOf(row : i32, column : i32) -> vec4<i32> {
  let y = row + uniforms.paddingY;
  let x = column + uniforms.paddingX;
  return vec4<i32>(
    max((y - uniforms.kh + uniforms.strideY) / uniforms.strideY, 0),
    max((x - uniforms.kw + uniforms.strideX) / uniforms.strideX, 0),
    min(y / uniforms.strideY + 1, uniforms.outputRows),
    min(x / uniforms.strideX + 1, uniforms.outputColumns));
}`;

/** y_t[q] = Σ x_t over the window of q, times a factor. @param factor In WGSL. */
export function sumOfWindow(factor: string): string {
  return `
  let place = positionOf(i);
  let window = windowOf(place.y, place.z);
  for (var row = window.x; row < window.z; row++) {
    let line = (place.x * uniforms.rows + row) * uniforms.columns;
    for (var column = window.y; column < window.w; column++) { y += valueAt(sample, step, line + column); }
  }
  y *= ${factor};`;
}

/** δx_t[p] = Σ δy_t[q] over the windows that have p, times a factor. */
export function sumOverWindows(factor: string): string {
  return `
  let place = pixelOf(i);
  let windows = windowsOf(place.y, place.z);
  for (var row = windows.x; row < windows.z; row++) {
    let line = (place.x * uniforms.outputRows + row) * uniforms.outputColumns;
    for (var column = windows.y; column < windows.w; column++) { y += valueAt(sample, step, line + column); }
  }
  y *= ${factor};`;
}

/** The most loop iterations for the pixels of a window. */
export function windowTurns([, , , , , kh = 1, kw = 1]: readonly number[]): number {
  return kh * (1 + kw);
}

/** The most loop iterations for the windows of a pixel. */
export function windowsTurns(
  [, , , , , kh = 1, kw = 1, strideY = 1, strideX = 1]: readonly number[],
): number {
  return Math.ceil(kh / strideY) * (1 + Math.ceil(kw / strideX));
}
