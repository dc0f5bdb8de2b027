/**
 * What each step counts in a readout that is linear in time.
 *
 * logits = scale·Σ_s k_s·I_s over the currents I of a leaky sum, for its potentials are sums of them: k_s is how much of I_s the
 * potentials that are read hold in all. It follows from the steps behind it, as a gradient does.
 */
import { kindOf } from "../../network/neurons.ts";
import type { PopulationPlan, ReadSteps } from "./plan.ts";

/** The shares of a readout. */
export interface Shares {
  /** Of each step's outputs: k_{t+delay}; 0 where they come too late. */
  readonly ofOutputs: Float32Array;
  /** Σ_s k_s: how often a bias counts. */
  readonly ofBias: number;
}

/**
 * Derives the shares of steps, in float64.
 *
 * @param top The population that is read.
 * @param read The sample's.
 * @param steps The sample's.
 * @param delay Steps from an output to the currents.
 */
export function sharesOf({ neuron }: PopulationPlan, read: ReadSteps, steps: number, delay: number): Shares {
  const { decay, synapticDecay } = kindOf(neuron).leaks(neuron)!;
  const ofOutputs = new Float32Array(steps);
  let potential = 0, current = 0, ofBias = 0;
  for (let step = steps - 1; step >= 0; step--) {
    const isRead = read.first <= step && step <= read.last;
    potential = (isRead ? 1 : 0) + Math.fround(decay) * potential;
    current = potential + Math.fround(synapticDecay) * current;
    ofBias += current;
    if (step >= delay) ofOutputs[step - delay] = current;
  }
  return { ofOutputs, ofBias };
}
