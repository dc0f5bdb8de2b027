/**
 * The largest number of windows in WGSL, of equals the first in row order; max_pool2d.ts.
 *
 *     y_t[q] = max_k x_t[q·stride + k − padding];   δx_t[p] = Σ_q δy_t[q]·[p is the first maximum of q's window]
 */
import type { OperatorCode } from "../operator.wgsl.ts";
import { POOL_GEOMETRY, WINDOWS, windowsTurns, windowTurns } from "../pool.wgsl.ts";

/** From `place`, a channel, row and column of y, to `best`: the place in x's row of its maximum. @param read x's function. */
const largest = (read: string) => `
  let window = windowOf(place.y, place.z);
  var best = (place.x * uniforms.rows + window.x) * uniforms.columns + window.y;
  var most = ${read}(sample, step, best);
  for (var r = window.x; r < window.z; r++) {
    for (var c = window.y; c < window.w; c++) {
      let at = (place.x * uniforms.rows + r) * uniforms.columns + c;
      let value = ${read}(sample, step, at);
      if (value > most) {
        most = value;
        best = at;
      }
    }
  }`;

export const MAX_POOL2D: OperatorCode = {
  name: "maxPool2d",
  geometry: POOL_GEOMETRY,
  functions: WINDOWS,
  forward: `
  let place = positionOf(i);${largest("valueAt")}
  y = most;`,
  backward: `
  let pixel = pixelOf(i);
  let windows = windowsOf(pixel.y, pixel.z);
  for (var row = windows.x; row < windows.z; row++) {
    for (var column = windows.y; column < windows.w; column++) {
      let place = vec3<i32>(pixel.x, row, column);${largest("inputAt")}
      if (best == i) {
        y += valueAt(sample, step, (pixel.x * uniforms.outputRows + row) * uniforms.outputColumns + column);
      }
    }
  }`,
  turns: (geometry) => windowsTurns(geometry) * (1 + windowTurns(geometry)),
};
