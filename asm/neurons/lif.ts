/**
 * Leaky integrate-and-fire with binary spikes and a surrogate gradient (Neftci, Mostafa & Zenke 2019; docs/networks.md).
 *
 *     s_t = α·s_{t-1} + I_t;  u'_t = d·u_{t-1} + s_t;  a_t = ρ·a_{t-1} + o_{t-1};  θ_t = θ + κ·a_t;  o_t = [u'_t > θ_t]
 *     u_t = u'_t − θ_t·o_t (subtract),  u'_t·(1 − o_t) + r·o_t (zero),  u'_t (none, and those that act a step late:)
 *     u'_t = d·u_{t-1} + s_t − θ_{t-1}·o_{t-1} (subtractLate),  (d·u_{t-1} + s_t)·(1 − o_{t-1}) + r·o_{t-1} (zeroLate)
 *
 * d decay, α synaptic decay, ρ decay of the adaptation, κ its strength, θ threshold, r the potential after a reset to it, u_{-1} the one before the first step; all dimensionless, a step is the unit of
 * time. d = 1 is the integrate-and-fire neuron, α > 0 the current-based one (Neftci et al. 2019), κ > 0 the adaptive one
 * (ALIF, Bellec et al. 2018). No gradient passes through the reset. With σ(v) for ∂o/∂v (surrogate.ts), v = u' − θ_t,
 * and δa_t the gradient of the adaptation:
 *
 *     p_t = σ(v_t)·(δo_t + δa_{t+1});   δa_t = ρ·δa_{t+1} − κ·p_t;   δu_t = (readout's gradient where u_t is read) + d·δu'_{t+1}
 *     δu'_t = p_t + δu_t (zero: p_t + (1 − o_t)·δu_t; zeroLate: (1 − o_{t-1})·(p_t + δu_t));   δI_t = δu'_t + α·δI_{t+1}
 *     ∂L/∂d = Σ_t δu'_t·u_{t-1};   ∂L/∂θ = −Σ_t p_t;   ∂L/∂u_{-1} = d·δu'_0
 *
 * Constants: α, κ, ρ, r. Settings: the surrogate's slope, its kind, the reset's kind (0 subtract, 1 zero, 2 none,
 * 3 subtractLate, 4 zeroLate; the last two have loops of their own in lif_forms.ts), 1 where a unit fires several
 * spikes a step (many_spikes.ts).
 */
import {
  addStartGradient,
  addTo,
  beginState,
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
  setting,
  Shared,
  shareOf,
} from "../layer";
import { madd } from "../lanes";
import { stepBackMany, stepMany } from "../many_spikes";
import { stepBackZeroLate, stepLate, stepPlainLate, SUBTRACT_LATE, ZERO_LATE } from "../lif_forms";
import { surrogate, surrogateHeight, surrogateScale } from "../surrogate";

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
  if (from == 0) beginState(layer, 4);
  if (setting(layer, 3) != 0) {
    stepMany<C>(layer, from, to);
    return;
  }
  if (reset >= SUBTRACT_LATE) {
    if (isPlain<C>(layer)) stepPlainLate<C>(layer, from, to);
    else stepLate<C>(layer, from, to);
    return;
  }
  if (isPlain<C>(layer)) {
    stepPlain<C>(layer, from, to);
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
      if (potentials != 0) v128.store(potentials + at, u);
      if (outputs != 0) v128.store(outputs + at, o);
      v128.store(distances + at, v);
    }
  }
}

/**
 * Units without synapse and adaptation, sixteen at a time, their potentials in registers: s_t = I_t, θ_t = θ. Each step waits for the one
 * before, so four vectors run side by side; where a row ends sooner, some of them are the same.
 */
function stepPlain<C>(layer: Layer, from: i32, to: i32): void {
  const resets = constant<C>(layer, 3), same = resets.first(), reset = <i32> setting(layer, 2);
  const row = rowBytes(layer), stride = <usize> layer.currentStride, first = <usize> from * row;
  const currents = currentsOf(layer, from), feedback = layer.feedback, one = f32x4.splat(1);
  const potentials = layer.potentials, outputs = layer.outputs, distances = layer.distances;
  for (let column: usize = 0; column < row; column += 64) {
    const last = row - column - 16;
    const b = min<usize>(16, last), c = min<usize>(32, last), d = min<usize>(48, last);
    const decays = layer.decays + column,
      thresholds = layer.thresholds + column,
      state = layer.state + column;
    const da = v128.load(decays),
      db = v128.load(decays + b),
      dc = v128.load(decays + c),
      dd = v128.load(decays + d);
    const ta = v128.load(thresholds), tb = v128.load(thresholds + b);
    const tc = v128.load(thresholds + c), td = v128.load(thresholds + d);
    let ua = v128.load(state),
      ub = v128.load(state + b),
      uc = v128.load(state + c),
      ud = v128.load(state + d);
    let current = currents + column, at = first + column;
    for (let step = from; step < to; step++, at += row, current += stride) {
      let ia = v128.load(current), ib = v128.load(current + b);
      let ic = v128.load(current + c), id = v128.load(current + d);
      if (feedback != 0) {
        const back = feedback + column;
        ia = f32x4.add(ia, v128.load(back)), ib = f32x4.add(ib, v128.load(back + b));
        ic = f32x4.add(ic, v128.load(back + c)), id = f32x4.add(id, v128.load(back + d));
      }
      ua = madd(da, ua, ia), ub = madd(db, ub, ib), uc = madd(dc, uc, ic), ud = madd(dd, ud, id);
      const v = distances + at;
      v128.store(v, f32x4.sub(ua, ta)), v128.store(v + b, f32x4.sub(ub, tb));
      v128.store(v + c, f32x4.sub(uc, tc)), v128.store(v + d, f32x4.sub(ud, td));
      if (outputs != 0) {
        const o = outputs + at;
        v128.store(o, v128.and(f32x4.gt(ua, ta), one)), v128.store(o + b, v128.and(f32x4.gt(ub, tb), one));
        v128.store(o + c, v128.and(f32x4.gt(uc, tc), one)),
          v128.store(o + d, v128.and(f32x4.gt(ud, td), one));
      }
      if (reset == SUBTRACT) {
        ua = f32x4.sub(ua, v128.and(ta, f32x4.gt(ua, ta))),
          ub = f32x4.sub(ub, v128.and(tb, f32x4.gt(ub, tb)));
        uc = f32x4.sub(uc, v128.and(tc, f32x4.gt(uc, tc))),
          ud = f32x4.sub(ud, v128.and(td, f32x4.gt(ud, td)));
      } else if (reset == ZERO) {
        ua = v128.bitselect(resets.at(column, same), ua, f32x4.gt(ua, ta));
        ub = v128.bitselect(resets.at(column + b, same), ub, f32x4.gt(ub, tb));
        uc = v128.bitselect(resets.at(column + c, same), uc, f32x4.gt(uc, tc));
        ud = v128.bitselect(resets.at(column + d, same), ud, f32x4.gt(ud, td));
      }
      if (potentials != 0) {
        const u = potentials + at;
        v128.store(u, ua), v128.store(u + b, ub), v128.store(u + c, uc), v128.store(u + d, ud);
      }
    }
    v128.store(state, ua), v128.store(state + b, ub), v128.store(state + c, uc), v128.store(state + d, ud);
  }
}

/** The backward pass. State: δu'_{t+1}, δI_{t+1}, δa_{t+1}. A reset by subtraction passes no gradient, so that its time does not matter. */
export function stepBackLif(layer: Layer, from: i32, to: i32): void {
  stepBack<Shared>(layer, from, to);
  if (from == 0) addStartGradient(layer, layer.state);
}

/** The same, of units that differ in a constant. */
export function stepBackLifPerUnit(layer: Layer, from: i32, to: i32): void {
  stepBack<PerUnit>(layer, from, to);
  if (from == 0) addStartGradient(layer, layer.state);
}

function stepBack<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const sameAlpha = alphas.first(), sameKappa = kappas.first();
  const sameRho = rhos.first(), slope = f32x4.splat(setting(layer, 0));
  const kind = <i32> setting(layer, 1), reset = <i32> setting(layer, 2);
  const scale = surrogateScale(kind, slope), height = surrogateHeight(kind, slope);
  const row = rowBytes(layer), state = layer.state;
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  const stateGradients = layer.stateGradients, decays = layer.decays, distances = layer.distances;
  const isSummed = layer.currentGradientStride == 0;
  if (to == layer.steps) memory.fill(state, 0, 3 * row);
  if (setting(layer, 3) != 0) {
    stepBackMany<C>(layer, from, to);
    return;
  }
  if (reset == ZERO_LATE) {
    stepBackZeroLate<C>(layer, from, to);
    return;
  }
  if (isPlain<C>(layer)) {
    stepBackPlain(layer, from, to);
    return;
  }
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    const outputGradients = outputGradientsOf(layer, step),
      currentGradients = currentGradientsOf(layer, step);
    const share = shareOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const alpha = alphas.at(column, sameAlpha);
      const kappa = kappas.at(column, sameKappa);
      const rho = rhos.at(column, sameRho);
      const v = v128.load(distances + at);
      const adaptation = v128.load(here + 2 * row);
      const toSpike = f32x4.add(f32x4.mul(share, v128.load(outputGradients + column)), adaptation);
      const p = f32x4.mul(surrogate(kind, scale, height, v), toSpike);
      let u = madd(v128.load(decays + column), v128.load(here), loadOrZero(stateGradients, at));
      if (reset == ZERO) u = v128.andnot(u, f32x4.gt(v, f32x4.splat(0)));
      const before = f32x4.add(p, u);
      const current = madd(alpha, v128.load(here + row), before);
      v128.store(here, before), v128.store(here + row, current);
      v128.store(here + 2 * row, f32x4.sub(f32x4.mul(rho, adaptation), f32x4.mul(kappa, p)));
      putCurrentGradient(currentGradients + column, current, isSummed);
      if (decayGradients != 0) {
        addTo(decayGradients, column, f32x4.mul(before, potentialBefore(layer, step, at)));
      }
      if (thresholdGradients != 0) addTo(thresholdGradients, column, f32x4.neg(p));
    }
  }
}

/**
 * Units without synapse and adaptation, eight at a time, δu'_{t+1} in registers, and so is Σ_t δI_t: δI_t = δu'_t. At the end of a row both
 * of the two vectors may be the same.
 */
function stepBackPlain(layer: Layer, from: i32, to: i32): void {
  const slope = f32x4.splat(setting(layer, 0)), kind = <i32> setting(layer, 1), zero = f32x4.splat(0);
  const scale = surrogateScale(kind, slope), height = surrogateHeight(kind, slope);
  const isToZero = <i32> setting(layer, 2) == ZERO, isFirst = to == layer.steps, row = rowBytes(layer);
  const stateGradients = layer.stateGradients, distances = layer.distances, shares = layer.shares;
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  const stride = <usize> layer.outputGradientStride, currentStride = <usize> layer.currentGradientStride;
  const outputGradients = outputGradientsOf(layer, to - 1), first = <usize> (to - 1) * row;
  for (let column: usize = 0; column < row; column += 32) {
    const b = min<usize>(16, row - column - 16);
    const decays = layer.decays + column, da = v128.load(decays), db = v128.load(decays + b);
    const sums = layer.currentGradients + column, state = layer.state + column;
    let decayA = loadOrZero(decayGradients, column), decayB = loadOrZero(decayGradients, column + b);
    let thresholdA = loadOrZero(thresholdGradients, column);
    let thresholdB = loadOrZero(thresholdGradients, column + b);
    let sumA = zero, sumB = zero;
    if (currentStride == 0 && !isFirst) sumA = v128.load(sums), sumB = v128.load(sums + b);
    let laterA = v128.load(state), laterB = v128.load(state + b);
    let toOutput = outputGradients + column,
      toCurrent = sums + <usize> (to - 1) * currentStride,
      at = first + column;
    for (let step = to - 1; step >= from; step--, at -= row, toOutput -= stride, toCurrent -= currentStride) {
      const va = v128.load(distances + at), vb = v128.load(distances + at + b);
      let oa = v128.load(toOutput), ob = v128.load(toOutput + b);
      if (shares != 0) {
        const share = v128.load32_splat(shares + (<usize> step << 2));
        oa = f32x4.mul(share, oa), ob = f32x4.mul(share, ob);
      }
      const pa = f32x4.mul(surrogate(kind, scale, height, va), oa);
      const pb = f32x4.mul(surrogate(kind, scale, height, vb), ob);
      if (stateGradients != 0) {
        laterA = madd(da, laterA, v128.load(stateGradients + at));
        laterB = madd(db, laterB, v128.load(stateGradients + at + b));
      } else laterA = f32x4.mul(da, laterA), laterB = f32x4.mul(db, laterB);
      if (isToZero) {
        laterA = v128.andnot(laterA, f32x4.gt(va, zero)), laterB = v128.andnot(laterB, f32x4.gt(vb, zero));
      }
      laterA = f32x4.add(pa, laterA), laterB = f32x4.add(pb, laterB);
      if (currentStride != 0) v128.store(toCurrent, laterA), v128.store(toCurrent + b, laterB);
      else sumA = f32x4.add(sumA, laterA), sumB = f32x4.add(sumB, laterB);
      if (decayGradients != 0) {
        decayA = f32x4.add(decayA, f32x4.mul(laterA, potentialBefore(layer, step, at)));
        decayB = f32x4.add(decayB, f32x4.mul(laterB, potentialBefore(layer, step, at + b)));
      }
      if (thresholdGradients != 0) {
        thresholdA = f32x4.sub(thresholdA, pa), thresholdB = f32x4.sub(thresholdB, pb);
      }
    }
    v128.store(state, laterA), v128.store(state + b, laterB);
    if (currentStride == 0) v128.store(sums, sumA), v128.store(sums + b, sumB);
    if (decayGradients != 0) {
      v128.store(decayGradients + column, decayA), v128.store(decayGradients + column + b, decayB);
    }
    if (thresholdGradients != 0) {
      v128.store(thresholdGradients + column, thresholdA);
      v128.store(thresholdGradients + column + b, thresholdB);
    }
  }
}
