/**
 * Products with spikes: their cost grows with the number of spikes, not with steps and units.
 *
 * Spikes of a layer lie by unit: `counts` i32 `[slots]`; `steps` i32 and `outputs`, `gradients` f32 `[slots][capacity]`.
 * `unit` i32 `[slots]` is the unit of each slot; only units that may spike have a slot (skip.ts). The weights of the layer
 * above lie by input, `[inputs][units]`, padded to a multiple of 4 units: a spike multiplies one contiguous row.
 */
import { madd, sumLanes } from "./lanes";
import { MOST_PLAIN } from "./long_sums";
import { addManySpikes } from "./spike_lists";

/**
 * Currents of a layer fed by spikes: I_t = b + Σ_n o_{n, t−delay}·W[:, n]. Sums run by slot, then by spike.
 *
 * @param weights f32 `[inputs][units]`.
 * @param bias f32 `[units]`.
 * @param currents f32 `[steps][units]`, written.
 * @param capacity Entries of a slot.
 * @param units A multiple of 4.
 */
export function sparseProduct(
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  spikeOutputs: usize,
  slots: i32,
  capacity: i32,
  delay: i32,
  weights: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  units: i32,
): void {
  const row = <usize> units << 2;
  let to = currents;
  for (let step = 0; step < steps; step++) {
    for (let column: usize = 0; column < row; column += 16, to += 16) {
      v128.store(to, v128.load(bias + column));
    }
  }
  let column: usize = 0;
  for (; column + 48 <= row; column += 48) {
    // Three vectors of a unit's row at a time stay in registers for all of its spikes.
    for (let slot = 0; slot < slots; slot++) {
      const w = weights + column + <usize> load<i32>(unit + (<usize> slot << 2)) * row;
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32);
      let at = <usize> slot * (<usize> capacity << 2);
      for (let left = load<i32>(counts + (<usize> slot << 2)); left > 0; left--, at += 4) {
        const step = load<i32>(spikeSteps + at) + delay;
        if (step >= steps) break;
        const o = v128.load32_splat(spikeOutputs + at);
        const current = currents + column + <usize> step * row;
        v128.store(current, madd(o, w0, v128.load(current)));
        v128.store(current, madd(o, w1, v128.load(current, 16)), 16);
        v128.store(current, madd(o, w2, v128.load(current, 32)), 32);
      }
    }
  }
  for (; column < row; column += 16) {
    for (let slot = 0; slot < slots; slot++) {
      const w = v128.load(weights + column + <usize> load<i32>(unit + (<usize> slot << 2)) * row);
      let at = <usize> slot * (<usize> capacity << 2);
      for (let left = load<i32>(counts + (<usize> slot << 2)); left > 0; left--, at += 4) {
        const step = load<i32>(spikeSteps + at) + delay;
        if (step >= steps) break;
        const current = currents + column + <usize> step * row;
        v128.store(current, madd(v128.load32_splat(spikeOutputs + at), w, v128.load(current)));
      }
    }
  }
}

/**
 * The backward pass through the weights of a layer fed by spikes: δo at each spike below, and the weights' gradient.
 *
 *     δo_{n,t} = W[:, n]·δI_{t+delay};   ∂L/∂W[:, n] += Σ_spikes o_{n,t}·δI_{t+delay}
 *
 * A pass of its own before adds the sums over many spikes (long_sums.ts).
 *
 * @param weights f32 `[inputs][units]`.
 * @param weightGradients f32, likewise, added to.
 * @param currentGradients f32 `[steps][units]`, δI of this layer.
 * @param spikeGradients f32 `[slots][capacity]`, δo, written.
 */
export function backThroughSpikes(
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  spikeOutputs: usize,
  spikeGradients: usize,
  slots: i32,
  capacity: i32,
  delay: i32,
  weights: usize,
  weightGradients: usize,
  currentGradients: usize,
  steps: i32,
  units: i32,
): void {
  const row = <usize> units << 2;
  for (let slot = 0; slot < slots; slot++) {
    const count = load<i32>(counts + (<usize> slot << 2));
    if (count <= MOST_PLAIN) continue;
    const at = <usize> slot * (<usize> capacity << 2);
    const g = weightGradients + <usize> load<i32>(unit + (<usize> slot << 2)) * row;
    addManySpikes(spikeSteps + at, spikeOutputs + at, count, delay, currentGradients, steps, row, g);
  }
  let column: usize = 0;
  for (; column + 48 <= row; column += 48) {
    for (let slot = 0; slot < slots; slot++) {
      const isLong = load<i32>(counts + (<usize> slot << 2)) > MOST_PLAIN;
      const input = column + <usize> load<i32>(unit + (<usize> slot << 2)) * row;
      const w = weights + input, g = weightGradients + input;
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32);
      let g0 = v128.load(g), g1 = v128.load(g, 16), g2 = v128.load(g, 32);
      let at = <usize> slot * (<usize> capacity << 2);
      for (let left = load<i32>(counts + (<usize> slot << 2)); left > 0; left--, at += 4) {
        const step = load<i32>(spikeSteps + at) + delay;
        let dot: f32 = 0;
        if (step < steps) {
          const o = v128.load32_splat(spikeOutputs + at);
          const delta = currentGradients + column + <usize> step * row;
          const d0 = v128.load(delta), d1 = v128.load(delta, 16), d2 = v128.load(delta, 32);
          g0 = madd(o, d0, g0), g1 = madd(o, d1, g1), g2 = madd(o, d2, g2);
          dot = sumLanes(madd(w2, d2, madd(w1, d1, f32x4.mul(w0, d0))));
        }
        store<f32>(spikeGradients + at, column == 0 ? dot : load<f32>(spikeGradients + at) + dot);
      }
      if (!isLong) v128.store(g, g0), v128.store(g, g1, 16), v128.store(g, g2, 32);
    }
  }
  for (; column < row; column += 16) {
    for (let slot = 0; slot < slots; slot++) {
      const isLong = load<i32>(counts + (<usize> slot << 2)) > MOST_PLAIN;
      const input = column + <usize> load<i32>(unit + (<usize> slot << 2)) * row;
      const w = v128.load(weights + input);
      let g = v128.load(weightGradients + input);
      let at = <usize> slot * (<usize> capacity << 2);
      for (let left = load<i32>(counts + (<usize> slot << 2)); left > 0; left--, at += 4) {
        const step = load<i32>(spikeSteps + at) + delay;
        let dot: f32 = 0;
        if (step < steps) {
          const delta = v128.load(currentGradients + column + <usize> step * row);
          g = madd(v128.load32_splat(spikeOutputs + at), delta, g);
          dot = sumLanes(f32x4.mul(w, delta));
        }
        store<f32>(spikeGradients + at, column == 0 ? dot : load<f32>(spikeGradients + at) + dot);
      }
      if (!isLong) v128.store(weightGradients + input, g);
    }
  }
}

/**
 * Spreads δo at spikes over a dense `[steps, units]` array, zero elsewhere, for a layer whose δI is needed at every step.
 *
 * @param dense f32 `[steps][units]`, written.
 */
export function spreadSpikes(
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  spikeGradients: usize,
  slots: i32,
  capacity: i32,
  dense: usize,
  steps: i32,
  units: i32,
): void {
  const row = <usize> units << 2;
  memory.fill(dense, 0, <usize> steps * row);
  for (let slot = 0; slot < slots; slot++) {
    const column = dense + (<usize> load<i32>(unit + (<usize> slot << 2)) << 2);
    let at = <usize> slot * (<usize> capacity << 2);
    for (let left = load<i32>(counts + (<usize> slot << 2)); left > 0; left--, at += 4) {
      store<f32>(column + <usize> load<i32>(spikeSteps + at) * row, load<f32>(spikeGradients + at));
    }
  }
}

/**
 * Computes the coefficients of the exact gradient from spikes alone (docs/internals/plan.md) from δo at spikes, and the bias gradient.
 *
 *     c_{n,t} = δo_{n,t} − d^(t'−t)·δo_{n,t'}   (t': the unit's next spike; no second term at its last)
 *     ∂L/∂b_n += Σ_spikes c_{n,t}·Σ_{s ≤ t} d^s
 *
 * @param spikeGradients f32 `[slots][capacity]`, δo; overwritten by c.
 * @param powers f32 `[steps]`, d^s.
 * @param powerSums f32 `[steps]`, Σ_{i ≤ s} d^i: the trace of the constant 1.
 * @param sums f32 `[slots]`, this sample's ∂L/∂b, written.
 * @param biasGradients f32 `[units]`, added to.
 */
export function spikeCoefficients(
  unit: usize,
  counts: usize,
  spikeSteps: usize,
  spikeGradients: usize,
  slots: i32,
  capacity: i32,
  powers: usize,
  powerSums: usize,
  sums: usize,
  biasGradients: usize,
): void {
  for (let slot = 0; slot < slots; slot++) {
    const place = <usize> slot << 2, first = <usize> slot * (<usize> capacity << 2);
    const count = load<i32>(counts + place);
    let at = first;
    for (let left = count; left > 1; left--, at += 4) {
      const gap = load<i32>(spikeSteps + at, 4) - load<i32>(spikeSteps + at);
      const later = load<f32>(powers + (<usize> gap << 2)) * load<f32>(spikeGradients + at, 4);
      store<f32>(spikeGradients + at, load<f32>(spikeGradients + at) - later);
    }
    const b = biasGradients + (<usize> load<i32>(unit + place) << 2);
    addBiasGradient(spikeSteps + first, spikeGradients + first, count, powerSums, sums + place, b);
  }
}

/** Adds one unit's ∂L/∂b = Σ_spikes c·Σ_{s ≤ t} d^s to `bias`, and writes it to `sum`. */
function addBiasGradient(
  spikeSteps: usize,
  coefficients: usize,
  count: i32,
  powerSums: usize,
  sum: usize,
  bias: usize,
): void {
  let total: f32 = 0, wide: f64 = 0;
  for (let at: usize = 0; at < <usize> count << 2; at += 4) {
    const c = load<f32>(coefficients + at);
    const trace = load<f32>(powerSums + (<usize> load<i32>(spikeSteps + at) << 2));
    total += c * trace;
    wide += <f64> c * <f64> trace;
  }
  if (count > MOST_PLAIN) total = <f32> wide;
  store<f32>(sum, total);
  store<f32>(bias, load<f32>(bias) + total);
}

/**
 * `spikeCoefficients` from δI at every step, for a layer whose backward scan computed all of them: c_{n,t} = δI_{n,t} − d·δI_{n,t+1}
 * at its spikes; elsewhere c is 0.
 *
 * @param spikeGradients f32 `[slots][capacity]`, c, written.
 * @param currentGradients f32 `[steps][units]`, δI; slot n is unit n's.
 * @param decay d.
 */
export function stepCoefficients(
  counts: usize,
  spikeSteps: usize,
  spikeGradients: usize,
  slots: i32,
  capacity: i32,
  currentGradients: usize,
  steps: i32,
  units: i32,
  decay: f32,
  powerSums: usize,
  sums: usize,
  biasGradients: usize,
): void {
  const row = <usize> units << 2;
  for (let slot = 0; slot < slots; slot++) {
    const place = <usize> slot << 2, first = <usize> slot * (<usize> capacity << 2);
    const count = load<i32>(counts + place);
    let at = first;
    for (let left = count; left > 0; left--, at += 4) {
      const step = load<i32>(spikeSteps + at);
      const delta = currentGradients + <usize> step * row + place;
      const later: f32 = step + 1 < steps ? load<f32>(delta + row) : 0;
      store<f32>(spikeGradients + at, load<f32>(delta) - decay * later);
    }
    const c = spikeGradients + first;
    addBiasGradient(spikeSteps + first, c, count, powerSums, sums + place, biasGradients + place);
  }
}
