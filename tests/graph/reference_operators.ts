/**
 * The operators of docs/networks.md in plain float64. An entry of {@linkcode REFERENCE_OPERATORS} is all that a kind takes.
 *
 * @module
 */
import type { OperatorNode } from "../../src/network/graph.ts";
import type { Operator } from "../../src/network/operators.ts";
import type { ReferenceOperator } from "./reference_kind.ts";
import { BATCH_NORM, DROPOUT } from "./reference_batch.ts";
import { CONV2D, MAX_POOL2D, sumPool } from "./reference_spatial.ts";

export type { ReferenceBatch, ReferenceTensor, Rows, RowsAt, TensorOf } from "./reference_kind.ts";

/** Every kind of operator, by name. */
export const REFERENCE_OPERATORS: {
  readonly [Kind in Operator["kind"]]: ReferenceOperator<Extract<Operator, { kind: Kind }>>;
} = {
  affine: {
    shape: ({ units }) => [units],
    tensors: ({ units, bias }, input) => ({
      weight: { shape: [units, sizeOf(input)], isLearned: true },
      ...(bias && { bias: { shape: [units], isLearned: true } }),
    }),
    forward: ({ units, bias }, tensor, x, step) =>
      x(step).map((row) => {
        const y = new Float64Array(units), weight = tensor("weight");
        for (let n = 0; n < units; n++) {
          if (bias) y[n] = tensor("bias")[n]!;
          for (let k = 0; k < row.length; k++) y[n]! += weight[n * row.length + k]! * row[k]!;
        }
        return y;
      }),
    backward: ({ units }, tensor, dy, step) =>
      dy(step).map((row) => {
        const weight = tensor("weight"), inputs = weight.length / units;
        const dx = new Float64Array(inputs);
        for (let n = 0; n < units; n++) {
          for (let k = 0; k < inputs; k++) dx[k]! += weight[n * inputs + k]! * row[n]!;
        }
        return dx;
      }),
    accumulate: ({ units, bias }, gradient, dy, step, x) => {
      const inputs = x(step);
      dy(step).forEach((row, sample) => {
        const input = inputs[sample]!;
        for (let n = 0; n < units; n++) {
          if (bias) gradient("bias")[n]! += row[n]!;
          for (let k = 0; k < input.length; k++) {
            gradient("weight")[n * input.length + k]! += row[n]! * input[k]!;
          }
        }
      });
    },
  },
  conv2d: CONV2D,
  avgPool2d: sumPool(({ kernel: [rows, columns] }) => 1 / (rows * columns)),
  sumPool2d: sumPool(() => 1),
  maxPool2d: MAX_POOL2D,
  batchNorm: BATCH_NORM,
  dropout: DROPOUT,
  scale: {
    shape: (_, input) => input,
    tensors: (_, input) => ({ weight: { shape: input, isLearned: true } }),
    forward: (_, tensor, x, step) =>
      x(step).map((row) => row.map((value, i) => tensor("weight")[i]! * value)),
    backward: (_, tensor, dy, step) =>
      dy(step).map((row) => row.map((value, i) => tensor("weight")[i]! * value)),
    accumulate: (_, gradient, dy, step, x) => {
      const inputs = x(step);
      dy(step).forEach((row, sample) =>
        row.forEach((value, i) => gradient("weight")[i]! += value * inputs[sample]![i]!)
      );
    },
  },
  flatten: {
    shape: (_, input) => [sizeOf(input)],
    tensors: () => ({}),
    forward: (_, _tensor, x, step) => x(step),
    backward: (_, _tensor, dy, step) => dy(step),
    accumulate: () => {},
  },
  delay: {
    shape: (_, input) => input,
    tensors: (_, input) => ({ steps: { shape: input, isLearned: false } }),
    forward: (_, tensor, x, step) =>
      x(step).map((row, sample) => row.map((_, i) => x(step - tensor("steps")[i]!)[sample]![i]!)),
    backward: (_, tensor, dy, step) =>
      dy(step).map((row, sample) => row.map((_, i) => dy(step + tensor("steps")[i]!)[sample]![i]!)),
    accumulate: () => {},
  },
};

/** The same, for code that does not care which kind an operator is. */
const kinds: Readonly<Record<Operator["kind"], ReferenceOperator<Operator>>> = REFERENCE_OPERATORS;

/** What is true of an operator's kind. */
export function referenceOperatorOf({ kind }: OperatorNode): ReferenceOperator<Operator> {
  return kinds[kind];
}

/** Numbers of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
