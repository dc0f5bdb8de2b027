/** Operators of a network as operations of ONNX; values have the samples of a batch in front: `[batch, …shape]`. */
import type { Operator, PoolFields } from "../network/operators.ts";
import { type Shape, sizeOf } from "../network/shape.ts";
import type { GraphBuilder, Value } from "./graph_builder.ts";

/** What an operator's translation is given. */
export interface OperatorPlace {
  readonly id: string;
  /** Of its input at one step. */
  readonly inputShape: Shape;
  /** A tensor of its, by the second part of its name. */
  tensor(name: string): Float32Array;
}

/** An operator without memory. @returns The value that it makes of `input`. */
export function operate(
  graph: GraphBuilder,
  operator: Exclude<Operator, { readonly kind: "delay" }>,
  { id, inputShape, tensor }: OperatorPlace,
  input: Value,
): Value {
  const { constants } = graph;
  const own = (name: string, shape: readonly number[]) => constants.add(`${id}.${name}`, shape, tensor(name));
  switch (operator.kind) {
    case "affine": {
      const flat = inputShape.length === 1 ? input : graph.add("Flatten", [input], { axis: 1 });
      const weight = own("weight", [operator.units, sizeOf(inputShape)]);
      const bias = operator.bias ? [own("bias", [operator.units])] : [];
      return graph.add("Gemm", [flat, weight, ...bias], { transB: 1 });
    }
    case "conv2d": {
      const { channels, kernel, stride, padding, dilation, groups } = operator;
      const weight = own("weight", [channels, inputShape[0] / groups, ...kernel]);
      const bias = operator.bias ? [own("bias", [channels])] : [];
      return graph.add("Conv", [input, weight, ...bias], {
        kernel_shape: kernel,
        strides: stride,
        pads: [...padding, ...padding],
        dilations: dilation,
        group: groups,
      });
    }
    case "avgPool2d":
      return graph.add("AveragePool", [input], { ...windowOf(operator), count_include_pad: 1 });
    case "maxPool2d":
      return graph.add("MaxPool", [input], windowOf(operator));
    case "sumPool2d": {
      // A convolution of ones by channel: a mean times the window's size would round sums of spikes, which are whole numbers.
      const [channels] = inputShape, [rows, columns] = operator.kernel;
      const ones = new Float32Array(channels * rows * columns).fill(1);
      const weight = constants.add(`${id}.ones`, [channels, 1, rows, columns], ones);
      return graph.add("Conv", [input, weight], { ...windowOf(operator), group: channels });
    }
    case "batchNorm": {
      const [gamma, beta, mean, variance] = ["weight", "bias", "mean", "variance"].map(tensor);
      const factors = Float64Array.from(gamma!, (g, c) => g / Math.sqrt(variance![c]! + operator.epsilon));
      const shape = inputShape.length === 3 ? [inputShape[0], 1, 1] : inputShape;
      const factor = constants.add(`${id}.factor`, shape, Float32Array.from(factors));
      const shifts = Float32Array.from(factors, (f, c) => beta![c]! - f * mean![c]!);
      const shift = constants.add(`${id}.shift`, shape, shifts);
      return graph.add("Add", [graph.add("Mul", [input, factor]), shift]);
    }
    case "scale":
      return graph.add("Mul", [input, own("weight", inputShape)]);
    case "flatten":
      return inputShape.length === 1 ? input : graph.add("Flatten", [input], { axis: 1 });
    case "dropout":
      return input; // it leaves nothing out but in training
    default:
      return operator satisfies never;
  }
}

function windowOf({ kernel, stride, padding }: PoolFields) {
  return { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding] };
}
