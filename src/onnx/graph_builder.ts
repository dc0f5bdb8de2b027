/** Collects the operations and constants of an ONNX graph, and names their values. */
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./proto.ts";

/** The name of a value in a graph. */
export type Value = string;

/** Constants of a file, which its graph and the body of a loop in it share. */
export class Constants {
  readonly tensors: OnnxTensor[] = [];
  readonly #names = new Map<string, Value>();

  /** Float32 numbers under a name of their own. */
  add(name: string, shape: readonly number[], data: Float32Array): Value {
    this.tensors.push({ name, shape, data });
    return name;
  }

  /** A float32 number, of shape `[]`; one tensor for all of the same value. */
  number(value: number): Value {
    return this.#once(`constant.${value}`, [], Float32Array.of(value));
  }

  /** Whole numbers, of shape `[count]` or, where `isScalar`, `[]`. */
  whole(values: readonly number[], isScalar = false): Value {
    const name = `whole.${isScalar ? "" : "list."}${values.join(".")}`;
    return this.#once(name, isScalar ? [] : [values.length], BigInt64Array.from(values, BigInt));
  }

  #once(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): Value {
    let value = this.#names.get(name);
    if (value === undefined) {
      this.#names.set(name, value = name);
      this.tensors.push({ name, shape, data });
    }
    return value;
  }
}

/** Operations in their order. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  /** Of the whole file. */
  readonly constants: Constants;
  readonly #prefix: string;

  /** @param prefix Of the names of values, which are unique in a file. */
  constructor(constants: Constants, prefix: string) {
    this.constants = constants;
    this.#prefix = prefix;
  }

  /** Adds an operation with one output. @returns Its name. */
  add(
    operator: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): Value {
    const output = `${this.#prefix}${this.nodes.length}.${operator}`;
    this.nodes.push({ operator, inputs, outputs: [output], attributes });
    return output;
  }

  /** Adds an operation with outputs that have names already. */
  addNamed(
    operator: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): void {
    this.nodes.push({ operator, inputs, outputs, attributes });
  }

  /** The sum of values, in their order. */
  sum(values: readonly Value[]): Value {
    return values.reduce((sum, value) => this.add("Add", [sum, value]));
  }
}
