/** What a kind of operator says of itself: an entry of the registry in operators.ts. */
import type * as v from "valibot";
import type { PlaceDescription } from "./place.ts";
import type { Shape } from "./shape.ts";

/** A tensor of an operator. */
export interface OperatorTensor {
  /** The second part of its name in a file, after the node's id. */
  readonly name: string;
  /** As PyTorch shapes it. */
  readonly shape: readonly number[];
  /**
   * `weight` and `bias` are drawn, by fan-in and fan-out; a `constant` begins at `first`. All three are learned. A `fixed` one is not, and a
   * `statistic` follows the batches of training.
   */
  readonly role: TensorRole;
  /** Numbers that one number of the output is a sum of. */
  readonly fanIn: number;
  /** Numbers of the output that one number of the input goes into. */
  readonly fanOut: number;
  /** The initial value of a constant or fixed tensor. */
  readonly first?: number;
  /** Its numbers are whole steps, from 0 to T − 1. */
  readonly isSteps?: true;
  /** No number is below 0. */
  readonly isNotNegative?: true;
  /** How it lies in the kernels' memory, where that is not the order of a file. */
  readonly inMemory?: TensorOrder;
}

/** What becomes of a tensor in training; see {@linkcode OperatorTensor.role}. */
export type TensorRole = "weight" | "bias" | "constant" | "fixed" | "statistic";

/** The order of a tensor in memory. */
export interface TensorOrder {
  /** Numbers that it takes there; those that no place names are 0. */
  readonly size: number;
  /** The place of each number of a file. */
  readonly places: Uint32Array;
}

/** The answer to an input of a wrong shape. */
export interface Misfit {
  /** The shape that would fit, such as `[channels, height, width]`. */
  readonly expected: string;
}

/** The properties of a kind of operator. `outputShape` checks the input's shape; the other functions take only shapes that fit. */
export interface OperatorKind<O> {
  /** Checks a node and fills in its defaults. */
  readonly schema: v.GenericSchema<unknown, O & PlaceDescription>;
  /**
   * The shape of y for that of x.
   *
   * @param input `undefined` in a loop, where it may not be known yet.
   * @returns `undefined` where it depends on an input that is not known.
   */
  outputShape(operator: O, input: Shape | undefined): Shape | Misfit | undefined;
  /** In the order of a file. */
  tensors(operator: O, input: Shape): readonly OperatorTensor[];
  /** Whole numbers for its kernels, in the order in which they read them. */
  geometry(operator: O, input: Shape): readonly number[];
  /** Other numbers for its kernels, likewise. @default {none} */
  settings?(operator: O): readonly number[];
  /** Multiply-adds of one step where nothing is left out. */
  multiplyAdds(operator: O, input: Shape): number;
  /** y_t depends on inputs of earlier steps. */
  readonly readsBefore: boolean;
  /** It draws random numbers in training. @default {false} */
  readonly draws?: true;
  /**
   * Of a kind that normalises over the samples of a training batch, how many sums it needs of each: it has the kernels `sums<Kind>` and
   * `settle<Kind>`, and both for the backward pass. @default {samples are independent}
   */
  batchSums?(operator: O, input: Shape): number;
  /**
   * How it is computed: by products of matrices, which every engine has; by kernels of its own; or, for `reorder`, not at all where its
   * numbers lie in the right order already, else by kernels of its own.
   */
  readonly lowering: "matmul" | "reorder" | "kernel";
}
