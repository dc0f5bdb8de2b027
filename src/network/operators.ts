/**
 * The kinds of operators: y_t from x_t, without state.
 *
 * @module
 */

/** y = W·x + b; an input of any shape is read in the order channel, row, column. Tensors: weight `[units, in]`, bias `[units]`. */
export interface AffineOperator {
  /** Which operator this is. */
  readonly kind: "affine";
  /** How many numbers it gives. */
  readonly units: number;
  /** Whether b is there. @default {true} */
  readonly bias: boolean;
}

/** y = s ∘ x. Tensor: weight, of the input's shape. */
export interface ScaleOperator {
  /** Which operator this is. */
  readonly kind: "scale";
}

/** The same numbers as `[units]`, in the order channel, row, column. */
export interface FlattenOperator {
  /** Which operator this is. */
  readonly kind: "flatten";
}

/** y_t[i] = x_{t − d_i}[i]. Tensor: steps, of the input's shape, whole numbers d below T, fixed. */
export interface DelayOperator {
  /** Which operator this is. */
  readonly kind: "delay";
}

/** A kind of operator with its fields. */
export type Operator = AffineOperator | ScaleOperator | FlattenOperator | DelayOperator;
