/**
 * A leaky sum without spikes, for a readout layer (NETWORKS.md).
 *
 *     u_t = d·u_{t-1} + I_t;  o_t = u_t          back:  δI_t = (readout's gradient where u_t is read) + d·δI_{t+1}
 */
import { madd } from "../lanes";

/**
 * Runs four units through all steps. The parameters are those of `scanGraded`.
 *
 * @param potentials f32, u_t, `recordStride` bytes from step to step, written.
 */
export function scanIntegrator(
  currents: usize,
  currentStride: i32,
  steps: i32,
  decay: f32,
  potentials: usize,
  recordStride: i32,
): void {
  const d = f32x4.splat(decay);
  let u = f32x4.splat(0);
  for (let step = 0; step < steps; step++) {
    u = madd(d, u, v128.load(currents));
    v128.store(potentials, u);
    potentials += recordStride;
    currents += currentStride;
  }
}

/** The way back through all steps. The parameters are those of `scanBackGraded`. */
export function scanBackIntegrator(
  readout: usize,
  first: i32,
  last: i32,
  currentGradients: usize,
  steps: i32,
  units: i32,
  decay: f32,
): void {
  const d = f32x4.splat(decay), zero = f32x4.splat(0);
  const row = <usize> units << 2;
  for (let column: usize = 0; column < row; column += 16) {
    const read = v128.load(readout + column);
    let later = zero;
    let at = currentGradients + column + <usize> (steps - 1) * row;
    for (let step = steps - 1; step >= 0; step--, at -= row) {
      later = madd(d, later, step >= first && step <= last ? read : zero);
      v128.store(at, later);
    }
  }
}
