/**
 * The errors that a caller can act on. Any other error is a bug of Spikelet's, or a `RangeError` or `TypeError` of its arguments.
 *
 * The command line prints the message alone and exits 2 for an {@linkcode OptionError}, 1 for the others.
 */

/** Base of Spikelet's errors, whose messages say what to do. */
export class SpikeletError extends Error {
  /** Identifies the class across a boundary. */
  override name = "SpikeletError";
}

/** A file is missing, damaged, or not what it should be. The message names it, and what was found and expected. */
export class InputError extends SpikeletError {
  /** Identifies the class across a boundary. */
  override name = "InputError";
}

/** A data set is not on this machine. A caller can fetch it. */
export class MissingDataError extends InputError {
  /** The end of its message: what a program can do. */
  static readonly advice: string =
    'fetch them with `fetchDataset(DATASETS.mnist, { folder: "data/mnist" })`, or name their folder: `loadMnist(folder, …)`';
  /** Identifies the class across a boundary. */
  override name = "MissingDataError";
}

/** A server could not be reached, refused, or sent something else. The message says what to do. */
export class NetworkError extends SpikeletError {
  /** Identifies the class across a boundary. */
  override name = "NetworkError";
}

/** An option or argument is out of its range. The message names it and its range. */
export class OptionError extends SpikeletError {
  /** Identifies the class across a boundary. */
  override name = "OptionError";
}

/** An engine is not available on this machine, or has failed. */
export class EngineError extends SpikeletError {
  /** Identifies the class across a boundary. */
  override name = "EngineError";
}

/** The place and the sign of a divergence. */
export interface Divergence {
  /** From 1. */
  readonly epoch: number;
  /** From 1, in its epoch. */
  readonly batch: number;
  /** Such as `the loss is NaN`. */
  readonly what: string;
}

/** Training has diverged: a loss or a weight is infinite or NaN. The message names the batch. */
export class DivergenceError extends SpikeletError {
  /** The end of its message: what a program can do. */
  static readonly advice: string = "try a lower learningRate, or clip: 1, in the step";
  /** Identifies the class across a boundary. */
  override name = "DivergenceError";
  /** The place and the sign of the divergence. */
  readonly divergence: Divergence;

  /** Makes the error. */
  constructor(divergence: Divergence) {
    const { epoch, batch, what } = divergence;
    super(`epoch ${epoch}, batch ${batch}: ${what}: training diverged; ${DivergenceError.advice}`);
    this.divergence = divergence;
  }
}
