/**
 * A leaky sum without spikes in WGSL; see integrator.ts and scan.wgsl.ts.
 *
 *     s_t = α·s_{t-1} + I_t;  u_t = d·u_{t-1} + s_t;  o_t = u_t
 *     δu_t = (readout's gradient where u_t is read) + δo_t + d·δu_{t+1};   δI_t = δu_t + α·δI_{t+1};   ∂L/∂d = Σ_t δu_t·u_{t-1}
 *
 * @module
 */
import type { NeuronCode } from "../scan.wgsl.ts";

/** One step down, one step up. */
export const INTEGRATOR: NeuronCode = {
  name: "integrator",
  constants: ["synapticDecay"],
  state: ["u", "s"],
  step: `
    s = uniforms.synapticDecay * s + I;
    u = decay * u + s;
    o = u;`,
  stateBack: ["potentialLater", "later"],
  stepBack: `
    potentialLater = readGradient + outputGradient + decay * potentialLater;
    later = uniforms.synapticDecay * later + potentialLater;
    current = later;
    decayGradient += potentialLater * uBefore;`,
};
