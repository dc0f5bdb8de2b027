/** Which steps read which values. */
import type { ForwardStep, Plan } from "./plan.ts";

/** A step that reads a value, and how many steps later. */
export interface Reader {
  readonly step: ForwardStep;
  readonly delay: number;
}

/** All steps, those in loops among them, in their order. */
export function stepsOf(steps: readonly ForwardStep[]): ForwardStep[] {
  return steps.flatMap((step) => step.kind === "loop" ? stepsOf(step.body) : [step]);
}

/** Each value's readers, in the order of the steps; of a draft, or of a plan. */
export function readersOf(
  draft: Pick<Plan, "values" | "products" | "operators" | "populations" | "forward">,
): ReadonlyMap<number, readonly Reader[]> {
  const readers = new Map<number, Reader[]>(draft.values.map(({ index }) => [index, []]));
  const read = (value: number, step: ForwardStep, delay = 0) => readers.get(value)!.push({ step, delay });
  for (const step of stepsOf(draft.forward)) {
    switch (step.kind) {
      case "matmul":
      case "inputMatmul":
      case "matmulRow":
      case "readProduct": {
        const { input } = draft.products[step.product]!;
        read(input.value, step, input.delay);
        break;
      }
      case "operate":
        read(draft.operators[step.operator]!.input, step);
        break;
      case "sum":
        for (const { value, delay } of step.terms) read(value, step, delay);
        break;
      case "weigh":
        read(draft.populations[step.population]!.output, step);
        break;
      case "scan":
      case "scanSpikes":
      case "scanRecurrent":
        read(draft.populations[step.population]!.input, step);
        break;
      case "encode":
      case "listInputs":
      case "sumBatch":
      case "list":
      case "count":
      case "unpack":
      case "select":
      case "pack":
      case "loop":
      case "read":
      case "loss":
        break;
      default:
        step satisfies never;
    }
  }
  return readers;
}
