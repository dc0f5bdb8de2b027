/**
 * Leaky integrate-and-fire with binary spikes and a surrogate gradient in WGSL; lif.ts has the symbols and the sources.
 *
 *     s_t = α·s_{t-1} + I_t;  u'_t = d·u_{t-1} + s_t;  a_t = ρ·a_{t-1} + o_{t-1};  θ_t = θ + κ·a_t;  o_t = [u'_t > θ_t]
 *     u_t = u'_t − θ_t·o_t (subtract),  u'_t·(1 − o_t) + r·o_t (zero),  u'_t (none, and those that act a step late:)
 *     u'_t = d·u_{t-1} + s_t − θ_{t-1}·o_{t-1} (subtractLate),  (d·u_{t-1} + s_t)·(1 − o_{t-1}) + r·o_{t-1} (zeroLate)
 *     with several spikes a step (many_spikes.ts): o_t = max(0, ⌊u'_t / θ_t⌋);  v_t = u'_t − k_t·θ_t
 *     p_t = σ(v_t)·(δo_t + δa_{t+1});   δa_t = ρ·δa_{t+1} − κ·p_t;   δu_t = (readout's gradient where u_t is read) + d·δu'_{t+1}
 *     δu'_t = p_t + δu_t (zero: p_t + (1 − o_t)·δu_t; zeroLate: (1 − o_{t-1})·(p_t + δu_t));   δI_t = δu'_t + α·δI_{t+1}
 *     ∂L/∂d = Σ_t δu'_t·u_{t-1};   ∂L/∂θ = −Σ_t p_t;   ∂L/∂u_{-1} = d·δu'_0
 */
import type { NeuronCode } from "../scan.wgsl.ts";
import { SURROGATE } from "../surrogate.wgsl.ts";

/** v of a unit that cannot fire: so far from its threshold that no surrogate has a derivative. */
const NEVER = "-1e18";

/** One step of the forward and of the backward pass. `reset` 0: subtract, 1: zero, 2: none, 3: subtractLate, 4: zeroLate; `many` 1: several spikes a step. */
export const LIF: NeuronCode = {
  name: "lif",
  settings: ["slope", "surrogate", "reset", "many"],
  functions: SURROGATE,
  spikes: "o",
  state: ["u", "s", "a", "spiked"],
  step: `
    if (step == 0) { u = start; }
    s = synapticDecay * s + I;
    var before = decay * u + s;
    if (spiked > 0.0 && uniforms.reset == 3.0) { before -= spiked * (threshold + adaptation * a); }
    if (spiked > 0.0 && uniforms.reset == 4.0) { before = resetTo; }
    a = adaptationDecay * a + spiked;
    let raised = threshold + adaptation * a;
    v = before - raised;
    o = select(0.0, 1.0, v > 0.0);
    if (uniforms.many > 0.0) {
      let ratio = before / raised;
      let nearest = max(1.0, floor(ratio + 0.5));
      o = select(0.0, max(0.0, floor(ratio)), raised > 0.0);
      v = before - nearest * raised;
      if (nearest == o) { v = abs(v); }
      if (raised <= 0.0) { v = ${NEVER}; }
    }
    let fires = o > 0.0;
    spiked = o;
    u = before;
    if (fires && uniforms.reset == 0.0) { u = before - o * raised; }
    if (fires && uniforms.reset == 1.0) { u = resetTo; }`,
  stateBack: ["beforeLater", "later", "adaptationLater"],
  stepBack: `
    let many = uniforms.many > 0.0;
    let fires = select(v, scanned[at], many) > 0.0;
    let crossed = select(1.0, scanned[at] + select(0.0, 1.0, v < 0.0), many);
    let p = surrogate(i32(uniforms.surrogate), uniforms.slope, v) * (outputGradient + adaptationLater);
    var stateGradient = readGradient + decay * beforeLater;
    if (fires && uniforms.reset == 1.0) { stateGradient = 0.0; }
    beforeLater = p + stateGradient;
    if (uniforms.reset == 4.0 && step > 0 && scanned[at - units] > 0.0) { beforeLater = 0.0; }
    later = synapticDecay * later + beforeLater;
    adaptationLater = adaptationDecay * adaptationLater - adaptation * crossed * p;
    current = later;
    decayGradient += beforeLater * uBefore;
    thresholdGradient -= crossed * p;
    if (step == 0) { startGradient = decay * beforeLater; }`,
};
