/**
 * Leaky integrate-and-fire with several spikes a step, for asm/neurons/lif.ts, which has the other equations.
 *
 *     o_t = max(0, ⌊u'_t / θ_t⌋);   v_t = u'_t − k_t·θ_t,  k_t the whole number nearest to u'_t / θ_t, 1 at least
 *     u_t = u'_t − θ_t·o_t (subtract),  r where o_t > 0 (zero); late likewise
 *
 * v is the distance to the nearest number of thresholds, where o changes by one. So σ(v) stands for ∂o/∂u', and with p as in lif.ts
 *
 *     δa_t = ρ·δa_{t+1} − κ·k_t·p_t;   ∂L/∂θ = −Σ_t k_t·p_t
 *
 * A unit whose θ_t is not above 0 fires no spikes, and has no gradient: v is −∞.
 *
 * Here `distances` are v, and a unit spikes where its output is above 0; outputs are always kept.
 */
import { madd } from "./lanes";
import {
  addTo,
  constant,
  currentAt,
  currentGradientsOf,
  currentsOf,
  Layer,
  loadOrZero,
  outputGradientsOf,
  potentialBefore,
  putCurrentGradient,
  rowBytes,
  setting,
  shareOf,
} from "./layer";
import { SUBTRACT_LATE, ZERO_LATE } from "./lif_forms";
import { surrogate, surrogateHeight, surrogateScale } from "./surrogate";

const SUBTRACT: i32 = 0, ZERO: i32 = 1;

/** The forward pass. State: u, s, a, o. */
export function stepMany<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const resets = constant<C>(layer, 3), reset = <i32> setting(layer, 2);
  const sameAlpha = alphas.first(), sameKappa = kappas.first();
  const sameRho = rhos.first(), sameReset = resets.first();
  const row = rowBytes(layer), state = layer.state, one = f32x4.splat(1), zero = f32x4.splat(0);
  const feedback = layer.feedback, decays = layer.decays, thresholds = layer.thresholds;
  const potentials = layer.potentials, outputs = layer.outputs, distances = layer.distances;
  let at = <usize> from * row;
  for (let step = from; step < to; step++) {
    const currents = currentsOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column, first = v128.load(thresholds + column);
      const kappa = kappas.at(column, sameKappa), to = resets.at(column, sameReset);
      const s = madd(
        alphas.at(column, sameAlpha),
        v128.load(here + row),
        currentAt(currents, feedback, column),
      );
      const past = v128.load(here + 2 * row), spiked = v128.load(here + 3 * row);
      let before = madd(v128.load(decays + column), v128.load(here), s);
      if (reset == SUBTRACT_LATE) before = without(before, madd(kappa, past, first), spiked);
      else if (reset == ZERO_LATE) before = v128.bitselect(to, before, f32x4.gt(spiked, zero));
      const a = madd(rhos.at(column, sameRho), past, spiked), theta = madd(kappa, a, first);
      const canFire = f32x4.gt(theta, zero), ratio = f32x4.div(before, theta);
      const o = v128.and(f32x4.max(zero, f32x4.floor(ratio)), canFire);
      const k = f32x4.max(one, f32x4.nearest(ratio));
      const v = f32x4.sub(before, f32x4.mul(k, theta));
      // Rounding may not put v on the other side of 0: `stepBackMany` has k from its sign.
      const signed = v128.bitselect(f32x4.abs(v), v, f32x4.eq(k, o));
      let u = before;
      if (reset == SUBTRACT) u = without(before, theta, o);
      else if (reset == ZERO) u = v128.bitselect(to, before, f32x4.gt(o, zero));
      v128.store(here, u), v128.store(here + row, s);
      v128.store(here + 2 * row, a), v128.store(here + 3 * row, o);
      if (potentials != 0) v128.store(potentials + at, u);
      v128.store(outputs + at, o);
      v128.store(distances + at, v128.bitselect(signed, f32x4.splat(-Infinity), canFire));
    }
  }
}

/** u − o·θ. Where o is 0 θ may be infinite. */
function without(u: v128, theta: v128, o: v128): v128 {
  return f32x4.sub(u, v128.and(f32x4.mul(o, theta), f32x4.gt(o, f32x4.splat(0))));
}

/** The backward pass. State: δ(d·u_t + s_{t+1}), δI_{t+1}, δa_{t+1}. */
export function stepBackMany<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const sameAlpha = alphas.first(), sameKappa = kappas.first(), sameRho = rhos.first();
  const slope = f32x4.splat(setting(layer, 0)), kind = <i32> setting(layer, 1);
  const reset = <i32> setting(layer, 2);
  const scale = surrogateScale(kind, slope), height = surrogateHeight(kind, slope);
  const row = rowBytes(layer), state = layer.state, one = f32x4.splat(1), zero = f32x4.splat(0);
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  const stateGradients = layer.stateGradients, decays = layer.decays;
  const distances = layer.distances, outputs = layer.outputs;
  const isSummed = layer.currentGradientStride == 0;
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    const outputGradients = outputGradientsOf(layer, step),
      currentGradients = currentGradientsOf(layer, step);
    const share = shareOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column, kappa = kappas.at(column, sameKappa);
      const v = v128.load(distances + at), o = v128.load(outputs + at);
      const adaptation = v128.load(here + 2 * row);
      const toSpikes = f32x4.add(f32x4.mul(share, v128.load(outputGradients + column)), adaptation);
      const p = f32x4.mul(surrogate(kind, scale, height, v), toSpikes);
      const k = f32x4.add(o, v128.and(f32x4.lt(v, zero), one));
      const toThreshold = f32x4.mul(k, p);
      let u = madd(v128.load(decays + column), v128.load(here), loadOrZero(stateGradients, at));
      if (reset == ZERO) u = v128.andnot(u, f32x4.gt(o, zero));
      let before = f32x4.add(p, u);
      if (reset == ZERO_LATE && step > 0) {
        before = v128.andnot(before, f32x4.gt(v128.load(outputs + at - row), zero));
      }
      const current = madd(alphas.at(column, sameAlpha), v128.load(here + row), before);
      v128.store(here, before), v128.store(here + row, current);
      const rest = f32x4.mul(rhos.at(column, sameRho), adaptation);
      v128.store(here + 2 * row, f32x4.sub(rest, f32x4.mul(kappa, toThreshold)));
      putCurrentGradient(currentGradients + column, current, isSummed);
      if (decayGradients != 0) {
        addTo(decayGradients, column, f32x4.mul(before, potentialBefore(layer, step, at)));
      }
      if (thresholdGradients != 0) addTo(thresholdGradients, column, f32x4.neg(toThreshold));
    }
  }
}
