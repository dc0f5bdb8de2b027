/**
 * Convolution and pools in plain float64, number by number; rows in the order channel, row, column.
 *
 * @module
 */
import type { Shape } from "../../src/network/graph.ts";
import type {
  AvgPool2dOperator,
  Conv2dOperator,
  MaxPool2dOperator,
  Pair,
  SumPool2dOperator,
} from "../../src/network/operators.ts";
import type { ReferenceOperator } from "./reference_kind.ts";

type Pool = AvgPool2dOperator | SumPool2dOperator | MaxPool2dOperator;
type Window = Pick<Conv2dOperator, "kernel" | "stride" | "padding"> & { readonly dilation?: Pair };

/** Rows and columns of what a window gives. */
function extentOf([, height = 0, width = 0]: Shape, window: Window): Pair {
  const extent = (axis: 0 | 1, length: number) => {
    const { kernel, stride, padding, dilation = [1, 1] } = window;
    return Math.floor((length + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) +
      1;
  };
  return [extent(0, height), extent(1, width)];
}

/** Visits every position of the output, and the numbers of its window that lie inside: their place in a channel, and in the kernel. */
function eachWindow(
  input: Shape,
  window: Window,
  visit: (output: number, inside: readonly { readonly place: number; readonly tap: number }[]) => void,
): void {
  const [, height = 0, width = 0] = input, [rows, columns] = extentOf(input, window);
  const { kernel, stride, padding, dilation = [1, 1] } = window;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const inside = [];
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          const y = row * stride[0] + ky * dilation[0] - padding[0];
          const x = column * stride[1] + kx * dilation[1] - padding[1];
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          inside.push({ place: y * width + x, tap: ky * kernel[1] + kx });
        }
      }
      visit(row * columns + column, inside);
    }
  }
}

/** Visits every product of a convolution: y[output] has weight[w]·x[i]. */
function eachProduct(
  operator: Conv2dOperator,
  input: Shape,
  visit: (output: number, w: number, i: number, channel: number) => void,
): void {
  const { channels, groups, kernel: [kh, kw] } = operator, [inputs, height = 0, width = 0] = input;
  const [rows, columns] = extentOf(input, operator), own = inputs / groups;
  eachWindow(input, operator, (position, inside) => {
    for (let channel = 0; channel < channels; channel++) {
      const group = Math.floor(channel / (channels / groups));
      for (let c = 0; c < own; c++) {
        for (const { place, tap } of inside) {
          const i = (group * own + c) * height * width + place;
          visit(channel * rows * columns + position, (channel * own + c) * kh * kw + tap, i, channel);
        }
      }
    }
  });
}

export const CONV2D: ReferenceOperator<Conv2dOperator> = {
  shape: (operator, input) => [operator.channels, ...extentOf(input, operator)],
  tensors: ({ channels, groups, kernel, bias }, [inputs]) => ({
    weight: { shape: [channels, inputs / groups, ...kernel], isLearned: true },
    ...(bias && { bias: { shape: [channels], isLearned: true } }),
  }),
  forward: (operator, tensor, x, step, _batch, input) => {
    const [rows, columns] = extentOf(input, operator), weight = tensor("weight");
    return x(step).map((row) => {
      const y = new Float64Array(operator.channels * rows * columns);
      if (operator.bias) y.forEach((_, i) => y[i] = tensor("bias")[Math.floor(i / (rows * columns))]!);
      eachProduct(operator, input, (output, w, i) => y[output]! += weight[w]! * row[i]!);
      return y;
    });
  },
  backward: (operator, tensor, dy, step, x, _batch, input) =>
    dy(step).map((row, sample) => {
      const dx = new Float64Array(x(step)[sample]!.length), weight = tensor("weight");
      eachProduct(operator, input, (output, w, i) => dx[i]! += weight[w]! * row[output]!);
      return dx;
    }),
  accumulate: (operator, gradient, dy, step, x, _batch, input) => {
    const inputs = x(step), [rows, columns] = extentOf(input, operator);
    dy(step).forEach((row, sample) => {
      const weight = gradient("weight"), source = inputs[sample]!;
      eachProduct(operator, input, (output, w, i) => weight[w]! += source[i]! * row[output]!);
      if (!operator.bias) return;
      row.forEach((value, i) => gradient("bias")[Math.floor(i / (rows * columns))]! += value);
    });
  },
};

/** Visits every window of every channel: the place of its result, and of the numbers in it. */
function eachPool(
  pool: Pool,
  input: Shape,
  visit: (output: number, inside: readonly number[]) => void,
): void {
  const [channels, height = 0, width = 0] = input, [rows, columns] = extentOf(input, pool);
  eachWindow(input, pool, (position, inside) => {
    for (let channel = 0; channel < channels; channel++) {
      const first = channel * height * width;
      visit(channel * rows * columns + position, inside.map(({ place }) => first + place));
    }
  });
}

const COMMON = {
  shape: (pool: Pool, input: Shape): Shape => [input[0], ...extentOf(input, pool)],
  tensors: () => ({}),
  accumulate: () => {},
};

function sizeOf([channels, rows, columns]: readonly [number, number, number]): number {
  return channels * rows * columns;
}

/** A sum over windows, times a factor. */
export function sumPool<P extends AvgPool2dOperator | SumPool2dOperator>(
  factorOf: (pool: P) => number,
): ReferenceOperator<P> {
  return {
    ...COMMON,
    forward: (pool, _tensor, x, step, _batch, input) =>
      x(step).map((row) => {
        const y = new Float64Array(sizeOf([input[0], ...extentOf(input, pool)]));
        eachPool(pool, input, (output, inside) => {
          y[output] = factorOf(pool) * inside.reduce((sum, i) => sum + row[i]!, 0);
        });
        return y;
      }),
    backward: (pool, _tensor, dy, step, x, _batch, input) =>
      dy(step).map((row, sample) => {
        const dx = new Float64Array(x(step)[sample]!.length);
        eachPool(pool, input, (output, inside) => {
          for (const i of inside) dx[i]! += factorOf(pool) * row[output]!;
        });
        return dx;
      }),
  };
}

/** The first of the largest numbers, in row order. */
function largestOf(row: Float64Array, inside: readonly number[]): number {
  return inside.reduce((best, i) => row[i]! > row[best]! ? i : best, inside[0]!);
}

export const MAX_POOL2D: ReferenceOperator<MaxPool2dOperator> = {
  ...COMMON,
  forward: (pool, _tensor, x, step, { choice }, input) =>
    x(step).map((row, sample) => {
      const y = new Float64Array(sizeOf([input[0], ...extentOf(input, pool)])),
        chosen = choice(step)[sample]!;
      eachPool(pool, input, (output, inside) => y[output] = row[largestOf(chosen, inside)]!);
      return y;
    }),
  backward: (pool, _tensor, dy, step, x, { choice }, input) =>
    dy(step).map((row, sample) => {
      const dx = new Float64Array(x(step)[sample]!.length), chosen = choice(step)[sample]!;
      eachPool(pool, input, (output, inside) => dx[largestOf(chosen, inside)]! += row[output]!);
      return dx;
    }),
  margin: (pool, x, input) => {
    let margin = Infinity;
    for (const row of x) {
      eachPool(pool, input, (_, inside) => {
        const largest = row[largestOf(row, inside)]!;
        // Equal ones are equal on any machine.
        for (const i of inside) if (row[i]! < largest) margin = Math.min(margin, largest - row[i]!);
      });
    }
    return margin;
  },
};
