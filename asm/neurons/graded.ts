/**
 * The seed's neuron: leaky, with a graded spike and a penalty (SPEC.md, "A spiking layer").
 *
 *     u'_t = I_t + d·u_{t-1};  o_t = max(0, u'_t − θ);  g_t = [o_t > 0];  u_t = u'_t − (p + o_t)·g_t
 *
 * d decay, θ threshold, p penalty; potentials u and outputs o are dimensionless, a step is the unit of time.
 * At a spike u'_t − (p + o_t) is θ − p, whatever u'_t was, so that is what a unit is reset to.
 * No gradient passes through g; o = max(0, u' − θ) has derivative g, and the −o·g in the state cancels it there, so the
 * way back needs no surrogate:
 *
 *     δI_t = g_t·δo_t + (1 − g_t)·δu_t;   δu_t = (readout's gradient where u_t is read) + d·δI_{t+1}
 */
import { madd } from "../lanes";

/**
 * Runs four units through all steps, and lists their spikes.
 *
 * @param currents f32, I_t of the four units; `currentStride` bytes from step to step (0: the same at every step).
 * @param lanes How many of the four are units (the rest is padding): 1 to 4.
 * @param counts i32 `[4]`, written: spikes of each unit.
 * @param spikeSteps i32 `[4][steps]`, written: the steps of each unit's spikes, ascending.
 * @param spikeOutputs f32 `[4][steps]`, written: o at those spikes.
 * @param potentials f32, u_t after the reset, `recordStride` bytes from step to step; 0: not wanted.
 * @param outputs f32, o_t likewise.
 */
export function scanGraded(
  currents: usize,
  currentStride: i32,
  steps: i32,
  decay: f32,
  threshold: f32,
  penalty: f32,
  lanes: i32,
  counts: usize,
  spikeSteps: usize,
  spikeOutputs: usize,
  potentials: usize,
  outputs: usize,
  recordStride: i32,
): void {
  const d = f32x4.splat(decay), theta = f32x4.splat(threshold), reset = f32x4.splat(threshold - penalty);
  const units = (1 << lanes) - 1;
  const row = <usize> steps << 2;
  // Where each unit's next spike will be written: its step here, its output `toOutput` bytes further.
  const toOutput = spikeOutputs - spikeSteps;
  let next0 = spikeSteps, next1 = next0 + row, next2 = next1 + row, next3 = next2 + row;
  let u = f32x4.splat(0);
  for (let step = 0; step < steps; step++) {
    const before = madd(d, u, v128.load(currents));
    const fires = f32x4.gt(before, theta);
    const o = v128.and(f32x4.sub(before, theta), fires);
    u = v128.bitselect(reset, before, fires);
    const mask = i32x4.bitmask(fires) & units;
    if (mask != 0) {
      // All four are written, and only those that fire are kept: which of them do cannot be predicted.
      store<i32>(next0, step), v128.store_lane<f32>(next0 + toOutput, o, 0);
      store<i32>(next1, step), v128.store_lane<f32>(next1 + toOutput, o, 1);
      store<i32>(next2, step), v128.store_lane<f32>(next2 + toOutput, o, 2);
      store<i32>(next3, step), v128.store_lane<f32>(next3 + toOutput, o, 3);
      next0 += (mask & 1) << 2;
      next1 += (mask & 2) << 1;
      next2 += mask & 4;
      next3 += (mask & 8) >> 1;
    }
    if (potentials != 0) {
      v128.store(potentials, u);
      v128.store(outputs, o);
      potentials += recordStride;
      outputs += recordStride;
    }
    currents += currentStride;
  }
  const ends = i32x4(
    <i32> next0,
    <i32> next1 - <i32> row,
    <i32> next2 - 2 * <i32> row,
    <i32> next3 - 3 * <i32> row,
  );
  v128.store(counts, i32x4.shr_u(i32x4.sub(ends, i32x4.splat(<i32> spikeSteps)), 2));
}

/**
 * The way back through all steps of a layer, dense: δI from δo and the readout's gradient.
 *
 * @param outputs f32 `[steps, units]`, o_t of the way forward; it is the gate.
 * @param readout f32 `[units]`, the readout's gradient with respect to u_t, for `first` ≤ t ≤ `last`.
 * @param outputGradients f32 `[steps, units]`, δo_t.
 * @param currentGradients f32 `[steps, units]`, δI_t, written.
 * @param units A multiple of 4.
 */
export function scanBackGraded(
  outputs: usize,
  readout: usize,
  first: i32,
  last: i32,
  outputGradients: usize,
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
    let at = column + <usize> (steps - 1) * row;
    for (let step = steps - 1; step >= 0; step--, at -= row) {
      const state = madd(d, later, step >= first && step <= last ? read : zero);
      const fires = f32x4.gt(v128.load(outputs + at), zero);
      later = v128.bitselect(v128.load(outputGradients + at), state, fires);
      v128.store(currentGradients + at, later);
    }
  }
}
