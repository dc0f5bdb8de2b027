/**
 * A leaky sum without spikes in WGSL; see integrator.ts and scan.wgsl.ts.
 *
 *     s_t = α·s_{t-1} + I_t;  u_t = d·u_{t-1} + s_t;  o_t = u_t
 *     δu_t = (readout's gradient where u_t is read) + δo_t + d·δu_{t+1};   δI_t = δu_t + α·δI_{t+1};   ∂L/∂d = Σ_t δu_t·u_{t-1}
 *     ∂L/∂u_{-1} = d·δu_0
 */
import { carry, MOST_PLAIN, partsOfSum, wholeSum } from "../long_sums.wgsl.ts";
import type { NeuronCode } from "../scan.wgsl.ts";

/** Upper levels of the sums over many steps. */
const [U, S, POTENTIAL, LATER] = ["u0", "s", "potential0", "later0"].map(partsOfSum);

/**
 * One step of a leaky sum over many steps, v ← d·v + x, in levels (long_sums.wgsl.ts), each of which leaks.
 *
 * @param count Number of steps done, including this one.
 */
function leak(sum: string, decay: string, x: string, count: string): string {
  return `
      ${sum} = ${decay} * ${sum} + ${x};
      ${partsOfSum(sum).map((part) => `${part} *= ${decay};`).join(" ")}${carry(sum, count)}`;
}

/** One step of the forward and of the backward pass. */
export const INTEGRATOR: NeuronCode = {
  name: "integrator",
  settings: [],
  state: ["u", "s", "u0", ...U!, ...S!],
  step: `
    if (step == 0) {
      u = start;
      u0 = start;
    }
    if (uniforms.steps > ${MOST_PLAIN}) {${leak("s", "synapticDecay", "I", "(step + 1)")}
      let synaptic = ${wholeSum("s")};${leak("u0", "decay", "synaptic", "(step + 1)")}
      u = ${wholeSum("u0")};
    } else {
      s = synapticDecay * s + I;
      u = decay * u + s;
    }
    o = u;`,
  stateBack: ["potentialLater", "later", "potential0", "later0", ...POTENTIAL!, ...LATER!],
  stepBack: `
    if (uniforms.steps > ${MOST_PLAIN}) {
      let readAndFed = readGradient + outputGradient;${
    leak("potential0", "decay", "readAndFed", "(uniforms.steps - step)")
  }
      potentialLater = ${wholeSum("potential0")};${
    leak("later0", "synapticDecay", "potentialLater", "(uniforms.steps - step)")
  }
      later = ${wholeSum("later0")};
    } else {
      potentialLater = readGradient + outputGradient + decay * potentialLater;
      later = synapticDecay * later + potentialLater;
    }
    current = later;
    decayGradient += potentialLater * uBefore;
    if (step == 0) { startGradient = decay * potentialLater; }`,
};
