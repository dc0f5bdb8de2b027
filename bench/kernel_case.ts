/**
 * What the bench knows of a kernel, and the sizes that all of them are called with: the seed's.
 *
 * @module
 */

/** A kernel with its arguments. Its operands stay the same from call to call, so they stay in the caches. */
export interface KernelCase {
  readonly name: string;
  /** What `work` counts, in 10⁹ a second. */
  readonly unit: string;
  /** Units of work in one call. */
  readonly work: number;
  /** Arithmetic in one call that the ceiling counts too; none where the kernel does something else. */
  readonly operations?: number;
  /** Which ceiling: float32 multiply-adds, dot products of 16-bit pairs, or of bytes. */
  readonly ceiling: "madd" | "dot" | "bytes";
  readonly call: () => void;
}

/** Inputs, and the neuron's constants. */
export const INPUTS = 784, DECAY = 0.9, THRESHOLD = 2, PENALTY = 2.5;

/** Units that are computed in a sample, and among them those that spike, as measured while the seed trains. */
export const COMPUTED = 40, SPIKING = 25;
