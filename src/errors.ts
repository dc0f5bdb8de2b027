/**
 * The errors that a caller can act on. Everything else that is thrown is a bug of ours.
 *
 * The command line prints the message alone and exits 2 for an {@linkcode OptionError}, 1 for the others.
 *
 * @module
 */

/** What every error of Spikelet's own has in common: a message that says what to do. */
export class SpikeletError extends Error {
  /** What a caller across a boundary tells it by. */
  override name = "SpikeletError";
}

/** A file is missing, damaged, or not what it should be. The message names it, and what was found and expected. */
export class InputError extends SpikeletError {
  /** What a caller across a boundary tells it by. */
  override name = "InputError";
}

/** A data set is not on this machine. A caller can fetch it. */
export class MissingDataError extends InputError {
  /** How its message ends: what a program can do. */
  static readonly advice: string =
    'fetch them with `fetchDataset(DATASETS.mnist, { folder: "data/mnist" })`, or name their folder: `loadMnist(folder, …)`';
  /** What a caller across a boundary tells it by. */
  override name = "MissingDataError";
}

/** A server could not be reached, refused, or sent something else. The message says how to go on. */
export class NetworkError extends SpikeletError {
  /** What a caller across a boundary tells it by. */
  override name = "NetworkError";
}

/** An option or argument is out of its range. The message names it and its range. */
export class OptionError extends SpikeletError {
  /** What a caller across a boundary tells it by. */
  override name = "OptionError";
}

/** An engine cannot be had on this machine, or stopped working in the middle. */
export class EngineError extends SpikeletError {
  /** What a caller across a boundary tells it by. */
  override name = "EngineError";
}

/** Where training diverged, and at what it was noticed. */
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
  /** How its message ends: what a program can do. */
  static readonly advice: string = "try a lower learningRate, or clip: 1, in the step";
  /** What a caller across a boundary tells it by. */
  override name = "DivergenceError";
  /** Where, and at what it was noticed. */
  readonly divergence: Divergence;

  /**
   * Makes the error.
   *
   * @param divergence Where, and at what it was noticed.
   */
  constructor(divergence: Divergence) {
    const { epoch, batch, what } = divergence;
    super(`epoch ${epoch}, batch ${batch}: ${what}: training diverged; ${DivergenceError.advice}`);
    this.divergence = divergence;
  }
}
