/**
 * Lists of spikes from arrays of every step. By unit: `counts` i32 `[units]`, `spikeSteps` i32 and `spikeOutputs` f32
 * `[units][capacity]`, steps ascending. By step (spike_rows.ts): `stepCounts` i32 `[steps]`, `stepUnits` i32 and `stepOutputs`
 * f32 `[steps][units]`, units ascending.
 */
import { madd } from "./lanes";
import { narrowed, RUN, upperHalf } from "./long_sums";

/**
 * Lists the spikes of a layer: where u' − θ is above 0.
 *
 * @param distances f32 `[steps][units]`, u' − θ; padding is not above 0.
 * @param outputs f32 likewise, o.
 * @param units A multiple of 4.
 * @param capacity Entries of a unit, at least `steps`.
 * @returns Their number.
 */
export function listSpikes(
  distances: usize,
  outputs: usize,
  steps: i32,
  units: i32,
  counts: usize,
  spikeSteps: usize,
  spikeOutputs: usize,
  capacity: i32,
  stepCounts: usize,
  stepUnits: usize,
  stepOutputs: usize,
): i32 {
  const zero = f32x4.splat(0);
  let total = 0;
  memory.fill(counts, 0, <usize> units << 2);
  for (let step = 0; step < steps; step++) {
    const first = <usize> (step * units) << 2;
    let next = first;
    for (let unit = 0; unit < units; unit += 4, distances += 16, outputs += 16) {
      let mask = i32x4.bitmask(f32x4.gt(v128.load(distances), zero));
      total += popcnt(mask);
      for (; mask != 0; mask &= mask - 1) {
        const lane = ctz(mask);
        const o = load<f32>(outputs + (<usize> lane << 2));
        append(unit + lane, step, o, counts, spikeSteps, spikeOutputs, capacity);
        store<i32>(stepUnits + next, unit + lane);
        store<f32>(stepOutputs + next, o);
        next += 4;
      }
    }
    store<i32>(stepCounts + (<usize> step << 2), <i32> (next - first) >> 2);
  }
  return total;
}

/**
 * Counts the spikes of a layer, unit by unit, without lists.
 *
 * @param distances f32 `[steps][units]`, as in {@link listSpikes}.
 * @param counts i32 `[units]`, written.
 * @returns Their number.
 */
export function countSpikes(distances: usize, steps: i32, units: i32, counts: usize): i32 {
  const zero = f32x4.splat(0), row = <usize> units << 2;
  let total = i32x4.splat(0);
  for (let unit: usize = 0; unit < row; unit += 16) {
    let count = i32x4.splat(0), at = distances + unit;
    for (let step = 0; step < steps; step++, at += row) {
      count = i32x4.sub(count, f32x4.gt(v128.load(at), zero));
    }
    v128.store(counts + unit, count);
    total = i32x4.add(total, count);
  }
  return i32x4.extract_lane(total, 0) + i32x4.extract_lane(total, 1) + i32x4.extract_lane(total, 2) +
    i32x4.extract_lane(total, 3);
}

/**
 * Lists the inputs that are not 0, by step.
 *
 * @param x f32 X, `[⌈steps / 4⌉][inputs][4 steps]`; steps past the last one are ignored.
 * @param inputs A multiple of 4.
 * @returns Their number.
 */
export function listInputSpikes(
  x: usize,
  steps: i32,
  inputs: i32,
  stepCounts: usize,
  stepUnits: usize,
  stepOutputs: usize,
): i32 {
  const zero = f32x4.splat(0);
  let total = 0;
  memory.fill(stepCounts, 0, <usize> steps << 2);
  for (let step = 0; step < steps; step += 4) {
    const within = step + 4 <= steps ? 15 : (1 << (steps - step)) - 1;
    for (let input = 0; input < inputs; input++, x += 16) {
      let mask = i32x4.bitmask(f32x4.ne(v128.load(x), zero)) & within;
      total += popcnt(mask);
      for (; mask != 0; mask &= mask - 1) {
        const lane = ctz(mask), place = stepCounts + (<usize> (step + lane) << 2);
        const count = load<i32>(place), at = <usize> ((step + lane) * inputs + count) << 2;
        store<i32>(stepUnits + at, input);
        store<f32>(stepOutputs + at, load<f32>(x + (<usize> lane << 2)));
        store<i32>(place, count + 1);
      }
    }
  }
  return total;
}

/**
 * Lists a sequence's events by step, as `listInputSpikes` does.
 *
 * @param ends u32 `[steps]`, events before the end of each step, `first` of which come before the sequence.
 * @param channels u16 `[events]`, ascending within a step.
 * @param values f32 `[events]`; 0: all are 1.
 * @param inputs A multiple of 4.
 * @returns Their number.
 */
export function listEvents(
  ends: usize,
  first: i32,
  channels: usize,
  values: usize,
  steps: i32,
  inputs: i32,
  stepCounts: usize,
  stepUnits: usize,
  stepOutputs: usize,
): i32 {
  let event = 0;
  for (let step = 0; step < steps; step++) {
    const end = load<i32>(ends + (<usize> step << 2)) - first;
    store<i32>(stepCounts + (<usize> step << 2), end - event);
    for (let to = <usize> (step * inputs) << 2; event < end; event++, to += 4) {
      store<i32>(stepUnits + to, <i32> load<u16>(channels + (<usize> event << 1)));
      store<f32>(stepOutputs + to, values == 0 ? 1 : load<f32>(values + (<usize> event << 2)));
    }
  }
  return event;
}

function append(
  unit: i32,
  step: i32,
  output: f32,
  counts: usize,
  spikeSteps: usize,
  spikeOutputs: usize,
  capacity: i32,
): void {
  const place = counts + (<usize> unit << 2);
  const count = load<i32>(place);
  const at = <usize> (unit * capacity + count) << 2;
  store<i32>(spikeSteps + at, step);
  store<f32>(spikeOutputs + at, output);
  store<i32>(place, count + 1);
}

/**
 * Adds Σ o·δI_{t+delay} over one unit's many spikes: parts in float32, added in float64 (long_sums.ts).
 *
 * @param deltas f32 `[steps][units]`, δI of the layer that is fed; `row` bytes from step to step.
 * @param to f32 `[units]`, added to.
 */
export function addManySpikes(
  spikeSteps: usize,
  spikeOutputs: usize,
  count: i32,
  delay: i32,
  deltas: usize,
  steps: i32,
  row: usize,
  to: usize,
): void {
  for (const end = to + row; to < end; to += 16, deltas += 16) {
    let low = f64x2.splat(0), high = low;
    let at: usize = 0;
    for (let left = count; left > 0; left -= RUN) {
      let part = f32x4.splat(0);
      for (const last = at + (<usize> min(RUN, left) << 2); at < last; at += 4) {
        const step = load<i32>(spikeSteps + at) + delay;
        if (step >= steps) continue;
        part = madd(v128.load32_splat(spikeOutputs + at), v128.load(deltas + <usize> step * row), part);
      }
      low = f64x2.add(low, f64x2.promote_low_f32x4(part));
      high = f64x2.add(high, f64x2.promote_low_f32x4(upperHalf(part)));
    }
    v128.store(to, f32x4.add(v128.load(to), narrowed(low, high)));
  }
}

/**
 * Adds spikes unit by unit: sums[unit] += count.
 *
 * @param unit i32 `[slots]`, the unit of each slot.
 * @param counts i32 `[slots]`, the spikes of each slot.
 * @param sums u32 `[units]`, added to.
 */
export function addCounts(unit: usize, counts: usize, slots: i32, sums: usize): void {
  for (const end = unit + (<usize> slots << 2); unit < end; unit += 4, counts += 4) {
    const sum = sums + (<usize> load<i32>(unit) << 2);
    store<i32>(sum, load<i32>(sum) + load<i32>(counts));
  }
}

/**
 * Counts the spikes of a layer that fires several a step: Σ_t o, unit by unit.
 *
 * @param outputs f32 `[steps][units]`, o: whole numbers.
 * @param counts i32 `[units]`, written.
 * @returns Their number.
 */
export function countManySpikes(outputs: usize, steps: i32, units: i32, counts: usize): i32 {
  const row = <usize> units << 2;
  let total = i32x4.splat(0);
  for (let unit: usize = 0; unit < row; unit += 16) {
    let count = i32x4.splat(0), at = outputs + unit;
    for (let step = 0; step < steps; step++, at += row) {
      count = i32x4.add(count, i32x4.trunc_sat_f32x4_s(v128.load(at)));
    }
    v128.store(counts + unit, count);
    total = i32x4.add(total, count);
  }
  return i32x4.extract_lane(total, 0) + i32x4.extract_lane(total, 1) + i32x4.extract_lane(total, 2) +
    i32x4.extract_lane(total, 3);
}
