/**
 * What an engine is: something that owns memory and kernels, and executes a plan.
 *
 * Engines know nothing of epochs, files or progress; trainers know nothing of threads or devices. All engines hold to
 * the same reference cases (`spikelet verify`).
 *
 * @module
 */
import type { Augmentation } from "../data/augment.ts";
import type { Samples } from "../data/samples.ts";
import type { NetworkSpec } from "../network/spec.ts";
import type { Update } from "./optimizer.ts";

export type { AdamUpdate, SgdUpdate, Update } from "./optimizer.ts";

/** A network's parameters by name, in file order: `w1` `[units, inputs]`, `b1` `[units]`, `w2`, … */
export type Parameters = ReadonlyMap<string, Float32Array>;

/** Samples to present, and what their draws stand for. */
export interface Batch {
  /** The data set that they are from. The engine remembers it by identity. */
  readonly samples: Samples;
  /** Indices into it. */
  readonly indices: Uint32Array;
  /** Which stream of draws, one of `STREAM`. */
  readonly stream: number;
  /** Which pass over the data; a sample meets other noise in each. */
  readonly epoch: number;
  /** How pictures are moved before they are presented, otherwise in each epoch. @default {not at all} */
  readonly augmentation?: Augmentation;
}

/** All that training goes on from. */
export interface EngineState {
  /** Weights and biases. */
  readonly parameters: Parameters;
  /**
   * What the optimizer remembers, by name, shaped as the parameters: SGD's `velocity` (after the first batch its gradient),
   * Adam's `mean` and `square`.
   */
  readonly moments: ReadonlyMap<string, Parameters>;
  /** Updates that the optimizer has made. */
  readonly updates: number;
}

/** What came out of a batch, summed in the order of its samples. */
export interface BatchResult {
  /** Σ of the samples' losses. */
  readonly loss: number;
  /** Samples whose largest logit is their label's. */
  readonly correct: number;
  /** Samples of the batch. */
  readonly total: number;
  /** Spikes of the layers below the top, all samples together. */
  readonly spikes: number;
  /**
   * The same unit by unit: for each layer below the top, `[units]`. A unit that was left out had none. Absent where an engine
   * does not count them.
   */
  readonly unitSpikes?: readonly Uint32Array[];
  /**
   * Of a batch that was trained on: for each layer, from the lowest one up, the L2 norm of the gradient of the batch's mean loss
   * with respect to all that is learned in the layer (weights, biases, recurrent weights, constants), `[layers]`; in units of
   * the loss for each unit of a parameter. As it is before clipping and without weight decay. Infinite or NaN where the
   * gradient is. Absent where an engine does not tell.
   */
  readonly gradientNorms?: readonly number[];
}

/** What the network answers to each sample of a batch, in the batch's order. */
export interface Classification {
  /** The readout, `[samples, classes]`. */
  readonly logits: Float32Array;
  /** The class of the largest logit, the first of equals, `[samples]`. */
  readonly predictions: Uint8Array;
  /** Spikes of the layers below the top, `[samples]`. */
  readonly spikes: Int32Array;
}

/** Everything that a sample's forward pass leaves behind. */
export interface SampleTrace {
  /** For each layer, u after the reset, `[steps, units]`. */
  readonly potentials: readonly Float32Array[];
  /** For each layer, o before the layer's delay, `[steps, units]`. */
  readonly outputs: readonly Float32Array[];
  /**
   * For each layer, 1 where a unit spiked (u' > θ) and 0 elsewhere, `[steps, units]`; all 0 where its neuron fires no spikes. An
   * output does not tell: a spike that is multiplied by a scale of 0 or below puts out nothing, or less than nothing.
   */
  readonly spikes: readonly Uint8Array[];
  /** For each layer, I, what comes back from a recurrent layer's own outputs included, `[steps, units]`. */
  readonly currents: readonly Float32Array[];
  /** The readout, `[classes]`. */
  readonly logits: Float32Array;
  /** Log-softmax of the logits, `[classes]`. */
  readonly logProbabilities: Float32Array;
  /** −log-probability of the label. */
  readonly loss: number;
}

/**
 * The verbs of an engine. Until it is given parameters it has the network's first ones, those that `initialParameters` draws from
 * the engine's seed. Calls are carried out in the order in which they are made; a caller may make the next one
 * before the last has been answered. Every promise rejects with an `EngineError` once the engine has failed or is closed.
 */
export interface Engine {
  /** Its name on the command line. */
  readonly name: string;
  /** What it runs on, for people to read. Facts have fields of their own. */
  readonly description: string;
  /** What it computes with, as far as a result's bits depend on it: build and arithmetic, device; no threads, no tile. */
  readonly kernels: string;
  /** Its worker threads; 0 where it works in the caller's own. */
  readonly threads: number;
  /** The network. */
  readonly spec: NetworkSpec;
  /** The most samples that a batch may have. */
  readonly batchSize: number;
  /**
   * Takes a copy of the parameters and forgets the optimizer's state. Rejects with a `RangeError` when they are not the network's, or
   * not finite.
   */
  setParameters(parameters: Parameters): Promise<void>;
  /** A copy of the parameters as they are after all calls made so far. */
  getParameters(): Promise<Parameters>;
  /** A copy of all that training goes on from, as it is after all calls made so far. */
  getState(): Promise<EngineState>;
  /**
   * Takes a copy of a state: what is trained from here is the same bits as if it had never been interrupted. Rejects with a
   * `RangeError` when its moments are no optimizer's.
   */
  setState(state: EngineState): Promise<void>;
  /**
   * Forward pass, loss averaged over the batch, backward pass, one update of the parameters. Rejects with a `RangeError` when the
   * update is out of its range, or the engine has another optimizer's moments: `setParameters` forgets those.
   */
  train(batch: Batch, update: Update): Promise<BatchResult>;
  /** Forward pass only. */
  evaluate(batch: Batch): Promise<BatchResult>;
  /** Forward pass only, with the answer to each sample. Labels are not looked at, but must be classes of the network. */
  classify(batch: Batch): Promise<Classification>;
  /** One sample's forward pass, with all states kept. Rejects with an `OptionError` where the engine was not made with `recordStates`. */
  trace(batch: Batch): Promise<SampleTrace>;
  /** Frees threads and memory. */
  close(): void;
}
