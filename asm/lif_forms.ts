/**
 * Leaky integrate-and-fire whose reset acts a step late, for asm/neurons/lif.ts, which has the equations and the loops of all other
 * resets. None of these loops is taken by a layer that is reset at once.
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
import { surrogate, surrogateHeight, surrogateScale } from "./surrogate";

/** Kinds of resets, as numbered in src/network/neurons.ts; those from here on act late. */
export const SUBTRACT_LATE: i32 = 3, ZERO_LATE: i32 = 4;

/** The forward pass, with synapse and adaptation. State: u, s, a, o. */
export function stepLate<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const resets = constant<C>(layer, 3), isSubtracted = <i32> setting(layer, 2) == SUBTRACT_LATE;
  const sameAlpha = alphas.first(), sameKappa = kappas.first();
  const sameRho = rhos.first(), sameReset = resets.first();
  const row = rowBytes(layer), state = layer.state, one = f32x4.splat(1), zero = f32x4.splat(0);
  const feedback = layer.feedback, decays = layer.decays, thresholds = layer.thresholds;
  const potentials = layer.potentials, outputs = layer.outputs, distances = layer.distances;
  let at = <usize> from * row;
  for (let step = from; step < to; step++) {
    const currents = currentsOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column, theta = v128.load(thresholds + column);
      const kappa = kappas.at(column, sameKappa), rho = rhos.at(column, sameRho);
      const s = madd(
        alphas.at(column, sameAlpha),
        v128.load(here + row),
        currentAt(currents, feedback, column),
      );
      const past = v128.load(here + 2 * row), spiked = v128.load(here + 3 * row);
      const hasFired = f32x4.gt(spiked, zero);
      let before = madd(v128.load(decays + column), v128.load(here), s);
      if (isSubtracted) before = f32x4.sub(before, v128.and(madd(kappa, past, theta), hasFired));
      else before = v128.bitselect(resets.at(column, sameReset), before, hasFired);
      const a = madd(rho, past, spiked);
      const v = f32x4.sub(before, madd(kappa, a, theta));
      const o = v128.and(f32x4.gt(v, zero), one);
      v128.store(here, before), v128.store(here + row, s);
      v128.store(here + 2 * row, a), v128.store(here + 3 * row, o);
      if (potentials != 0) v128.store(potentials + at, before);
      if (outputs != 0) v128.store(outputs + at, o);
      v128.store(distances + at, v);
    }
  }
}

/** The same without synapse and adaptation, eight units at a time, their potentials in registers. At the end of a row both vectors may be the same. */
export function stepPlainLate<C>(layer: Layer, from: i32, to: i32): void {
  const resets = constant<C>(layer, 3), same = resets.first();
  const isSubtracted = <i32> setting(layer, 2) == SUBTRACT_LATE;
  const row = rowBytes(layer), stride = <usize> layer.currentStride, first = <usize> from * row;
  const currents = currentsOf(layer, from), feedback = layer.feedback;
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  const potentials = layer.potentials, outputs = layer.outputs, distances = layer.distances;
  for (let column: usize = 0; column < row; column += 32) {
    const b = min<usize>(16, row - column - 16);
    const decays = layer.decays + column, thresholds = layer.thresholds + column;
    const state = layer.state + column, spiked = state + 3 * row;
    const da = v128.load(decays), db = v128.load(decays + b);
    const ta = v128.load(thresholds), tb = v128.load(thresholds + b);
    const ra = resets.at(column, same), rb = resets.at(column + b, same);
    let ua = v128.load(state), ub = v128.load(state + b);
    let fa = f32x4.gt(v128.load(spiked), zero), fb = f32x4.gt(v128.load(spiked + b), zero);
    let current = currents + column, at = first + column;
    for (let step = from; step < to; step++, at += row, current += stride) {
      let ia = v128.load(current), ib = v128.load(current + b);
      if (feedback != 0) {
        const back = feedback + column;
        ia = f32x4.add(ia, v128.load(back)), ib = f32x4.add(ib, v128.load(back + b));
      }
      ua = madd(da, ua, ia), ub = madd(db, ub, ib);
      if (isSubtracted) ua = f32x4.sub(ua, v128.and(ta, fa)), ub = f32x4.sub(ub, v128.and(tb, fb));
      else ua = v128.bitselect(ra, ua, fa), ub = v128.bitselect(rb, ub, fb);
      fa = f32x4.gt(ua, ta), fb = f32x4.gt(ub, tb);
      const v = distances + at;
      v128.store(v, f32x4.sub(ua, ta)), v128.store(v + b, f32x4.sub(ub, tb));
      if (outputs != 0) {
        const o = outputs + at;
        v128.store(o, v128.and(fa, one)), v128.store(o + b, v128.and(fb, one));
      }
      if (potentials != 0) {
        const u = potentials + at;
        v128.store(u, ua), v128.store(u + b, ub);
      }
    }
    v128.store(state, ua), v128.store(state + b, ub);
    v128.store(spiked, v128.and(fa, one)), v128.store(spiked + b, v128.and(fb, one));
  }
}

/** The backward pass of reset zeroLate. State: δ(d·u_t + s_{t+1}), δI_{t+1}, δa_{t+1}. */
export function stepBackZeroLate<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), kappas = constant<C>(layer, 1), rhos = constant<C>(layer, 2);
  const sameAlpha = alphas.first(), sameKappa = kappas.first();
  const sameRho = rhos.first(), slope = f32x4.splat(setting(layer, 0)), kind = <i32> setting(layer, 1);
  const scale = surrogateScale(kind, slope), height = surrogateHeight(kind, slope);
  const row = rowBytes(layer), state = layer.state, zero = f32x4.splat(0);
  const decayGradients = layer.decayGradients, thresholdGradients = layer.thresholdGradients;
  const stateGradients = layer.stateGradients, decays = layer.decays, distances = layer.distances;
  const isSummed = layer.currentGradientStride == 0;
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    const outputGradients = outputGradientsOf(layer, step),
      currentGradients = currentGradientsOf(layer, step);
    const share = shareOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column, kappa = kappas.at(column, sameKappa);
      const adaptation = v128.load(here + 2 * row);
      const toSpike = f32x4.add(f32x4.mul(share, v128.load(outputGradients + column)), adaptation);
      const p = f32x4.mul(surrogate(kind, scale, height, v128.load(distances + at)), toSpike);
      const u = madd(v128.load(decays + column), v128.load(here), loadOrZero(stateGradients, at));
      let before = f32x4.add(p, u);
      if (step > 0) before = v128.andnot(before, f32x4.gt(v128.load(distances + at - row), zero));
      const current = madd(alphas.at(column, sameAlpha), v128.load(here + row), before);
      v128.store(here, before), v128.store(here + row, current);
      const later = f32x4.sub(f32x4.mul(rhos.at(column, sameRho), adaptation), f32x4.mul(kappa, p));
      v128.store(here + 2 * row, later);
      putCurrentGradient(currentGradients + column, current, isSummed);
      if (decayGradients != 0) {
        addTo(decayGradients, column, f32x4.mul(before, potentialBefore(layer, step, at)));
      }
      if (thresholdGradients != 0) addTo(thresholdGradients, column, f32x4.neg(p));
    }
  }
}
