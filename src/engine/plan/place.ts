/** Where values lie: two may share memory where the last use of one comes before the first of the other. */
import type { Plan, Step } from "./plan.ts";

/** Where values lie in one piece of memory. */
export interface Placement {
  /** Of each value its offset, in the unit of its size; undefined where it needs none. */
  readonly offsets: readonly (number | undefined)[];
  /** The size of the whole. */
  readonly size: number;
  /** Some values share memory. */
  readonly isShared: boolean;
  /** Values that begin at each step, of the forward pass and then of the backward pass: what lay there before is of no more use. */
  readonly begins: readonly (readonly number[])[];
}

/** The first and the last step that uses a value, counted through the forward and the backward pass. */
interface Lifetime {
  readonly value: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Places values: the largest first, each at the lowest offset that no value of the same time has.
 *
 * @param sizes Of each value; 0 where it needs no memory, or has some elsewhere.
 * @param small Up to so much in all each value has memory of its own: sharing would gain nothing, and memory that is shared has to be
 * cleared.
 */
export function placeValues(plan: Plan, sizes: readonly number[], small = 0): Placement {
  const steps = [...plan.forward, ...plan.backward];
  const lifetimes = lifetimesOf(plan, steps).map((lifetime) =>
    plan.recordStates && lifetime.first < plan.forward.length ? { ...lifetime, last: steps.length } : lifetime
  );
  const offsets: (number | undefined)[] = sizes.map(() => undefined);
  const placed: Lifetime[] = [], isShared = sizes.reduce((sum, own) => sum + own, 0) > small;
  let size = 0;
  for (
    const lifetime of lifetimes.toSorted((a, b) => sizes[b.value]! - sizes[a.value]! || a.value - b.value)
  ) {
    const own = sizes[lifetime.value]!;
    if (own === 0) continue;
    const others = placed.filter(({ first, last }) =>
      !isShared || first <= lifetime.last && lifetime.first <= last
    )
      .map(({ value }) => ({ from: offsets[value]!, to: offsets[value]! + sizes[value]! }))
      .toSorted((a, b) => a.from - b.from);
    let offset = 0;
    for (const { from, to } of others) if (from < offset + own) offset = Math.max(offset, to);
    offsets[lifetime.value] = offset;
    size = Math.max(size, offset + own);
    placed.push(lifetime);
  }
  const begins = steps.map((_, i) => placed.filter(({ first }) => first === i).map(({ value }) => value));
  return { offsets, size, isShared, begins };
}

/** When each value is used. */
function lifetimesOf(plan: Plan, steps: readonly Step[]): Lifetime[] {
  const uses = new Map<number, { first: number; last: number }>();
  steps.forEach((step, i) => {
    for (const value of usesOf(plan, step)) {
      const use = uses.get(value);
      if (use) use.last = i;
      else uses.set(value, { first: i, last: i });
    }
  });
  return [...uses].map(([value, use]) => ({ value, ...use }));
}

/** The values that a step reads or writes. */
export function usesOf(plan: Plan, step: Step): readonly number[] {
  const { products, populations, operators } = plan;
  switch (step.kind) {
    case "encode":
    case "listInputs":
    case "select":
    case "pack":
    case "loss":
      return [];
    case "unpack":
    case "clear":
    case "readBack":
    case "rateBack":
      return [step.into];
    case "weigh":
      return [populations[step.population]!.output, step.into];
    case "readProduct":
      return [products[step.product]!.input.value];
    case "readProductBack":
      return [products[step.product]!.input.value, step.into];
    case "sumRows":
    case "spreadRow":
      return [step.from, step.into];
    case "sum":
      return [...step.terms.map(({ value }) => value), step.into];
    case "loop":
    case "loopBack":
      return step.body.flatMap((inner) => usesOf(plan, inner));
    case "read":
      return [populations[plan.top]!.output];
    case "sumBatch":
      return [operators[step.operator]!.input];
    case "operate":
    case "sumBatchBack":
    case "operateBack":
    case "operatorGradient": {
      const { input, output, inputGradient, outputGradient } = operators[step.operator]!;
      if (step.kind === "operate") return [input, output];
      return [input, ...there(step.kind === "operateBack" ? inputGradient : undefined, outputGradient)];
    }
    case "inputMatmul":
    case "matmulRow":
    case "matmul":
      return [products[step.product]!.input.value, products[step.product]!.output];
    case "matmulBack":
      return [...there(products[step.product]!.outputGradient), step.into];
    case "weightGradient":
    case "rowGradient":
    case "outerGradient":
      return [products[step.product]!.input.value, ...there(products[step.product]!.outputGradient)];
    case "scan":
    case "list":
    case "count":
    case "scanSpikes":
    case "scanRecurrent":
      return [populations[step.population]!.input, populations[step.population]!.output];
    case "scanBack":
    case "scanRecurrentBack":
    case "spikesBack":
    case "spread":
    case "coefficients":
    case "traceGradient": {
      const { output, inputGradient, outputGradient, stateGradient } = populations[step.population]!;
      const product = "product" in step ? products[step.product]!.outputGradient : undefined;
      return [output, ...there(inputGradient, outputGradient, stateGradient, product)];
    }
    default:
      return step satisfies never;
  }
}

function there(...values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}
