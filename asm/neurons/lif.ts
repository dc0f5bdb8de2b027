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
