/**
 * What is true of a kind of operator, in plain float64. A row is what a node has of one sample at one step, in the order channel, row,
 * column.
 *
 * @module
 */
import type { Shape } from "../../src/network/graph.ts";

/** A batch's rows at one step, one a sample. */
export type Rows = readonly Float64Array[];

/** Rows by step. Before the first step and behind the last one all of them are 0. */
export type RowsAt = (step: number) => Rows;

/** A tensor of a node by its name there, such as `weight`. */
export type TensorOf = (name: string) => Float64Array;

/** A tensor of a kind of operator. */
export interface ReferenceTensor {
  readonly shape: readonly number[];
  readonly isLearned: boolean;
  /** It follows the batches of training. */
  readonly isStatistic?: boolean;
}

/** What an operator may need to know of a batch besides its rows. */
export interface ReferenceBatch {
  /** Of each sample, its steps. */
  readonly lengths: readonly number[];
  /** It is trained on. */
  readonly isTraining: boolean;
  /** Of each sample, the draw of a counter, for the node at hand. */
  readonly draw: (sample: number, counter: number) => number;
  /** The rows by which a choice between them is made; x, unless a run is held to the choices of another. */
  readonly choice: RowsAt;
}

/** What is true of a kind of operator. */
export interface ReferenceOperator<O> {
  /** Of what it gives. */
  shape(operator: O, input: Shape): Shape;
  /** Its tensors by name, in the order of a file. */
  tensors(operator: O, input: Shape): Readonly<Record<string, ReferenceTensor>>;
  /** y_t. @param x Its input at every step. */
  forward(operator: O, tensor: TensorOf, x: RowsAt, step: number, batch: ReferenceBatch, input: Shape): Rows;
  /** δx_t. @param dy The loss's gradient with respect to y, at every step. */
  backward(
    operator: O,
    tensor: TensorOf,
    dy: RowsAt,
    step: number,
    x: RowsAt,
    batch: ReferenceBatch,
    input: Shape,
  ): Rows;
  /** Adds to the gradients of its learned tensors what step t has of them. */
  accumulate(
    operator: O,
    gradient: TensorOf,
    dy: RowsAt,
    step: number,
    x: RowsAt,
    batch: ReferenceBatch,
    input: Shape,
  ): void;
  /** Its statistics after a batch of training. */
  statistics?(
    operator: O,
    tensor: TensorOf,
    x: RowsAt,
    batch: ReferenceBatch,
    input: Shape,
  ): Readonly<Record<string, Float64Array>>;
  /** How far the nearest choice at a step is from another one. @default {it makes none} */
  margin?(operator: O, x: Rows, input: Shape): number;
}
