/**
 * The weights' gradient from spikes, ∂L/∂W[:, n] += Σ_samples Σ_t o_{n,t−delay}·δI_t, for weights that lie by input.
 *
 * Lists by step become lists by unit, of all samples together: so a row of the gradient is read and written once for all of them, and
 * the processor does not have to foretell where a sample's few spikes of a unit end.
 */
import { addRows } from "./add_rows";
import { placesOfCounts } from "./counting_sort";
import { MOST_PLAIN, narrowed, RUN, upperHalf } from "./long_sums";
import { madd } from "./lanes";

/** A sample's lists by step (spike_lists.ts), and δI of the layer that they feed. The host writes 6 words a sample. */
@unmanaged
export class ListedSample {
  /** i32 `[steps]`, i32 and f32 `[steps][capacity]`. */
  stepCounts: usize;
  stepUnits: usize;
  stepOutputs: usize;
  capacity: i32;
  /** Steps whose spikes count: `delay` fewer than the sample's. */
  steps: i32;
  /** f32 `[steps][units]`, δI from step `delay` on. */
  deltas: usize;
}

/**
 * Turns lists by step into lists by unit, samples and steps ascending: of each spike the address of its δI, and o.
 *
 * @param samples `ListedSample`s, one after the other.
 * @param inputs Units that spike.
 * @param row Bytes of a row of δI.
 * @param starts i32 `[inputs + 1]`, written: where each unit's list begins, and where the last one's ends.
 * @param columns The list of all, written: i32 `[capacity]`, and behind it f32 `[capacity]`.
 */
export function listSpikeColumns(
  samples: usize,
  sampleCount: i32,
  inputs: i32,
  row: i32,
  starts: usize,
  columns: usize,
  capacity: i32,
): void {
  const end = samples + <usize> sampleCount * offsetof<ListedSample>(), numbers = <usize> capacity << 2;
  memory.fill(starts, 0, (<usize> inputs << 2) + 4);
  for (let place = samples; place < end; place += offsetof<ListedSample>()) {
    const sample = changetype<ListedSample>(place);
    for (let step = 0; step < sample.steps; step++) {
      const first = sample.stepUnits + (<usize> (step * sample.capacity) << 2);
      const last = first + (<usize> load<i32>(sample.stepCounts + (<usize> step << 2)) << 2);
      for (let at = first; at < last; at += 4) {
        const unit = starts + (<usize> load<i32>(at) << 2);
        store<i32>(unit, load<i32>(unit, 4) + 1, 4);
      }
    }
  }
  placesOfCounts(starts, inputs);
  for (let place = samples; place < end; place += offsetof<ListedSample>()) {
    const sample = changetype<ListedSample>(place), outputs = sample.stepOutputs - sample.stepUnits;
    let delta = sample.deltas;
    for (let step = 0; step < sample.steps; step++, delta += <usize> row) {
      const first = sample.stepUnits + (<usize> (step * sample.capacity) << 2);
      const last = first + (<usize> load<i32>(sample.stepCounts + (<usize> step << 2)) << 2);
      for (let at = first; at < last; at += 4) {
        const unit = starts + (<usize> load<i32>(at) << 2), next = load<i32>(unit, 4);
        const entry = columns + (<usize> next << 2);
        store<i32>(entry, <i32> delta);
        store<f32>(entry + numbers, load<f32>(at + outputs));
        store<i32>(unit, next + 1, 4);
      }
    }
  }
}

/**
 * Adds the gradient of lists by unit; see long_sums.ts.
 *
 * @param starts i32 `[inputs + 1]`, and `columns`: as `listSpikeColumns` gives them.
 * @param isLong Not 0: sums over more than {@linkcode MOST_PLAIN} spikes run in parts.
 * @param units A multiple of 4.
 * @param weightGradients f32 `[inputs][units]`, by input, added to.
 */
export function spikeGradient(
  starts: usize,
  columns: usize,
  capacity: i32,
  inputs: i32,
  isLong: i32,
  units: i32,
  weightGradients: usize,
): void {
  const row = <usize> units << 2, numbers = <usize> capacity << 2;
  let list = columns + (<usize> load<i32>(starts) << 2);
  for (let input = 0; input < inputs; input++, weightGradients += row) {
    const end = columns + (<usize> load<i32>(starts + (<usize> (input + 1) << 2)) << 2);
    if (list == end) continue;
    if (isLong != 0 && <i32> (end - list) > MOST_PLAIN << 2) {
      addManyRows(list, end, numbers, row, weightGradients);
    } else {
      for (let column: usize = 0; column < row; column += 128) {
        const vectors = <i32> min<usize>(8, (row - column) >> 4), to = weightGradients + column;
        addRows(vectors, list, end, numbers, 1, column, to, to);
      }
    }
    list = end;
  }
}

/** Adds Σ o·δI over many spikes: parts in float32, added in float64 (long_sums.ts). */
function addManyRows(list: usize, end: usize, numbers: usize, row: usize, to: usize): void {
  for (let column: usize = 0; column < row; column += 16) {
    let low = f64x2.splat(0), high = low;
    for (let at = list; at < end;) {
      let part = f32x4.splat(0);
      for (const last = min(end, at + (<usize> RUN << 2)); at < last; at += 4) {
        const delta = v128.load(<usize> load<i32>(at) + column);
        part = madd(v128.load32_splat(at + numbers), delta, part);
      }
      low = f64x2.add(low, f64x2.promote_low_f32x4(part));
      high = f64x2.add(high, f64x2.promote_low_f32x4(upperHalf(part)));
    }
    v128.store(to + column, f32x4.add(v128.load(to + column), narrowed(low, high)));
  }
}
