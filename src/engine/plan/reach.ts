/** Where gradients are wanted: at values that lead to the loss, and depend on something that is learned. */
import type { Draft } from "./draft.ts";
import type { ForwardStep } from "./plan.ts";
import { stepsOf } from "./readers.ts";

/** What a step reads and makes. */
export interface Flow {
  readonly from: readonly number[];
  readonly to: number;
  /** It has tensors that are learned. */
  readonly isLearned: boolean;
  /** What it makes counts in the loss by itself: the readout's population, or one that is held to a rate. */
  readonly isLoss: boolean;
}

/** What a step reads and makes; undefined of a step that makes no value. */
export function flowOf(draft: Draft, step: ForwardStep): Flow | undefined {
  const plain = { isLearned: false, isLoss: false };
  switch (step.kind) {
    case "matmul":
    case "inputMatmul":
    case "matmulRow": {
      const { input, output } = draft.products[step.product]!;
      return { ...plain, from: [input.value], to: output, isLearned: true };
    }
    case "readProduct": {
      const { input, output } = draft.products[step.product]!;
      return { from: [input.value], to: output, isLearned: true, isLoss: true };
    }
    case "weigh":
      return { ...plain, from: [draft.populations[step.population]!.output], to: step.into };
    case "operate": {
      const { input, output, isLearned } = draft.operators[step.operator]!;
      return { ...plain, from: [input], to: output, isLearned };
    }
    case "sum":
      return { ...plain, from: step.terms.map(({ value }) => value), to: step.into };
    case "unpack":
      return { ...plain, from: [draft.input], to: step.into };
    case "scan":
    case "scanSpikes":
    case "scanRecurrent": {
      const { index, input, output, learned, rate } = draft.populations[step.population]!;
      const isLearned = learned.length > 0 || step.kind === "scanRecurrent";
      return { from: [input], to: output, isLearned, isLoss: index === draft.top || rate !== undefined };
    }
    case "encode":
    case "listInputs":
    case "sumBatch":
    case "list":
    case "count":
    case "select":
    case "pack":
    case "loop":
    case "read":
    case "loss":
      return undefined;
    default:
      return step satisfies never;
  }
}

/** The values whose gradients are computed. */
export function activeValues(draft: Draft): ReadonlySet<number> {
  const flows = stepsOf(draft.forward).flatMap((step) => flowOf(draft, step) ?? []);
  const learned = new Set<number>(), read = new Set<number>();
  // Loops go round: until no more are found.
  for (let size = -1; size !== learned.size + read.size;) {
    size = learned.size + read.size;
    for (const { from, to, isLearned, isLoss } of flows) {
      if (isLearned || from.some((value) => learned.has(value))) learned.add(to);
      if (isLoss) read.add(to);
      if (read.has(to)) { for (const value of from) read.add(value); }
    }
  }
  return new Set([...learned].filter((value) => read.has(value)));
}
