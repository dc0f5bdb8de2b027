/** Operators over rows and columns: convolution and pools. */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import type { Misfit, OperatorKind, TensorOrder } from "./operator_kind.ts";
import { placeFields } from "./place.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Two numbers: by rows, from the top, and by columns, from the left. */
export type Pair = readonly [rows: number, columns: number];

/**
 * Cross-correlation with zeros outside, as PyTorch's Conv2d: `[channels, height, width]` → `[channels, ⌊(height + 2·padding −
 * dilation·(kernel − 1) − 1)/stride⌋ + 1, …]`. Tensors: weight `[channels, inputs / groups, rows, columns]`, bias `[channels]`.
 */
export interface Conv2dOperator {
  /** Which operator this is. */
  readonly kind: "conv2d";
  /** Of the output. */
  readonly channels: number;
  /** Rows and columns of the kernel. */
  readonly kernel: Pair;
  /** From position to position. @default {[1, 1]} */
  readonly stride: Pair;
  /** Rows and columns of zeros on each side. @default {[0, 0]} */
  readonly padding: Pair;
  /** From number to number of the kernel. @default {[1, 1]} */
  readonly dilation: Pair;
  /** Into how many groups channels are cut, of which each sees its own alone; divides both. @default {1} */
  readonly groups: number;
  /** Whether a bias is added. @default {true} */
  readonly bias: boolean;
}

/** A window that moves over rows and columns; channels stay apart. Sizes are those of {@linkcode Conv2dOperator}. */
export interface PoolFields {
  /** Rows and columns of the window. */
  readonly kernel: Pair;
  /** From position to position. @default {the window's} */
  readonly stride: Pair;
  /** Rows and columns on each side; no more than half of the window. @default {[0, 0]} */
  readonly padding: Pair;
}

/** The mean over windows, in which the padding's zeros count. */
export interface AvgPool2dOperator extends PoolFields {
  /** Which operator this is. */
  readonly kind: "avgPool2d";
}

/** The sum over windows. */
export interface SumPool2dOperator extends PoolFields {
  /** Which operator this is. */
  readonly kind: "sumPool2d";
}

/** The largest number of windows: the padding never wins, and of equals the first in row order takes the gradient. */
export interface MaxPool2dOperator extends PoolFields {
  /** Which operator this is. */
  readonly kind: "maxPool2d";
}

const whole = (from: number) => v.pipe(v.number(), v.integer(), v.minValue(from), v.maxValue(LIMITS.inputs));
const pair = (from: number) => v.strictTuple([whole(from), whole(from)]);

/** Output sizes along both axes; undefined where the window does not fit. */
function extents(
  [, ...input]: readonly number[],
  { kernel, stride, padding, dilation = [1, 1] }: {
    readonly kernel: Pair;
    readonly stride: Pair;
    readonly padding: Pair;
    readonly dilation?: Pair;
  },
): Pair | undefined {
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    Math.floor((input[axis]! + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) +
    1
  );
  return rows! > 0 && columns! > 0 ? [rows!, columns!] : undefined;
}

/** The least input that a window fits into, in words. */
function leastInput(
  channels: string,
  { kernel, padding, dilation = [1, 1] }: {
    readonly kernel: Pair;
    readonly padding: Pair;
    readonly dilation?: Pair;
  },
): Misfit {
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    Math.max(1, dilation[axis] * (kernel[axis] - 1) + 1 - 2 * padding[axis])
  );
  return {
    expected:
      `[${channels}, height, width] with a height of ${rows} or more and a width of ${columns} or more`,
  };
}

/** The entry of convolution. */
export const conv2d: OperatorKind<Conv2dOperator> = {
  schema: v.pipe(
    v.strictObject({
      ...placeFields,
      kind: v.literal("conv2d"),
      channels: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.units)),
      kernel: pair(1),
      stride: v.optional(pair(1), [1, 1]),
      padding: v.optional(pair(0), [0, 0]),
      dilation: v.optional(pair(1), [1, 1]),
      groups: v.optional(whole(1), 1),
      bias: v.optional(v.boolean(), true),
    }),
    v.check(
      ({ channels, groups }) => channels % groups === 0,
      "groups: expected a number that divides the node's channels",
    ),
  ),
  outputShape(operator, input) {
    const { channels, groups } = operator;
    if (input === undefined) return undefined;
    const extent = input.length === 3 && input[0] % groups === 0 ? extents(input, operator) : undefined;
    if (extent) return [channels, ...extent];
    return leastInput(groups === 1 ? "channels" : `channels that ${groups} groups divide`, operator);
  },
  tensors({ channels, kernel: [rows, columns], stride, groups, bias }, input) {
    const inputs = input[0] / groups, taps = rows * columns;
    const fans = {
      fanIn: inputs * taps,
      fanOut: channels / groups * taps / (stride[0] * stride[1]),
    };
    return [
      {
        name: "weight",
        shape: [channels, inputs, rows, columns],
        role: "weight",
        ...fans,
        inMemory: kernelOrder(channels, groups, inputs, taps),
      },
      ...(bias ? [{ name: "bias", shape: [channels], role: "bias", ...fans } as const] : []),
    ];
  },
  geometry(operator, input) {
    const { channels, kernel, stride, padding, dilation, groups, bias } = operator;
    return [...input, channels, ...extents(input, operator)!, ...kernel, ...stride, ...padding, ...dilation]
      .concat(groups, bias ? 1 : 0);
  },
  multiplyAdds(operator, input) {
    const { channels, kernel: [rows, columns], groups } = operator;
    const [height, width] = extents(input, operator)!;
    return channels * height * width * (input[0] / groups) * rows * columns;
  },
  readsBefore: false,
  lowering: "kernel",
};

/** `[outputs, inputs, taps]` of each group → `[groups][taps][inputs][outputs of a group, padded to 4]`. */
function kernelOrder(outputs: number, groups: number, inputs: number, taps: number): TensorOrder {
  const own = outputs / groups, row = 4 * Math.ceil(own / 4);
  const places = new Uint32Array(outputs * inputs * taps);
  let i = 0;
  for (let output = 0; output < outputs; output++) {
    const group = Math.floor(output / own), within = output % own;
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++, i++) {
        places[i] = ((group * taps + tap) * inputs + input) * row + within;
      }
    }
  }
  return { size: groups * taps * inputs * row, places };
}

/** A pool of a kind. */
function pool<Kind extends "avgPool2d" | "sumPool2d" | "maxPool2d">(
  kind: Kind,
): OperatorKind<PoolFields & { readonly kind: Kind }> {
  return {
    schema: v.pipe(
      v.strictObject({
        ...placeFields,
        kind: v.literal(kind),
        kernel: pair(1),
        stride: v.exactOptional(pair(1)),
        padding: v.optional(pair(0), [0, 0]),
      }),
      v.check(
        ({ kernel, padding }) => padding.every((width, axis) => 2 * width <= kernel[axis]!),
        "padding: expected no more than half of the kernel",
      ),
      v.transform(({ stride, ...fields }) => ({ ...fields, stride: stride ?? fields.kernel })),
    ),
    outputShape(operator, input) {
      if (input === undefined) return undefined;
      const extent = input.length === 3 ? extents(input, operator) : undefined;
      return extent ? [input[0], ...extent] : leastInput("channels", operator);
    },
    tensors: () => [],
    geometry: (operator, input) => [
      ...input,
      ...extents(input, operator)!,
      ...operator.kernel,
      ...operator.stride,
      ...operator.padding,
    ],
    multiplyAdds: () => 0,
    readsBefore: false,
    lowering: "kernel",
  };
}

/** The entries of pools. */
export const avgPool2d = pool("avgPool2d");
export const sumPool2d = pool("sumPool2d");
export const maxPool2d = pool("maxPool2d");

/** Channels and positions of a shape, for kernels that take a number a channel. */
export function channelsAndPositions(shape: Shape): Pair {
  return [shape[0], sizeOf(shape) / shape[0]];
}
