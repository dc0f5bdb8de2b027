/** What a primitive of NIR says of itself: an entry of the registry in primitives.ts. */
import type { Constants } from "./constants.ts";
import type { Fields, NirShape } from "./fields.ts";
import type { NirOptions } from "./options.ts";

/** The properties of a primitive. */
export interface Primitive {
  /** The fields that a file has. */
  readonly required: readonly string[];
  /** Those that it may have. */
  readonly optional: readonly string[];
  /** What it gives depends on steps before: a loop can be cut behind it. */
  readonly keepsState?: true;
  /**
   * The shape of what it gives.
   *
   * @param input `undefined` where it is not known yet.
   * @returns `undefined` where it depends on an input that is not known.
   * @throws {InputError} when the fields and the input do not fit.
   */
  outputShape(fields: Fields, input: NirShape | undefined): NirShape | undefined;
  /** Describes it as nodes of a network. The shapes have been found to fit. */
  convert(fields: Fields, input: NirShape, target: Target): void;
}

/** A node of a network without its place. The parser of descriptions checks it. */
export interface BareNode {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** Tensors of a node by the second part of their names. */
export type NodeTensors = Readonly<Record<string, ArrayLike<number>>>;

/** Takes the description of one NIR node. */
export interface Target {
  /** How the file is read. */
  readonly options: NirOptions;
  /** T. */
  readonly steps: number;
  /** The node is a delay, of which a step is that of the edges that lead to it. */
  readonly isShortened: boolean;
  /** Adds the node itself, which reads what the NIR node reads, or what was added before. */
  add(node: BareNode, tensors?: NodeTensors): void;
  /** Adds a node in front of it, of its neurons. @param suffix Behind its name. */
  addBefore(suffix: string, node: BareNode, tensors?: NodeTensors): void;
  /** Multiplies what the node's edges bring, unit by unit: in the weights before it where it alone reads them. */
  multiply(gain: Constants): void;
  /** Leaves the node out: it gives what it is given, in the same order. */
  pass(): void;
}
