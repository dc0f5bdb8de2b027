/** Affine, Linear and Scale: y = W·x + b, y = W·x, y = s ∘ x. */
import { describeShape } from "../network/safetensors.ts";
import { LIMITS } from "../network/limits.ts";
import { sizeOf } from "../network/shape.ts";
import { type Fields, isSame, type NirShape } from "./fields.ts";
import type { Primitive } from "./primitive.ts";

/** Numbers of a matrix: more than any engine takes. */
const MOST_WEIGHTS = 2 ** 28;

/** Weights `[…, out, in]`: leading dimensions are as many products, side by side. */
interface Weights {
  readonly products: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly leading: NirShape;
}

function weightsOf(fields: Fields): Weights {
  const shape = fields.shapeOf("weight"), leading = shape.slice(0, -2);
  const [outputs = 0, inputs = 0] = shape.slice(-2), products = sizeOf(leading);
  if (shape.length < 2 || !(outputs >= 1) || !(inputs >= 1) || !(products >= 1)) {
    throw fields.error(`weight has the shape ${describeShape(shape)}: expected [out, in]`);
  }
  if (outputs * inputs * products ** 2 > MOST_WEIGHTS || outputs * products > LIMITS.units) {
    throw fields.error(`weight has the shape ${describeShape(shape)}: it is too large for a network here`);
  }
  return { products, outputs, inputs, leading };
}

/** The bias, one number a unit; `undefined` where there is none, or it is not a number at all (`False`). */
function biasOf(fields: Fields, units: number): Float64Array | undefined {
  if (!fields.has("bias")) return undefined;
  const bias = fields.numbers("bias");
  if (bias.length === units) return Float64Array.from(bias);
  if (bias.length !== 1) {
    throw fields.error(`bias has the shape ${describeShape(fields.shapeOf("bias"))}: expected [${units}]`);
  }
  if (bias[0] === 0) {
    fields.warn(`bias is the one number 0, expected [${units}]: it was read as none`);
    return undefined;
  }
  fields.warn(`bias is the one number ${bias[0]}, expected [${units}]: it was read as that of all units`);
  return new Float64Array(units).fill(bias[0]!);
}

const product: Primitive = {
  required: ["weight"],
  optional: ["bias"],
  outputShape(fields, input) {
    const { leading, outputs, inputs } = weightsOf(fields), expected = [...leading, inputs];
    if (input && !isSame(input, expected) && !(leading.length === 0 && sizeOf(input) === inputs)) {
      throw fields.error(
        `its weight is ${describeShape(fields.shapeOf("weight"))}, and ${describeShape(input)} comes in: ` +
          `expected ${describeShape(expected)}`,
      );
    }
    return [...leading, outputs];
  },
  convert(fields, input, target) {
    const { products, outputs, inputs, leading } = weightsOf(fields), units = products * outputs;
    if (!isSame(input, [...leading, inputs])) {
      fields.warn(`${describeShape(input)} comes in, and was read as ${describeShape([inputs])}`);
    }
    const own = fields.numbers("weight");
    const weight = products === 1 ? own : besideOneAnother(own, products, outputs, inputs);
    const bias = biasOf(fields, units);
    target.add({ kind: "affine", units, bias: bias !== undefined }, { weight, ...(bias && { bias }) });
  },
};

/** One matrix of several, each of which has inputs of its own. */
function besideOneAnother(
  own: ArrayLike<number>,
  products: number,
  outputs: number,
  inputs: number,
): Float64Array {
  const whole = new Float64Array(outputs * inputs * products ** 2);
  for (let row = 0; row < products * outputs; row++) {
    const first = Math.floor(row / outputs) * inputs;
    for (let k = 0; k < inputs; k++) whole[row * products * inputs + first + k] = own[row * inputs + k]!;
  }
  return whole;
}

const scale: Primitive = {
  required: ["scale"],
  optional: [],
  outputShape(fields, input) {
    const own = fields.shapeOf("scale");
    if (input && !stretches(own, input)) {
      throw fields.error(
        `scale has the shape ${describeShape(own)}, and ${describeShape(input)} comes in: ` +
          `expected ${describeShape(input)}`,
      );
    }
    return input ?? (own.length > 0 ? own : undefined);
  },
  convert(fields, input, target) {
    target.add({ kind: "scale" }, {
      weight: stretched(fields.numbers("scale"), fields.shapeOf("scale"), input),
    });
  },
};

/** Whether a shape stands for another one, dimensions of 1 for any. */
function stretches(own: NirShape, whole: NirShape): boolean {
  const missing = whole.length - own.length;
  return missing >= 0 && own.every((extent, axis) => extent === 1 || extent === whole[axis + missing]);
}

function stretched(values: ArrayLike<number>, own: NirShape, whole: NirShape): Float64Array {
  const axes = [...Array<number>(whole.length - own.length).fill(1), ...own];
  return Float64Array.from({ length: sizeOf(whole) }, (_, i) => {
    let place = 0, step = 1, rest = i;
    for (let axis = whole.length - 1; axis >= 0; axis--) {
      if (axes[axis] !== 1) place += rest % whole[axis]! * step;
      rest = Math.floor(rest / whole[axis]!);
      step *= axes[axis]!;
    }
    return values[place]!;
  });
}

/** By name. */
export const PRODUCTS = {
  Affine: { ...product, required: ["weight", "bias"], optional: [] },
  Linear: { ...product, optional: [] },
  Scale: scale,
} as const satisfies Readonly<Record<string, Primitive>>;
