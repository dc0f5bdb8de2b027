/** Operators as NIR nodes: an entry each; what NIR lacks is refused, or is a product that does the same. */
import { InputError } from "../../errors.ts";
import type { Operator } from "../../network/operators.ts";
import { sizeOf } from "../../network/shape.ts";
import type { Draft, Drafts } from "./draft.ts";

/** The numbers of a node's tensor, by the second part of its name. */
export type TensorsOf = (name: string) => Float32Array | undefined;

/** The largest matrix that stands for a scale. */
const MOST_UNITS = 2048;

/** What a file says of a place in the network that is not read. */
export function refusal(id: string, kind: string, why: string): InputError {
  return new InputError(`node ${id}: ${kind}: ${why}`);
}

/** Makes an operator's node of one that has its place and shapes. @throws {InputError} when NIR has no such operator. */
export function draftOperator(operator: Operator, draft: Draft, tensor: TensorsOf, drafts: Drafts): void {
  const numbers = (name: string) => Float64Array.from(tensor(name) ?? []);
  switch (operator.kind) {
    case "affine": {
      draft.type = "Linear";
      draft.weight = { shape: [operator.units, sizeOf(draft.input)], numbers: numbers("weight") };
      if (operator.bias) draft.bias = numbers("bias");
      return;
    }
    case "conv2d": {
      draft.type = "Conv2d";
      const [channels = 1] = draft.input, { kernel: [rows, columns], groups } = operator;
      const inputs = channels / groups, own = numbers("weight"), taps = rows * columns;
      // NIR's checks know one group alone: channels of other groups have weights of 0.
      const whole = new Float64Array(operator.channels * channels * taps);
      for (let output = 0; output < operator.channels; output++) {
        const first = Math.floor(output / (operator.channels / groups)) * inputs;
        whole.set(
          own.subarray(output * inputs * taps, (output + 1) * inputs * taps),
          (output * channels + first) * taps,
        );
      }
      draft.weight = { shape: [operator.channels, channels, rows, columns], numbers: whole };
      draft.bias = operator.bias ? numbers("bias") : new Float64Array(operator.channels);
      makeSquare(draft, operator.padding, operator.dilation);
      draft.whole.set("stride", pair(operator.stride)).set("dilation", pair(operator.dilation));
      draft.whole.set("groups", one(1)).set("input_shape", pair([draft.input[1] ?? 1, draft.input[2] ?? 1]));
      if (draft.weight.shape[2] !== draft.weight.shape[3]) {
        drafts.note(`${draft.id}: its kernel is not square: nir.read(type_check=False) alone takes it`);
      }
      return;
    }
    case "avgPool2d":
    case "sumPool2d":
      draft.type = operator.kind === "avgPool2d" ? "AvgPool2d" : "SumPool2d";
      draft.whole.set("kernel_size", pair(operator.kernel)).set("stride", pair(operator.stride));
      draft.whole.set("padding", pair(operator.padding));
      return;
    case "flatten":
      makeFlatten(draft);
      return;
    case "batchNorm": {
      const [gamma, beta, mean, variance] = ["weight", "bias", "mean", "variance"].map(numbers);
      const factors = gamma!.map((value, c) => value / Math.sqrt(variance![c]! + operator.epsilon));
      makeDiagonal(draft, factors, beta!.map((value, c) => value - factors[c]! * mean![c]!));
      return;
    }
    case "scale": {
      const factors = numbers("weight");
      if (draft.input.length === 1 && factors.length <= MOST_UNITS) {
        makeDiagonal(draft, factors);
      } else {
        draft.type = "Scale";
        draft.constants.set("scale", factors);
        drafts.note(`${draft.id}: snnTorch, Norse and SpikingJelly read no Scale`);
      }
      return;
    }
    case "delay":
      draft.type = "Delay";
      draft.constants.set("delay", numbers("steps"));
      drafts.note(`${draft.id}: snnTorch, Norse and SpikingJelly read no Delay`);
      return;
    case "maxPool2d":
      throw refusal(draft.id, operator.kind, "NIR has no such primitive: train with avgPool2d or sumPool2d");
    case "dropout":
      throw new Error("dropout is left out before");
    default:
      operator satisfies never;
  }
}

/** A product with one number a channel, or a unit. */
function makeDiagonal(draft: Draft, factors: Float64Array, bias?: Float64Array): void {
  const channels = factors.length, weight = new Float64Array(channels ** 2);
  factors.forEach((factor, c) => weight[c * channels + c] = factor);
  if (bias) draft.bias = bias;
  if (draft.input.length === 1) {
    draft.type = "Linear";
    draft.weight = { shape: [channels, channels], numbers: weight };
    return;
  }
  draft.type = "Conv2d";
  draft.weight = { shape: [channels, channels, 1, 1], numbers: weight };
  draft.bias ??= new Float64Array(channels);
  draft.whole.set("stride", pair([1, 1])).set("dilation", pair([1, 1])).set("padding", pair([0, 0]));
  draft.whole.set("groups", one(1)).set("input_shape", pair([draft.input[1] ?? 1, draft.input[2] ?? 1]));
}

/** Makes all dimensions one. */
export function makeFlatten(draft: Draft): void {
  draft.type = "Flatten";
  draft.whole.set("start_dim", one(0)).set("end_dim", one(-1));
  draft.whole.set("input_type", { shape: [draft.input.length], numbers: draft.input });
}

/** Puts rows or columns of zeros around a kernel that is not square, where they fit in evenly. */
function makeSquare(draft: Draft, padding: readonly number[], dilation: readonly number[]): void {
  const { shape: [outputs = 1, inputs = 1, ...kernel], numbers } = draft.weight!, side = Math.max(...kernel);
  const missing = kernel.map((taps) => side - taps);
  if (missing.some((taps) => taps % 2 === 1)) {
    draft.whole.set("padding", pair(padding));
    return;
  }
  const [rows = 1, columns = 1] = kernel, [above = 0, left = 0] = missing.map((taps) => taps / 2);
  const square = new Float64Array(outputs * inputs * side ** 2);
  for (let i = 0; i < numbers.length; i++) {
    const map = Math.floor(i / (rows * columns)), row = Math.floor(i / columns) % rows, column = i % columns;
    square[map * side ** 2 + (row + above) * side + column + left] = numbers[i]!;
  }
  draft.weight = { shape: [outputs, inputs, side, side], numbers: square };
  draft.whole.set(
    "padding",
    pair(padding.map((width, axis) => width + dilation[axis]! * missing[axis]! / 2)),
  );
}

function pair(numbers: readonly number[]) {
  return { shape: [2], numbers };
}

function one(number: number) {
  return { shape: [], numbers: [number] };
}
