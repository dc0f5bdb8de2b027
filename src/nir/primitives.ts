/** Every primitive of NIR 1.0: {@linkcode PRIMITIVES} is the registry. No other code depends on a primitive's name. */
import { CONVOLUTIONS } from "./convolutions.ts";
import { NEURON_PRIMITIVES } from "./neuron_primitives.ts";
import { POOLS } from "./pools.ts";
import type { Primitive } from "./primitive.ts";
import { PRODUCTS } from "./products.ts";

/** The network's door, or a graph's: it gives what it is given. */
const door: Primitive = {
  required: ["shape"],
  optional: [],
  outputShape: (_, input) => input,
  convert: (_, __, target) => target.pass(),
};

/** By name. */
export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map(Object.entries({
  Input: door,
  Output: door,
  ...PRODUCTS,
  ...CONVOLUTIONS,
  ...POOLS,
  ...NEURON_PRIMITIVES,
}));
