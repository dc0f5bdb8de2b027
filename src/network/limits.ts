/** The largest sizes of a network; the counters of the draws distinguish no more inputs and steps (`src/random.ts`). */
export const LIMITS = {
  /** Numbers of the input at one step. */
  inputs: 131_072,
  /** T. */
  steps: 65_536,
  /** Of an affine operator; of a convolution, channels. */
  units: 65_536,
  /** Of a population. */
  neurons: 1_048_576,
  classes: 256,
  /** Of the short form. */
  layers: 64,
  nodes: 1024,
} as const;
