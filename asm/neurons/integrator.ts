/**
 * A leaky sum without spikes, for a readout layer (docs/networks.md).
 *
 *     s_t = α·s_{t-1} + I_t;  u_t = d·u_{t-1} + s_t;  o_t = u_t
 *
 * d decay, α synaptic decay, u_{-1} the potential before the first step; dimensionless, a step is the unit of time. The backward pass:
 *
 *     δu_t = (readout's gradient where u_t is read) + δo_t + d·δu_{t+1};   δI_t = δu_t + α·δI_{t+1};   ∂L/∂d = Σ_t δu_t·u_{t-1}
 *     ∂L/∂u_{-1} = d·δu_0
 *
 * Rounding errors of a sum that does not leak grow with the steps, in both passes: over more than {@linkcode MOST_PLAIN} steps each
 * addition's rounding error is kept and corrects the next one (Kahan 1965, by Knuth's two-sum).
 *
 * Constants: α. Settings: none. Outputs are the potentials: the host passes the same address for both.
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
  Shared,
  shareOf,
} from "../layer";
import { madd } from "../lanes";
import { MOST_PLAIN } from "../long_sums";

/** The forward pass. State: u, s; over many steps also their rounding errors, by which they are too large. */
export function stepIntegrator(layer: Layer, from: i32, to: i32): void {
  step<Shared>(layer, from, to);
}

/** The same, of units that differ in a constant. */
export function stepIntegratorPerUnit(layer: Layer, from: i32, to: i32): void {
  step<PerUnit>(layer, from, to);
}

function step<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), same = alphas.first();
  const row = rowBytes(layer), state = layer.state;
  const feedback = layer.feedback, decays = layer.decays, isLong = layer.steps > MOST_PLAIN;
  if (from == 0) beginState(layer, 4);
  let at = layer.potentials + <usize> from * row;
  for (let step = from; step < to; step++) {
    const currents = currentsOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const d = v128.load(decays + column), alpha = alphas.at(column, same);
      const current = currentAt(currents, feedback, column);
      if (isLong) {
        const s = leak(here + row, here + 3 * row, alpha, current);
        v128.store(at, leak(here, here + 2 * row, d, s));
      } else {
        const s = madd(alpha, v128.load(here + row), current), u = madd(d, v128.load(here), s);
        v128.store(here, u), v128.store(here + row, s), v128.store(at, u);
      }
    }
  }
}

/**
 * One step of a leaky sum, v ← d·v + x, that keeps its rounding error.
 *
 * @param sum f32 `[4]`, v, updated.
 * @param rest f32 `[4]`, by how much v is too large, updated.
 * @returns v.
 */
function leak(sum: usize, rest: usize, d: v128, x: v128): v128 {
  const left = f32x4.mul(d, v128.load(sum)), input = f32x4.sub(x, f32x4.mul(d, v128.load(rest)));
  const v = f32x4.add(left, input), came = f32x4.sub(v, left);
  const lost = f32x4.add(f32x4.sub(left, f32x4.sub(v, came)), f32x4.sub(input, came));
  v128.store(sum, v), v128.store(rest, f32x4.neg(lost));
  return v;
}

/** The backward pass. State: δu_{t+1}, δI_{t+1}. */
export function stepBackIntegrator(layer: Layer, from: i32, to: i32): void {
  stepBack<Shared>(layer, from, to);
  if (from == 0) addStartGradient(layer, layer.state);
}

/** The same, of units that differ in a constant. */
export function stepBackIntegratorPerUnit(layer: Layer, from: i32, to: i32): void {
  stepBack<PerUnit>(layer, from, to);
  if (from == 0) addStartGradient(layer, layer.state);
}

function stepBack<C>(layer: Layer, from: i32, to: i32): void {
  const alphas = constant<C>(layer, 0), same = alphas.first();
  const row = rowBytes(layer), state = layer.state, decayGradients = layer.decayGradients;
  const stateGradients = layer.stateGradients, decays = layer.decays;
  const isSummed = layer.currentGradientStride == 0;
  if (to == layer.steps) memory.fill(state, 0, 4 * row);
  const isLong = layer.steps > MOST_PLAIN;
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    const outputGradients = outputGradientsOf(layer, step),
      currentGradients = currentGradientsOf(layer, step);
    const share = shareOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const alpha = alphas.at(column, same);
      const back = f32x4.mul(share, v128.load(outputGradients + column));
      const read = f32x4.add(loadOrZero(stateGradients, at), back);
      let u: v128, current: v128;
      if (isLong) {
        u = leak(here, here + 2 * row, v128.load(decays + column), read);
        current = leak(here + row, here + 3 * row, alpha, u);
      } else {
        u = madd(v128.load(decays + column), v128.load(here), read);
        current = madd(alpha, v128.load(here + row), u);
        v128.store(here, u), v128.store(here + row, current);
      }
      putCurrentGradient(currentGradients + column, current, isSummed);
      if (decayGradients != 0) addTo(decayGradients, column, f32x4.mul(u, potentialBefore(layer, step, at)));
    }
  }
}
