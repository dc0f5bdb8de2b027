/** One neuron by itself, for the figure that explains it: the notebook's, whose spike leaves the potential at θ − p. */

/** Its constants, dimensionless. */
export interface OneNeuron {
  /** d, the share of the potential that stays after a step; 0 to 1. */
  readonly decay: number;
  /** θ, the potential above which it fires. */
  readonly threshold: number;
  /** p, how far below the threshold a spike leaves the potential. */
  readonly penalty: number;
}

/** What happens at each step. */
export interface Course {
  /** u', before a reset. */
  readonly reached: Float64Array;
  /** u, after it. */
  readonly potentials: Float64Array;
  /** 1 at a spike. */
  readonly spikes: Uint8Array;
}

/**
 * The current that the figure puts into its neuron: none, weak, none, strong, none.
 *
 * @returns `[steps]`
 */
export function demoCurrent(): Float64Array {
  return Float64Array.from({ length: 80 }, (_, t) => t >= 6 && t < 34 ? 0.25 : t >= 46 && t < 70 ? 0.6 : 0);
}

/**
 * Simulates it: u'_t = d·u_{t−1} + I_t, a spike where u'_t > θ, after which u_t = θ − p; else u_t = u'_t.
 *
 * @param current I, `[steps]`.
 */
export function courseOf({ decay, threshold, penalty }: OneNeuron, current: Float64Array): Course {
  const course = {
    reached: new Float64Array(current.length),
    potentials: new Float64Array(current.length),
    spikes: new Uint8Array(current.length),
  };
  let potential = 0;
  current.forEach((input, t) => {
    const reached = decay * potential + input, fires = reached > threshold;
    potential = fires ? threshold - penalty : reached;
    course.reached[t] = reached;
    course.potentials[t] = potential;
    course.spikes[t] = Number(fires);
  });
  return course;
}
