/** A NIR graph while it is written: nodes by the ids of the network's, whose numbers are still changed. */
import type { Edge } from "../../network/place.ts";
import { type Constants, ofConstants } from "../constants.ts";

/** A node's weights, row by row. */
export interface Matrix {
  readonly shape: readonly number[];
  readonly numbers: Float64Array;
}

/** What a neuron's inputs count, beyond their sum. */
export interface Wanted {
  /** What each has to be multiplied by, so that the neuron's r is 1. */
  readonly gain: Constants;
  /** What is added to their sum. */
  current: Constants;
}

/** A node. */
export interface Draft {
  readonly id: string;
  /** The primitive. */
  type: string;
  /** Of what comes in and what goes out, as NIR has them. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  from: readonly Edge[];
  /** Of products: the numbers to multiply by, `[out, …]`. */
  weight?: Matrix;
  /** Of products, one number a row. */
  bias?: Float64Array;
  /** Of neurons: one number for all units, or one each; written for each unit. */
  readonly constants: Map<string, Constants>;
  /** Whole numbers: sizes, strides. */
  readonly whole: Map<string, { readonly shape: readonly number[]; readonly numbers: readonly number[] }>;
  /** Of neurons. */
  wanted?: Wanted;
  /** The recurrent product of a neuron, with which it becomes a graph. */
  loop?: Draft;
}

/** Nodes in order, and who reads them. */
export class Drafts {
  readonly nodes = new Map<string, Draft>();
  /** What the network's output reads. */
  output: readonly Edge[] = [];
  readonly notes: string[] = [];

  /** How many edges read a node. */
  readersOf(id: string): readonly Draft[] {
    return [...this.nodes.values()].flatMap((draft) =>
      [...draft.from, ...(draft.loop?.from ?? [])].filter(({ node }) => node === id).map(() => draft)
    );
  }

  /** Whether one edge alone reads a node, and it is no output. */
  isReadOnce(id: string): boolean {
    return this.readersOf(id).length === 1 && !this.output.some(({ node }) => node === id);
  }

  /** Adds what a user has to know, once. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }
}

/** Factors of rows: one for all units, or the same for all units of a row; `undefined` where units of a row differ. */
export function rowsOf(constants: Constants, rows: number): Float64Array | undefined {
  if (typeof constants === "number") return new Float64Array(rows).fill(constants);
  const width = constants.length / rows;
  const firsts = Float64Array.from({ length: rows }, (_, row) => constants[row * width]!);
  return constants.every((value, i) => value === firsts[Math.floor(i / width)]) ? firsts : undefined;
}

/** Multiplies a product's rows, its bias with them. */
export function multiplyRows(draft: Draft, factors: Float64Array): void {
  for (const numbers of [draft.weight?.numbers, draft.bias]) {
    if (!numbers) continue;
    const width = numbers.length / factors.length;
    numbers.forEach((value, i) => numbers[i] = value * factors[Math.floor(i / width)]!);
  }
}

/** The sum of constants. */
export function sumOf(one: Constants, other: Constants): Constants {
  return ofConstants((a, b) => a + b, one, other);
}
