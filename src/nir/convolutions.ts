/** Conv1d and Conv2d, as cross-correlations with zeros outside. */
import { describeShape } from "../network/safetensors.ts";
import { sizeOf } from "../network/shape.ts";
import type { Fields, NirShape } from "./fields.ts";
import type { Primitive } from "./primitive.ts";

/** A convolution over some axes. */
interface Convolution {
  readonly channels: number;
  readonly inputs: number;
  readonly groups: number;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Zeros before and behind, on each axis. */
  readonly padding: readonly (readonly [number, number])[];
}

function readConvolution(fields: Fields, axes: number): Convolution {
  const shape = fields.shapeOf("weight"), [channels = 0, inputs = 0, ...kernel] = shape;
  if (shape.length !== axes + 2 || shape.includes(0)) {
    const expected = axes === 1 ? "[out, in / groups, width]" : "[out, in / groups, height, width]";
    throw fields.error(`weight has the shape ${describeShape(shape)}: expected ${expected}`);
  }
  const stride = fields.extents("stride", axes, 1), dilation = fields.extents("dilation", axes, 1);
  const groups = fields.wholeNumber("groups", 1, 1);
  if (channels % groups !== 0) throw fields.error(`groups: ${groups} do not divide ${channels} channels`);
  return {
    channels,
    inputs: inputs * groups,
    groups,
    kernel,
    stride,
    dilation,
    padding: readPadding(fields, axes, kernel, stride, dilation),
  };
}

function readPadding(
  fields: Fields,
  axes: number,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): (readonly [number, number])[] {
  const word = fields.text("padding");
  if (word === undefined) return fields.extents("padding", axes, 0).map((width) => [width, width]);
  if (word === "valid") return kernel.map(() => [0, 0]);
  if (word !== "same") {
    throw fields.error(`padding: ${JSON.stringify(word)}: expected numbers, "same" or "valid"`);
  }
  if (stride.some((step) => step !== 1)) {
    throw fields.error(`padding "same" wants a stride of 1, not ${stride}`);
  }
  // As PyTorch: where the two sides cannot be the same, the one behind has one more.
  return kernel.map((taps, axis) => {
    const total = dilation[axis]! * (taps - 1), before = Math.floor(total / 2);
    return [before, total - before];
  });
}

function outputOf(fields: Fields, axes: number, input: NirShape): NirShape {
  const convolution = readConvolution(fields, axes);
  const { channels, inputs, kernel, stride, dilation, padding } = convolution;
  const extents = kernel.map((taps, axis) =>
    Math.floor(
      (input[axis + 1]! + padding[axis]![0] + padding[axis]![1] - dilation[axis]! * (taps - 1) - 1) /
        stride[axis]!,
    ) + 1
  );
  if (input.length !== axes + 1 || input[0] !== inputs || !extents.every((extent) => extent > 0)) {
    const expected = [inputs, ...(axes === 1 ? ["width"] : ["height", "width"])].join(", ");
    throw fields.error(
      `its weight is ${describeShape(fields.shapeOf("weight"))}, and ${describeShape(input)} comes in: ` +
        `expected [${expected}] that the kernel fits into`,
    );
  }
  return [channels, ...extents];
}

function convolution(axes: 1 | 2): Primitive {
  return {
    required: ["weight", "stride", "padding", "dilation"],
    optional: ["groups", "bias", "input_shape"],
    outputShape: (fields, input) => input && outputOf(fields, axes, input),
    convert(fields, _input, target) {
      const { channels, groups, kernel, stride, dilation, padding } = readConvolution(fields, axes);
      const taps = asSymmetric(fields.numbers("weight"), kernel, dilation, padding);
      const pair = (values: readonly number[], row: number): [number, number] =>
        axes === 1 ? [row, values[0]!] : [values[0]!, values[1]!];
      const bias = biasOf(fields, channels);
      target.add({
        kind: "conv2d",
        channels,
        kernel: pair(taps.kernel, 1),
        stride: pair(stride, 1),
        padding: pair(padding.map(([, behind]) => behind), 0),
        dilation: pair(taps.dilation, 1),
        groups,
        bias: bias !== undefined,
      }, { weight: taps.weight, ...(bias && { bias }) });
    },
  };
}

/**
 * A kernel that does with the wider padding on both sides what the given one does with its own: where these differ, which is by 1, it
 * has no gaps, and begins with a zero.
 */
function asSymmetric(
  weight: ArrayLike<number>,
  kernel: readonly number[],
  dilation: readonly number[],
  padding: readonly (readonly [number, number])[],
): { weight: ArrayLike<number>; kernel: readonly number[]; dilation: readonly number[] } {
  const isShifted = padding.map(([before, behind]) => before !== behind);
  if (!isShifted.includes(true)) return { weight, kernel, dilation };
  const wide = kernel.map((taps, axis) => isShifted[axis] ? dilation[axis]! * (taps - 1) + 2 : taps);
  const maps = weight.length / sizeOf(kernel), result = new Float64Array(maps * sizeOf(wide));
  for (let i = 0; i < weight.length; i++) {
    let rest = i % sizeOf(kernel), step = 1, place = Math.floor(i / sizeOf(kernel)) * sizeOf(wide);
    for (let axis = kernel.length - 1; axis >= 0; axis--) {
      const tap = rest % kernel[axis]!;
      rest = Math.floor(rest / kernel[axis]!);
      place += (isShifted[axis] ? 1 + dilation[axis]! * tap : tap) * step;
      step *= wide[axis]!;
    }
    result[place] = weight[i]!;
  }
  return { weight: result, kernel: wide, dilation: dilation.map((gap, axis) => isShifted[axis] ? 1 : gap) };
}

function biasOf(fields: Fields, channels: number): ArrayLike<number> | undefined {
  if (!fields.has("bias")) return undefined;
  const bias = fields.numbers("bias");
  if (bias.length === channels) return bias;
  if (bias.length === 1) return new Float64Array(channels).fill(bias[0]!);
  throw fields.error(`bias has the shape ${describeShape(fields.shapeOf("bias"))}: expected [${channels}]`);
}

/** By name. */
export const CONVOLUTIONS = {
  Conv1d: convolution(1),
  Conv2d: convolution(2),
} as const satisfies Readonly<Record<string, Primitive>>;
