/**
 * A leaky sum without spikes in WGSL; see integrator.ts.
 *
 *     u_t = d·u_{t-1} + I_t;  o_t = u_t          back:  δI_t = (readout's gradient where u_t is read) + d·δI_{t+1}
 *
 * @module
 */
import { scanBackKernel, scanKernel } from "../scan.wgsl.ts";

/** Down the steps. */
export const SCAN_INTEGRATOR = scanKernel("integrator", ["decay"], {}, {
  before: `
  let d = decay[unit];`,
  step: `
    u = d * u + I;
    o = u;`,
});

/** Up the steps. */
export const SCAN_BACK_INTEGRATOR = scanBackKernel("integrator", ["decay"], {}, {
  before: `
  let d = decay[unit];`,
  step: `
    later = stateGradient + d * later;`,
});
