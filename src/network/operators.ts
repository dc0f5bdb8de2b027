/**
 * The kinds of operators: y_t from x_t, without state.
 *
 * {@linkcode OPERATORS} is the registry. A kind consists of an entry (operator_kind.ts) and of the kernels `forward<Kind>`,
 * `backward<Kind>` and `weightGradient<Kind>`; no other code depends on an operator's kind, but for src/onnx/operators.ts.
 */
import * as v from "valibot";
import { batchNorm, type BatchNormOperator, dropout, type DropoutOperator } from "./batch_operators.ts";
import { LIMITS } from "./limits.ts";
import type { OperatorKind } from "./operator_kind.ts";
import { placeFields } from "./place.ts";
import { sizeOf } from "./shape.ts";
import {
  avgPool2d,
  type AvgPool2dOperator,
  conv2d,
  type Conv2dOperator,
  maxPool2d,
  type MaxPool2dOperator,
  sumPool2d,
  type SumPool2dOperator,
} from "./spatial_operators.ts";

export type { BatchNormOperator, DropoutOperator } from "./batch_operators.ts";
export type { Misfit, OperatorKind, OperatorTensor } from "./operator_kind.ts";
export type {
  AvgPool2dOperator,
  Conv2dOperator,
  MaxPool2dOperator,
  Pair,
  PoolFields,
  SumPool2dOperator,
} from "./spatial_operators.ts";

/** y = W·x + b; an input of any shape is read in the order channel, row, column. Tensors: weight `[units, in]`, bias `[units]`. */
export interface AffineOperator {
  /** Which operator this is. */
  readonly kind: "affine";
  /** Numbers of the output. */
  readonly units: number;
  /** Whether b is added. @default {true} */
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
export type Operator =
  | AffineOperator
  | Conv2dOperator
  | AvgPool2dOperator
  | SumPool2dOperator
  | MaxPool2dOperator
  | BatchNormOperator
  | DropoutOperator
  | ScaleOperator
  | FlattenOperator
  | DelayOperator;

const affine: OperatorKind<AffineOperator> = {
  schema: v.strictObject({
    ...placeFields,
    kind: v.literal("affine"),
    units: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.units)),
    bias: v.optional(v.boolean(), true),
  }),
  outputShape: ({ units }) => [units],
  tensors({ units, bias }, input) {
    const fans = { fanIn: sizeOf(input), fanOut: units };
    return [
      { name: "weight", shape: [units, fans.fanIn], role: "weight", ...fans },
      ...(bias ? [{ name: "bias", shape: [units], role: "bias", ...fans } as const] : []),
    ];
  },
  geometry: ({ units }, input) => [sizeOf(input), units],
  multiplyAdds: ({ units }, input) => units * sizeOf(input),
  readsBefore: false,
  lowering: "matmul",
};

const scale: OperatorKind<ScaleOperator> = {
  schema: v.strictObject({ ...placeFields, kind: v.literal("scale") }),
  outputShape: (_, input) => input,
  tensors: (_, input) => [
    { name: "weight", shape: input, role: "constant", fanIn: 1, fanOut: 1, first: 1 },
  ],
  geometry: (_, input) => [sizeOf(input)],
  multiplyAdds: (_, input) => sizeOf(input),
  readsBefore: false,
  lowering: "kernel",
};

const flatten: OperatorKind<FlattenOperator> = {
  schema: v.strictObject({ ...placeFields, kind: v.literal("flatten") }),
  outputShape: (_, input) => input && [sizeOf(input)],
  tensors: () => [],
  geometry: (_, input) => [input[0], sizeOf(input) / input[0]],
  multiplyAdds: () => 0,
  readsBefore: false,
  lowering: "reorder",
};

const delay: OperatorKind<DelayOperator> = {
  schema: v.strictObject({ ...placeFields, kind: v.literal("delay") }),
  outputShape: (_, input) => input,
  tensors: (_, input) => [
    { name: "steps", shape: input, role: "fixed", fanIn: 1, fanOut: 1, first: 0, isSteps: true },
  ],
  geometry: (_, input) => [sizeOf(input)],
  multiplyAdds: () => 0,
  readsBefore: true,
  lowering: "kernel",
};

/** Every kind of operator, by name. */
export const OPERATORS = {
  affine,
  conv2d,
  avgPool2d,
  sumPool2d,
  maxPool2d,
  batchNorm,
  dropout,
  scale,
  flatten,
  delay,
} as const;

/** The same, for code that depends on no kind. */
const kinds: Readonly<Record<Operator["kind"], OperatorKind<Operator>>> = OPERATORS;

/** The properties of an operator's kind. */
export function operatorKindOf({ kind }: Operator): OperatorKind<Operator> {
  return kinds[kind];
}
