/** SumPool2d, AvgPool2d and Flatten. */
import { describeShape } from "../network/safetensors.ts";
import { sizeOf } from "../network/shape.ts";
import type { Fields, NirShape } from "./fields.ts";
import type { Primitive } from "./primitive.ts";

function readPool(fields: Fields) {
  const [kernel, stride, padding] = [
    fields.extents("kernel_size", 2, 1),
    fields.extents("stride", 2, 1),
    fields.extents("padding", 2, 0),
  ];
  const wide = padding!.find((width, axis) => 2 * width > kernel![axis]!);
  if (wide === undefined) return { kernel: kernel!, stride: stride!, padding: padding! };
  throw fields.error(`padding: ${wide}: expected no more than half of the window ${describeShape(kernel!)}`);
}

function pool(kind: "sumPool2d" | "avgPool2d"): Primitive {
  return {
    required: ["kernel_size", "stride", "padding"],
    optional: [],
    outputShape(fields, input) {
      if (!input) return undefined;
      const { kernel, stride, padding } = readPool(fields), [channels = 0, ...extents] = input;
      const found = extents.map((extent, axis) =>
        Math.floor((extent + 2 * padding[axis]! - kernel[axis]!) / stride[axis]!) + 1
      );
      if (input.length === 3 && found.every((extent) => extent > 0)) return [channels, ...found];
      throw fields.error(
        `${describeShape(input)} comes in: expected [channels, height, width] that its window ` +
          `${describeShape(kernel)} fits into`,
      );
    },
    convert(fields, _input, target) {
      const { kernel, stride, padding } = readPool(fields);
      const pair = ([rows = 1, columns = 1]: readonly number[]) => [rows, columns] as const;
      target.add({ kind, kernel: pair(kernel), stride: pair(stride), padding: pair(padding) });
    },
  };
}

/** The dimensions that become one. */
function flattened(fields: Fields, input: NirShape): { first: number; last: number } {
  const axes = input.length;
  const [first, last] = ([["start_dim", 1], ["end_dim", -1]] as const).map(([name, fallback]) => {
    const value = fields.has(name) ? fields.numbers(name)[0]! : fallback;
    const axis = value < 0 ? value + axes : value;
    // PyTorch counts the batch, NIR does not: a start behind the only dimension has nothing to join.
    if (Number.isInteger(axis) && axis >= 0 && axis < Math.max(axes, 2)) return Math.min(axis, axes - 1);
    throw fields.error(`${name}: ${value}: expected a dimension of ${describeShape(input)}`);
  });
  if (first! <= last!) return { first: first!, last: last! };
  throw fields.error(`start_dim ${first} is behind end_dim ${last}`);
}

const flatten: Primitive = {
  required: [],
  optional: ["input_type", "start_dim", "end_dim"],
  outputShape(fields, input) {
    if (!input) return undefined;
    const { first, last } = flattened(fields, input);
    return [...input.slice(0, first), sizeOf(input.slice(first, last + 1)), ...input.slice(last + 1)];
  },
  convert(fields, input, target) {
    const { first, last } = flattened(fields, input);
    if (first === 0 && last === input.length - 1 && last > 0) target.add({ kind: "flatten" });
    else target.pass(); // the numbers keep their order
  },
};

/** By name. */
export const POOLS = {
  SumPool2d: pool("sumPool2d"),
  AvgPool2d: pool("avgPool2d"),
  Flatten: flatten,
} as const satisfies Readonly<Record<string, Primitive>>;
