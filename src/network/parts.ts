/** Parts of a network's description: layers of the short form, their readout, the loss. */
import type { Neuron } from "./neurons.ts";

/** Units that share an input and a kind of neuron: I_t = W·x_t + b, and + V·o_{t-1} where the layer is recurrent. */
export interface LayerSpec {
  /** Number of neurons. */
  readonly units: number;
  /** 1: the layer's output is the previous step's state and output (zeros at the first step). */
  readonly delay: 0 | 1;
  /** The layer's own outputs of the step before are inputs too, through weights V. @default {false} */
  readonly recurrent?: boolean;
  /** The neuron and its constants. */
  readonly neuron: Neuron;
}

/** The reduction of the last layer to one number a class. */
export interface Readout {
  /** What is read, after the layer's delay: membrane potentials (after the reset), or outputs (spikes). */
  readonly from: "state" | "spikes";
  /** Over the steps from `begin` on; `max` takes the first of equals, `last` the last step. */
  readonly reduce: "mean" | "sum" | "max" | "last";
  /** The first step that counts. */
  readonly begin: number;
}

/**
 * A target for the firing rate. For each layer below the top whose spikes have a surrogate derivative, r is the share of
 * (unit, step) pairs of a sample that spike; the sample's loss grows by weight·Σ_layers (r − target)².
 */
export interface RateTarget {
  /** The target rate, 0 to 1. */
  readonly target: number;
  /** The loss of a squared distance of 1; 0 or more. */
  readonly weight: number;
}

/**
 * What training minimises, averaged over a batch. z are the logits: one number a class, from the readout.
 *
 * - `crossEntropy`: −log softmax(z)[label];
 * - `meanSquaredError`: 1/C·Σ_c (z_c − y_c)², where y is `correct` for the label's class and `incorrect` for the others.
 */
export type Loss =
  & (
    | {
      /** Which loss. */
      readonly kind: "crossEntropy";
    }
    | {
      /** Which loss. */
      readonly kind: "meanSquaredError";
      /** y of the label's class. @default {1} */
      readonly correct?: number;
      /** y of every other class. @default {0} */
      readonly incorrect?: number;
    }
  )
  & {
    /** A target for the firing rate of the layers below the top. @default {none} */
    readonly rate?: RateTarget;
  };
