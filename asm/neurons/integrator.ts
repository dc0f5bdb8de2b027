/**
 * A leaky sum without spikes, for a readout layer (NETWORKS.md).
 *
 *     s_t = α·s_{t-1} + I_t;  u_t = d·u_{t-1} + s_t;  o_t = u_t
 *
 * d decay, α synaptic decay; dimensionless, a step is the unit of time. Back:
 *
 *     δu_t = (readout's gradient where u_t is read) + δo_t + d·δu_{t+1};   δI_t = δu_t + α·δI_{t+1};   ∂L/∂d = Σ_t δu_t·u_{t-1}
 *
 * Constants: α. Outputs are the potentials: the host gives both the same place.
 */
import {
  addTo,
  constant,
  currentAt,
  currentsOf,
  Layer,
  loadOrZero,
  potentialBefore,
  rowBytes,
} from "../layer";
import { madd } from "../lanes";

/** The way forward. State: u, s. */
export function stepIntegrator(layer: Layer, from: i32, to: i32): void {
  const alpha = f32x4.splat(constant(layer, 0));
  const row = rowBytes(layer), state = layer.state;
  const feedback = layer.feedback, decays = layer.decays;
  if (from == 0) memory.fill(state, 0, 2 * row);
  let at = layer.potentials + <usize> from * row;
  for (let step = from; step < to; step++) {
    const currents = currentsOf(layer, step);
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const s = madd(alpha, v128.load(here + row), currentAt(currents, feedback, column));
      const u = madd(v128.load(decays + column), v128.load(here), s);
      v128.store(here, u), v128.store(here + row, s);
      v128.store(at, u);
    }
  }
}

/** The way back. State: δu_{t+1}, δI_{t+1}. */
export function stepBackIntegrator(layer: Layer, from: i32, to: i32): void {
  const alpha = f32x4.splat(constant(layer, 0));
  const row = rowBytes(layer), state = layer.state, decayGradients = layer.decayGradients;
  const stateGradients = layer.stateGradients,
    decays = layer.decays,
    outputGradients = layer.outputGradients,
    currentGradients = layer.currentGradients;
  if (to == layer.steps) memory.fill(state, 0, 2 * row);
  for (let step = to - 1; step >= from; step--) {
    let at = <usize> step * row;
    for (let column: usize = 0; column < row; column += 16, at += 16) {
      const here = state + column;
      const read = f32x4.add(loadOrZero(stateGradients, at), v128.load(outputGradients + at));
      const u = madd(v128.load(decays + column), v128.load(here), read);
      const current = madd(alpha, v128.load(here + row), u);
      v128.store(here, u), v128.store(here + row, current);
      v128.store(currentGradients + at, current);
      if (decayGradients != 0) addTo(decayGradients, column, f32x4.mul(u, potentialBefore(layer, step, at)));
    }
  }
}
