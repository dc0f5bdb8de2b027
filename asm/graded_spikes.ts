/**
 * The graded neuron's spikes without its potentials, for a hidden layer whose gradient follows from its spikes
 * (docs/internals/plan.md) and whose constants are the same for all units. The equation is graded.ts's, with γ = 1.
 */
import { madd } from "./lanes";

/**
 * Computes four units over all steps and lists their spikes.
 *
 * @param currents f32, I_t of the four units; `currentStride` bytes from step to step (0: the same at every step).
 * @param lanes How many of the four are units (the rest is padding): 1 to 4.
 * @param counts i32 `[4]`, written: spikes of each unit.
 * @param spikeSteps i32 `[4][steps]`, written: the steps of each unit's spikes, ascending.
 * @param spikeOutputs f32 `[4][steps]`, written: o at those spikes.
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
): void {
  const d = f32x4.splat(decay), theta = f32x4.splat(threshold), reset = f32x4.splat(threshold - penalty);
  const units = (1 << lanes) - 1;
  const row = <usize> steps << 2;
  // Addresses of each unit's next spike: its step; its output lies `toOutput` bytes further.
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
      // All four are stored and only the pointers of those that spike advance: a branch could not be predicted.
      store<i32>(next0, step), v128.store_lane<f32>(next0 + toOutput, o, 0);
      store<i32>(next1, step), v128.store_lane<f32>(next1 + toOutput, o, 1);
      store<i32>(next2, step), v128.store_lane<f32>(next2 + toOutput, o, 2);
      store<i32>(next3, step), v128.store_lane<f32>(next3 + toOutput, o, 3);
      next0 += (mask & 1) << 2;
      next1 += (mask & 2) << 1;
      next2 += mask & 4;
      next3 += (mask & 8) >> 1;
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
