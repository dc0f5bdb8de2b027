/**
 * The kinds of operators: y_t from x_t, without state.
 *
 * {@linkcode OPERATORS} is the registry. A kind consists of an entry and of the kernels `forward<Kind>`, `backward<Kind>` and
 * `weightGradient<Kind>`; no other code depends on an operator's kind.
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { type PlaceDescription, placeFields } from "./place.ts";
import { type Shape, sizeOf } from "./shape.ts";

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
export type Operator = AffineOperator | ScaleOperator | FlattenOperator | DelayOperator;

/** A tensor of an operator. */
export interface OperatorTensor {
  /** The second part of its name in a file, after the node's id. */
  readonly name: string;
  /** As PyTorch shapes it. */
  readonly shape: readonly number[];
  /** `weight` and `bias` are drawn, by fan-in and fan-out; a `constant` begins at `first`. All three are learned; a `fixed` one is not. */
  readonly role: "weight" | "bias" | "constant" | "fixed";
  /** Numbers that one number of the output is a sum of. */
  readonly fanIn: number;
  /** Numbers of the output that one number of the input goes into. */
  readonly fanOut: number;
  /** The initial value of a constant or fixed tensor. */
  readonly first?: number;
  /** Its numbers are whole steps, from 0 to T − 1. */
  readonly isSteps?: true;
}

/** The answer to an input of a wrong shape. */
export interface Misfit {
  /** The shape that would fit, such as `[channels, height, width]`. */
  readonly expected: string;
}

/** The properties of a kind of operator. `outputShape` checks the input's shape; the other functions take only shapes that fit. */
export interface OperatorKind<O extends Operator> {
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
  /** Multiply-adds of one step where nothing is left out. */
  multiplyAdds(operator: O, input: Shape): number;
  /** y is linear in x but for an added constant, so that gradients of leaky traces are traces of gradients. */
  readonly isLinear: boolean;
  /** y_t depends on inputs of earlier steps. */
  readonly readsBefore: boolean;
  /** It has kernels `…Events`, which take spikes in place of whole rows. */
  readonly hasEvents: boolean;
  /**
   * How it is computed: by products of matrices, which every engine has; by kernels of its own; or, for `reorder`, not at all where its
   * numbers lie in the right order already, else by kernels of its own.
   */
  readonly lowering: "matmul" | "reorder" | "kernel";
}

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
  isLinear: true,
  readsBefore: false,
  hasEvents: true,
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
  isLinear: true,
  readsBefore: false,
  hasEvents: false,
  lowering: "kernel",
};

const flatten: OperatorKind<FlattenOperator> = {
  schema: v.strictObject({ ...placeFields, kind: v.literal("flatten") }),
  outputShape: (_, input) => input && [sizeOf(input)],
  tensors: () => [],
  geometry: (_, input) => [input[0], sizeOf(input) / input[0]],
  multiplyAdds: () => 0,
  isLinear: true,
  readsBefore: false,
  hasEvents: true,
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
  isLinear: true,
  readsBefore: true,
  hasEvents: false,
  lowering: "kernel",
};

/** Every kind of operator, by name. */
export const OPERATORS = { affine, scale, flatten, delay } as const;

/** The same, for code that depends on no kind. */
const kinds: Readonly<Record<Operator["kind"], OperatorKind<Operator>>> = OPERATORS;

/** The properties of an operator's kind. */
export function operatorKindOf({ kind }: Operator): OperatorKind<Operator> {
  return kinds[kind];
}
