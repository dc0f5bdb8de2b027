/**
 * The notebook's neuron in WGSL; see graded.ts and scan.wgsl.ts.
 *
 *     u'_t = I_t + d·u_{t-1};  e_t = max(0, u'_t − θ);  g_t = [e_t > 0];  u_t = u'_t − (p + e_t)·g_t;  o_t = γ·e_t
 *     δI_t = g_t·γ·δo_t + (1 − g_t)·δu_t;   δu_t = (readout's gradient where u_t is read) + d·δI_{t+1}
 *     ∂L/∂d = Σ_t δI_t·u_{t-1};   ∂L/∂θ = Σ_t g_t·(δu_t − γ·δo_t);   ∂L/∂γ = Σ_t e_t·δo_t
 */
import type { NeuronCode } from "../scan.wgsl.ts";

/** One step of the forward and of the backward pass. */
export const GRADED: NeuronCode = {
  name: "graded",
  settings: [],
  state: ["u"],
  step: `
    let before = decay * u + I;
    v = before - threshold;
    let fires = v > 0.0;
    u = select(before, threshold - penalty, fires);
    o = scale * select(0.0, v, fires);`,
  stateBack: ["later"],
  stepBack: `
    let fires = v > 0.0;
    let stateGradient = readGradient + decay * later;
    let spikeGradient = scale * outputGradient;
    later = select(stateGradient, spikeGradient, fires);
    current = later;
    decayGradient += later * uBefore;
    thresholdGradient += select(0.0, stateGradient - spikeGradient, fires);
    scaleGradient += select(0.0, v * outputGradient, fires);`,
};
