/**
 * The seed's neuron in WGSL; graded.ts has its equation's why, and scan.wgsl.ts says what the arrays are.
 *
 *     u'_t = I_t + d·u_{t-1};  o_t = max(0, u'_t − θ);  g_t = [o_t > 0];  u_t = u'_t − (p + o_t)·g_t
 *     δI_t = g_t·δo_t + (1 − g_t)·δu_t;   δu_t = (readout's gradient where u_t is read) + d·δI_{t+1}
 *
 * At a spike u_t is θ − p, whatever u'_t was.
 *
 * @module
 */
import { scanBackKernel, scanKernel } from "../scan.wgsl.ts";

/** Down the steps: currents → outputs, potentials, spikes. */
export const SCAN_GRADED = scanKernel("graded", ["decay", "threshold"], {
  penalty: "f32",
}, {
  before: `
  let d = decay[unit];
  let theta = threshold[unit];
  let reset = theta - uniforms.penalty;`,
  step: `
    let before = d * u + I;
    let fires = before > theta;
    o = select(0.0, before - theta, fires);
    u = select(before, reset, fires);`,
});

/** Up the steps: gradients of outputs and of the readout → δI. */
export const SCAN_BACK_GRADED = scanBackKernel("graded", ["decay"], {}, {
  before: `
  let d = decay[unit];`,
  step: `
    later = select(stateGradient + d * later, outputGradient, o > 0.0);`,
});
