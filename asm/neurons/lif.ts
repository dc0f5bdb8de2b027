/**
 * Leaky integrate-and-fire with binary spikes and a surrogate gradient (Neftci, Mostafa & Zenke 2019; docs/networks.md).
 *
 *     s_t = α·s_{t-1} + I_t;  u'_t = d·u_{t-1} + s_t;  a_t = ρ·a_{t-1} + o_{t-1};  θ_t = θ + κ·a_t;  o_t = [u'_t > θ_t]
 *     u_t = u'_t − θ_t·o_t (subtract),  u'_t·(1 − o_t) + r·o_t (zero),  u'_t (none)
 *
 * d decay, α synaptic decay, ρ decay of the adaptation, κ its strength, θ threshold, r the potential after a reset to it; all dimensionless, a step is the unit of
 * time. d = 1 is the integrate-and-fire neuron, α > 0 the current-based one (Neftci et al. 2019), κ > 0 the adaptive one
 * (ALIF, Bellec et al. 2018). No gradient passes through the reset. With σ(v) for ∂o/∂v (surrogate.ts), v = u' − θ_t,
 * and δa_t the gradient of the adaptation:
 *
 *     p_t = σ(v_t)·(δo_t + δa_{t+1});   δa_t = ρ·δa_{t+1} − κ·p_t;   δu_t = (readout's gradient where u_t is read) + d·δu'_{t+1}
 *     δu'_t = p_t + δu_t (zero: p_t + (1 − o_t)·δu_t);   δI_t = δu'_t + α·δI_{t+1}
 *     ∂L/∂d = Σ_t δu'_t·u_{t-1};   ∂L/∂θ = −Σ_t p_t
 *
 * Constants: α, κ, ρ, r. Settings: the surrogate's slope, its kind, the reset's kind (0 subtract, 1 zero, 2 none).
 */
import {
  addTo,
  constant,
  currentAt,
  currentsOf,
  Layer,
  loadOrZero,
  PerUnit,
  potentialBefore,
  rowBytes,
  setting,
  Shared,
} from "../layer";
import { madd } from "../lanes";
import { surrogate } from "../surrogate";

const SUBTRACT: i32 = 0, ZERO: i32 = 1;

/** The forward pass. State: u, s, a, o. */
export function stepLif(layer: Layer, from: i32, to: i32): void {
  step<Shared>(layer, from, to);
}

/** The same, of units that differ in a constant. */
export function stepLifPerUnit(layer: Layer, from: i32, to: i32): void {
  step<PerUnit>(layer, from, to);
}

/** Whether neither synapse nor adaptation changes anything: α = κ = 0 for all units. */
function isPlain<C>(layer: Layer): bool {
  return constant<C>(layer, 0).isZero() && constant<C>(layer, 1).isZero();
}

function step<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const resets = constant<C>(layer, 3), reset = <i32> setting(layer, 2);
  const sameAlpha = alphas.first(), sameKappa = kappas.first();
  const sameRho = rhos.first(), sameReset = resets.first();
  const row = rowBytes(layer), state = layer.state;
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  const feedback = layer.feedback, decays = layer.decays, thresholds = layer.thresholds;
  const potentials = layer.potentials, outputs = layer.outputs, distances = layer.distances;
  if (from == 0) memory.fill(state, 0, 4 * row);
  if (feedback == 0 && isPlain<C>(layer)) {
    for (let column: usize = 0; column < row; column += 16) stepPlain<C>(layer, from, to, column);
    return;
  }
  let at = <usize> from * row;
  for (let step = from; step < to; step++) {
    const currents = currentsOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const alpha = alphas.at(column, sameAlpha);
      const kappa = kappas.at(column, sameKappa);
      const rho = rhos.at(column, sameRho);
      const s = madd(alpha, v128.load(here + row), currentAt(currents, feedback, column));
      const before = madd(v128.load(decays + column), v128.load(here), s);
      const a = madd(rho, v128.load(here + 2 * row), v128.load(here + 3 * row));
      const threshold = madd(kappa, a, v128.load(thresholds + column));
      const v = f32x4.sub(before, threshold);
      const fires = f32x4.gt(v, zero);
      const o = v128.and(fires, one);
      let u = before;
      if (reset == SUBTRACT) u = f32x4.sub(before, v128.and(threshold, fires));
      else if (reset == ZERO) {
        u = v128.bitselect(resets.at(column, sameReset), before, fires);
      }
      v128.store(here, u), v128.store(here + row, s);
      v128.store(here + 2 * row, a), v128.store(here + 3 * row, o);
      v128.store(potentials + at, u);
      v128.store(outputs + at, o);
      v128.store(distances + at, v);
    }
  }
}

/** Four units without synapse and adaptation, their potential in a register: s_t = I_t, θ_t = θ. */
function stepPlain<C>(layer: Layer, from: i32, to: i32, column: usize): void {
  const resets = constant<C>(layer, 3), reset = <i32> setting(layer, 2);
  const resetTo = resets.at(column, resets.first());
  const decay = v128.load(layer.decays + column), threshold = v128.load(layer.thresholds + column);
  const row = rowBytes(layer), one = f32x4.splat(1), zero = f32x4.splat(0);
  const stride = <usize> layer.currentStride;
  let current = currentsOf(layer, from) + column, at = <usize> from * row + column;
  const potentials = layer.potentials, outputs = layer.outputs, distances = layer.distances;
  let u = v128.load(layer.state + column);
  for (let step = from; step < to; step++, at += row, current += stride) {
    const before = madd(decay, u, v128.load(current));
    const v = f32x4.sub(before, threshold), fires = f32x4.gt(v, zero);
    u = before;
    if (reset == SUBTRACT) u = f32x4.sub(before, v128.and(threshold, fires));
    else if (reset == ZERO) u = v128.bitselect(resetTo, before, fires);
    v128.store(potentials + at, u);
    v128.store(outputs + at, v128.and(fires, one));
    v128.store(distances + at, v);
  }
  v128.store(layer.state + column, u);
}

/** The backward pass. State: δu'_{t+1}, δI_{t+1}, δa_{t+1}. */
export function stepBackLif(layer: Layer, from: i32, to: i32): void {
  stepBack<Shared>(layer, from, to);
}

/** The same, of units that differ in a constant. */
export function stepBackLifPerUnit(layer: Layer, from: i32, to: i32): void {
  stepBack<PerUnit>(layer, from, to);
}

function stepBack<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const sameAlpha = alphas.first(), sameKappa = kappas.first();
  const sameRho = rhos.first(), slope = f32x4.splat(setting(layer, 0));
  const kind = <i32> setting(layer, 1), reset = <i32> setting(layer, 2);
  const row = rowBytes(layer), state = layer.state;
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  const stateGradients = layer.stateGradients, decays = layer.decays, distances = layer.distances;
  const outputGradients = layer.outputGradients, currentGradients = layer.currentGradients;
  if (to == layer.steps) memory.fill(state, 0, 3 * row);
  if (isPlain<C>(layer)) {
    for (let column: usize = 0; column < row; column += 16) stepBackPlain(layer, from, to, column);
    return;
  }
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const alpha = alphas.at(column, sameAlpha);
      const kappa = kappas.at(column, sameKappa);
      const rho = rhos.at(column, sameRho);
      const v = v128.load(distances + at);
      const adaptation = v128.load(here + 2 * row);
      const toSpike = f32x4.add(v128.load(outputGradients + at), adaptation);
      const p = f32x4.mul(surrogate(kind, slope, v), toSpike);
      let u = madd(v128.load(decays + column), v128.load(here), loadOrZero(stateGradients, at));
      if (reset == ZERO) u = v128.andnot(u, f32x4.gt(v, f32x4.splat(0)));
      const before = f32x4.add(p, u);
      const current = madd(alpha, v128.load(here + row), before);
      v128.store(here, before), v128.store(here + row, current);
      v128.store(here + 2 * row, f32x4.sub(f32x4.mul(rho, adaptation), f32x4.mul(kappa, p)));
      v128.store(currentGradients + at, current);
      if (decayGradients != 0) {
        addTo(decayGradients, column, f32x4.mul(before, potentialBefore(layer, step, at)));
      }
      if (thresholdGradients != 0) addTo(thresholdGradients, column, f32x4.neg(p));
    }
  }
}

/** Four units without synapse and adaptation, δu'_{t+1} in a register: δI_t = δu'_t. */
function stepBackPlain(layer: Layer, from: i32, to: i32, column: usize): void {
  const slope = f32x4.splat(setting(layer, 0)), kind = <i32> setting(layer, 1);
  const isToZero = <i32> setting(layer, 2) == ZERO;
  const row = rowBytes(layer), decay = v128.load(layer.decays + column), zero = f32x4.splat(0);
  const stateGradients = layer.stateGradients, distances = layer.distances;
  const outputGradients = layer.outputGradients, currentGradients = layer.currentGradients;
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  let ofDecay = loadOrZero(decayGradients, column), ofThreshold = loadOrZero(thresholdGradients, column);
  let later = v128.load(layer.state + column), at = <usize> (to - 1) * row + column;
  for (let step = to - 1; step >= from; step--, at -= row) {
    const v = v128.load(distances + at);
    const p = f32x4.mul(surrogate(kind, slope, v), v128.load(outputGradients + at));
    let u = madd(decay, later, loadOrZero(stateGradients, at));
    if (isToZero) u = v128.andnot(u, f32x4.gt(v, zero));
    later = f32x4.add(p, u);
    v128.store(currentGradients + at, later);
    if (decayGradients != 0) ofDecay = f32x4.add(ofDecay, f32x4.mul(later, potentialBefore(layer, step, at)));
    if (thresholdGradients != 0) ofThreshold = f32x4.add(ofThreshold, f32x4.neg(p));
  }
  v128.store(layer.state + column, later);
  if (decayGradients != 0) v128.store(decayGradients + column, ofDecay);
  if (thresholdGradients != 0) v128.store(thresholdGradients + column, ofThreshold);
}
