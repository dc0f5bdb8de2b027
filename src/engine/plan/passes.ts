/** Training in passes: where samples of a batch meet in the midst of a plan, and what a sample keeps from one meeting to the next. */
import { usesOf } from "./place.ts";
import type { Plan, Step } from "./plan.ts";

/** Where samples of a batch meet: the sums of an operator, forward or back. */
export interface Meeting {
  readonly operator: number;
  readonly isBack: boolean;
}

/** A part of training: from and to which step of the plan, counted through the forward and the backward pass. */
export interface Pass {
  readonly from: number;
  readonly to: number;
  /** What it ends with. */
  readonly meeting: Meeting | undefined;
}

/** The passes of a plan. Each but the last ends with an operator that needs sums of all samples of the batch. */
export function passesOf({ forward, backward }: Plan): readonly Pass[] {
  const passes: Pass[] = [], steps = [...forward, ...backward];
  let from = 0;
  steps.forEach((step, i) => {
    // What else the operator does with its sums of the sample belongs to the same pass.
    const next = steps[i + 1], isLast = i === steps.length - 1;
    const meets = (step.kind === "sumBatch") ||
      (step.kind === "sumBatchBack" && next?.kind !== "operatorGradient") ||
      (step.kind === "operatorGradient" && steps[i - 1]?.kind === "sumBatchBack");
    if (!meets && !isLast) return;
    const meeting = meets && !isLast ? { operator: step.operator, isBack: i >= forward.length } : undefined;
    passes.push({ from, to: i + 1, meeting });
    from = i + 1;
  });
  return passes;
}

/** What is used in one pass alone: samples that go through it one after another need it only once. */
export interface Passing {
  /** Indices into {@linkcode Plan.values}. */
  readonly values: ReadonlySet<number>;
  /** Populations, with their outputs: indices into {@linkcode Plan.populations}. */
  readonly populations: ReadonlySet<number>;
}

/** What of a plan is used in one pass alone; nothing where there is but one, whose samples may go side by side. */
export function passingOf(plan: Plan): Passing {
  const passes = passesOf(plan), steps = [...plan.forward, ...plan.backward];
  if (passes.length === 1) return { values: new Set(), populations: new Set() };
  const uses = passes.map(({ from, to }) =>
    new Set(steps.slice(from, to).flatMap((step) => usesOf(plan, step)))
  );
  const scanned = passes.map(({ from, to }) => new Set(steps.slice(from, to).flatMap(populationsOf)));
  const values = plan.values.filter(({ index }) => uses.filter((used) => used.has(index)).length === 1);
  const populations = plan.populations.filter(({ index, output }) =>
    passes.filter((_, pass) => scanned[pass]!.has(index) || uses[pass]!.has(output)).length === 1
  );
  return {
    values: new Set(values.map(({ index }) => index)),
    populations: new Set(populations.map(({ index }) => index)),
  };
}

function populationsOf(step: Step): readonly number[] {
  if (step.kind === "loop" || step.kind === "loopBack") return step.body.flatMap(populationsOf);
  return "population" in step ? [step.population] : [];
}
