/**
 * The notebook's neuron: leaky, with a graded spike and a penalty (docs/networks.md).
 *
 *     u'_t = I_t + d·u_{t-1};  e_t = max(0, u'_t − θ);  g_t = [e_t > 0];  u_t = u'_t − (p + e_t)·g_t;  o_t = γ·e_t
 *
 * d decay, θ threshold, p penalty, γ scale; potentials u and outputs o are dimensionless, a step is the unit of time.
 * At a spike u'_t − (p + e_t) is θ − p for every u'_t, so a unit is reset to θ − p.
 * No gradient passes through g; e = max(0, u' − θ) has derivative g, and the −e·g in the state cancels it there, so the
 * backward pass needs no surrogate:
 *
 *     δI_t = g_t·γ·δo_t + (1 − g_t)·δu_t;   δu_t = (readout's gradient where u_t is read) + d·δI_{t+1}
 *     ∂L/∂d = Σ_t δI_t·u_{t-1};   ∂L/∂θ = Σ_t g_t·(δu_t − γ·δo_t);   ∂L/∂γ = Σ_t e_t·δo_t
 *
 * Constants: p. Settings: none. `scanGraded` (asm/graded_spikes.ts) computes the spikes alone, without potentials.
 */
import {
  addTo,
  constant,
  currentAt,
  currentGradientsOf,
  currentsOf,
  Layer,
  loadOrZero,
  outputGradientsOf,
  PerUnit,
  potentialBefore,
  putCurrentGradient,
  rowBytes,
  Shared,
  shareOf,
} from "../layer";
import { madd } from "../lanes";

/** The forward pass. State: u. */
export function stepGraded(layer: Layer, from: i32, to: i32): void {
  step<Shared>(layer, from, to);
}

/** The same, of units that differ in a constant. */
export function stepGradedPerUnit(layer: Layer, from: i32, to: i32): void {
  step<PerUnit>(layer, from, to);
}

function step<C>(layer: Layer, from: i32, to: i32): void {
  const penalties = constant<C>(layer, 0), penalty = penalties.first(), zero = f32x4.splat(0);
  const row = rowBytes(layer), state = layer.state;
  const feedback = layer.feedback, decays = layer.decays, thresholds = layer.thresholds;
  const scales = layer.scales, potentials = layer.potentials;
  const outputs = layer.outputs, distances = layer.distances;
  if (from == 0) memory.fill(state, 0, row);
  let at = <usize> from * row;
  for (let step = from; step < to; step++) {
    const currents = currentsOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const threshold = v128.load(thresholds + column);
      const p = penalties.at(column, penalty);
      const before = madd(v128.load(decays + column), v128.load(here), currentAt(currents, feedback, column));
      const v = f32x4.sub(before, threshold);
      const fires = f32x4.gt(v, zero);
      const u = v128.bitselect(f32x4.sub(threshold, p), before, fires);
      v128.store(here, u);
      v128.store(potentials + at, u);
      v128.store(outputs + at, f32x4.mul(v128.load(scales + column), v128.and(v, fires)));
      v128.store(distances + at, v);
    }
  }
}

/** The backward pass. State: δI_{t+1}. */
export function stepBackGraded(layer: Layer, from: i32, to: i32): void {
  const zero = f32x4.splat(0);
  const row = rowBytes(layer), state = layer.state;
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  const scaleGradients = layer.scaleGradients;
  const stateGradients = layer.stateGradients, decays = layer.decays, scales = layer.scales;
  const distances = layer.distances, isSummed = layer.currentGradientStride == 0;
  if (to == layer.steps) memory.fill(state, 0, row);
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    const outputGradients = outputGradientsOf(layer, step),
      currentGradients = currentGradientsOf(layer, step);
    const share = shareOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const v = v128.load(distances + at), o = f32x4.mul(share, v128.load(outputGradients + column));
      const fires = f32x4.gt(v, zero);
      const e = f32x4.mul(v128.load(scales + column), o);
      const u = madd(v128.load(decays + column), v128.load(here), loadOrZero(stateGradients, at));
      const current = v128.bitselect(e, u, fires);
      v128.store(here, current);
      putCurrentGradient(currentGradients + column, current, isSummed);
      if (decayGradients != 0) {
        addTo(decayGradients, column, f32x4.mul(current, potentialBefore(layer, step, at)));
      }
      if (thresholdGradients != 0) addTo(thresholdGradients, column, v128.and(f32x4.sub(u, e), fires));
      if (scaleGradients != 0) addTo(scaleGradients, column, v128.and(f32x4.mul(v, o), fires));
    }
  }
}

/** The same: it reads no other constant than these. */
export function stepBackGradedPerUnit(layer: Layer, from: i32, to: i32): void {
  stepBackGraded(layer, from, to);
}
