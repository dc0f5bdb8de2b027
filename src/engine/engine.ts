/**
 * The interface of an engine, which owns memory and kernels and executes a plan.
 *
 * Engines have no notion of epochs, files or progress, trainers none of threads or devices. All engines meet the same
 * reference cases (`spikelet verify`).
 */
import type { Augmentation } from "../data/augment.ts";
import type { Samples } from "../data/samples.ts";
import type { NetworkSpec } from "../network/spec.ts";
import type { Update } from "./optimizer.ts";

export type { AdamUpdate, SgdUpdate, Update } from "./optimizer.ts";

/** A network's parameters by name, in file order: `fc1.weight` `[units, inputs]`, `fc1.bias` `[units]`, … */
export type Parameters = ReadonlyMap<string, Float32Array>;

/** Samples to present, and the key of their draws. */
export interface Batch {
  /** The data set; the engine recognises it by identity. */
  readonly samples: Samples;
  /** Indices into the data set. */
  readonly indices: Uint32Array;
  /** The stream of draws, one of `STREAM`. */
  readonly stream: number;
  /** The pass over the data; a sample's noise differs from epoch to epoch. */
  readonly epoch: number;
  /** How pictures are changed before they are presented, differently in each epoch. @default {not at all} */
  readonly augmentation?: Augmentation;
}

/** Full training state, for checkpoints and resume. */
export interface EngineState {
  /** Weights, biases and learned constants. */
  readonly parameters: Parameters;
  /**
   * The optimizer's moments by name, shaped as the parameters: SGD's `velocity` (after the first batch its gradient), Adam's `mean`
   * and `square`.
   */
  readonly moments: ReadonlyMap<string, Parameters>;
  /** The moving average of the parameters; absent where the updates keep none (`ema` in `Update`). */
  readonly average?: Parameters;
  /** Updates that the optimizer has made. */
  readonly updates: number;
}

/** The results of a batch, summed in the order of its samples. */
export interface BatchResult {
  /** Σ of the samples' losses. */
  readonly loss: number;
  /** Samples whose largest logit is their label's. */
  readonly correct: number;
  /** Samples of the batch. */
  readonly total: number;
  /** Spikes of the hidden layers (all but the one that is read out), all samples together. */
  readonly spikes: number;
  /**
   * The same by unit: for each hidden layer, in the order of the description, `[units]`; 0 for a unit that was left out. Absent where
   * an engine does not count them.
   */
  readonly unitSpikes?: readonly Uint32Array[];
  /**
   * After `train`, of each layer in the order of the description: the L2 norm of the gradient of the batch's mean loss with respect to
   * all that the layer learns (weights, biases, recurrent weights, constants), `[layers]`, in units of the loss for each unit of a
   * parameter; before clipping and without weight decay. Infinite or NaN where the gradient is. Absent where an engine does not compute them.
   */
  readonly gradientNorms?: readonly number[];
}

/** The network's answer to each sample of a batch, in the batch's order. */
export interface Classification {
  /** The readout, `[samples, classes]`. */
  readonly logits: Float32Array;
  /** The class of the largest logit, the first of equals, `[samples]`. */
  readonly predictions: Uint8Array;
  /** Spikes of the hidden layers, `[samples]`. */
  readonly spikes: Int32Array;
}

/** The most spikes of a unit at a step that a trace tells: a byte's. */
export const MOST_TRACED = 255;

/** All states of a sample's forward pass. */
export interface SampleTrace {
  /** For each layer, in the order of the description, u after the reset, `[steps, units]`. */
  readonly potentials: readonly Float32Array[];
  /** For each layer, o before the layer's delay, `[steps, units]`. */
  readonly outputs: readonly Float32Array[];
  /**
   * For each layer, 1 where a unit spiked (u' > θ) and 0 elsewhere, `[steps, units]`; all 0 where its neuron does not spike. Outputs
   * do not show it: a spike times a scale of 0 or below is 0 or negative. Of a neuron that fires several spikes a step it is their
   * number, {@linkcode MOST_TRACED} at most.
   */
  readonly spikes: readonly Uint8Array[];
  /** For each layer, I, a recurrent layer's V·o_{t−1} included, `[steps, units]`. */
  readonly currents: readonly Float32Array[];
  /** The readout, `[classes]`. */
  readonly logits: Float32Array;
  /** Log-softmax of the logits, `[classes]`. */
  readonly logProbabilities: Float32Array;
  /** −log-probability of the label. */
  readonly loss: number;
}

/** Bytes that an engine takes; they are known before it takes them. */
export interface MemoryNeeds {
  /** Of each thread: parameters, their gradients, and all that one sample needs. 0 where no thread computes. */
  readonly thread: number;
  /**
   * Of all threads together: parameters, moments, parts of gradients, results of batches. On a device: all buffers of a
   * micro-batch's forward and backward pass, and the parameters.
   */
  readonly batch: number;
}

/**
 * An engine. It begins with the parameters that `initialParameters` draws from its seed. Calls are executed in the order in which they
 * are made; a caller may make the next one before the last has resolved. Every promise rejects with an `EngineError` once the
 * engine has failed or is closed.
 */
export interface Engine {
  /** Its name on the command line. */
  readonly name: string;
  /** What it runs on, for people to read. */
  readonly description: string;
  /** What a result's bits depend on: build and arithmetic, device; not threads, not the tile. */
  readonly kernels: string;
  /** Its worker threads; 0 where it computes in the caller's own. */
  readonly threads: number;
  /** The network. */
  readonly spec: NetworkSpec;
  /** The most samples that a batch may have. */
  readonly batchSize: number;
  /** Memory that it takes. */
  readonly needs: MemoryNeeds;
  /**
   * Copies the parameters in and clears the optimizer's state, the average included. Rejects with a `RangeError` when they are not the network's, or not
   * finite.
   */
  setParameters(parameters: Parameters): Promise<void>;
  /** A copy of the parameters after all calls made so far. */
  getParameters(): Promise<Parameters>;
  /** A copy of the training state after all calls made so far. */
  getState(): Promise<EngineState>;
  /**
   * Copies a state in: training continues with the same bits as without the interruption. Rejects with a `RangeError` when its
   * moments are no optimizer's.
   */
  setState(state: EngineState): Promise<void>;
  /**
   * Forward pass, loss averaged over the batch, backward pass, one update of the parameters. Rejects with a `RangeError` when the
   * update is out of its range, the engine has another optimizer's moments, or it is to average on and has no average of the updates
   * before: `setParameters` clears those.
   */
  train(batch: Batch, update: Update): Promise<BatchResult>;
  /** Forward pass only. */
  evaluate(batch: Batch): Promise<BatchResult>;
  /** Forward pass only, with the answer to each sample. Labels are not used, but must be classes of the network. */
  classify(batch: Batch): Promise<Classification>;
  /** The forward pass of the batch's first sample, with all states. Rejects with an `OptionError` without `recordStates`. */
  trace(batch: Batch): Promise<SampleTrace>;
  /** Frees threads and memory. */
  close(): void;
}
