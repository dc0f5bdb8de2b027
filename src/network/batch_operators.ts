/** Operators that differ between training and inference: normalisation over a batch, and dropout. */
import * as v from "valibot";
import type { OperatorKind } from "./operator_kind.ts";
import { placeFields } from "./place.ts";
import { channelsAndPositions } from "./spatial_operators.ts";

/**
 * y = weight·(x − μ)/√(σ² + ε) + bias by channel, or by unit of a flat input. In training μ and σ² are those of the batch over samples,
 * steps and positions, and `mean` and `variance` follow them; otherwise they are `mean` and `variance`. Tensors: all four,
 * `[channels or units]`.
 */
export interface BatchNormOperator {
  /** Which operator this is. */
  readonly kind: "batchNorm";
  /** The share of a batch in the running mean and variance. @default {0.1} */
  readonly momentum: number;
  /** ε. @default {1e-5} */
  readonly epsilon: number;
  /**
   * What `weight` begins with. The threshold of the neurons behind makes it tdBN (Zheng et al. 2021, arXiv 2011.05280).
   * @default {1}
   */
  readonly gamma: number;
}

/**
 * In training y is 0 with probability `rate`, else x/(1 − rate), the same numbers at all steps of a sample (Srivastava et al. 2014);
 * otherwise y = x.
 */
export interface DropoutOperator {
  /** Which operator this is. */
  readonly kind: "dropout";
  /** From 0 to below 1. */
  readonly rate: number;
}

export const batchNorm: OperatorKind<BatchNormOperator> = {
  schema: v.strictObject({
    ...placeFields,
    kind: v.literal("batchNorm"),
    momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.1),
    epsilon: v.optional(v.pipe(v.number(), v.gtValue(0), v.finite()), 1e-5),
    gamma: v.optional(v.pipe(v.number(), v.finite()), 1),
  }),
  outputShape: (_, input) => input,
  tensors({ gamma }, [channels]) {
    const common = { shape: [channels], fanIn: 1, fanOut: 1 };
    return [
      { name: "weight", role: "constant", first: gamma, ...common },
      { name: "bias", role: "constant", first: 0, ...common },
      { name: "mean", role: "statistic", first: 0, ...common },
      { name: "variance", role: "statistic", first: 1, isNotNegative: true, ...common },
    ];
  },
  geometry: (_, input) => channelsAndPositions(input),
  settings: ({ momentum, epsilon }) => [momentum, epsilon],
  multiplyAdds: (_, input) => input.reduce((product, length) => product * length, 1),
  batchSums: (_, [channels]) => 2 * channels + 1,
  readsBefore: false,
  lowering: "kernel",
};

export const dropout: OperatorKind<DropoutOperator> = {
  schema: v.strictObject({
    ...placeFields,
    kind: v.literal("dropout"),
    rate: v.pipe(v.number(), v.minValue(0), v.ltValue(1)),
  }),
  outputShape: (_, input) => input,
  tensors: () => [],
  geometry: (_, input) => channelsAndPositions(input),
  settings: ({ rate }) => [rate],
  draws: true,
  multiplyAdds: () => 0,
  readsBefore: false,
  lowering: "kernel",
};
