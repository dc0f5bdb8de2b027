/** From what a network is to what has to be computed, in passes: lower, rewrite, differentiate. */
import type { GraphSpec } from "../../network/graph.ts";
import { structureOf } from "../../network/structure.ts";
import { differentiate } from "./differentiate.ts";
import { lower } from "./lower.ts";
import type { Plan, PlanOptions, ReadSteps } from "./plan.ts";
import {
  rewriteEventsOnly,
  rewriteInputs,
  rewriteLinearReadout,
  rewriteLists,
  rewriteRecurrence,
} from "./rewrite.ts";

/**
 * Derives the plan of a network.
 *
 * @param spec A description that {@linkcode parseNetworkSpec} or a preset gave.
 */
export function compilePlan(spec: GraphSpec, options: PlanOptions = {}): Plan {
  const complete = { skip: true, recordStates: false, target: { events: true }, ...options };
  const draft = lower(spec);
  rewriteRecurrence(draft);
  rewriteInputs(draft, complete);
  rewriteEventsOnly(draft, complete);
  rewriteLinearReadout(draft, complete);
  rewriteLists(draft);
  const { events, external: isExternal = false } = complete.target;
  if (!events) draft.forward = draft.forward.filter(({ kind }) => kind !== "list" && kind !== "count");
  const readsStates = draft.forward.every(({ kind }) => kind !== "readProduct");
  const backward = differentiate(draft, events);
  const { values, products, operators, populations, input, top, forward } = draft;
  return {
    spec,
    tensors: structureOf(spec).tensors,
    values,
    products,
    operators,
    populations,
    input,
    isExternal,
    recordStates: complete.recordStates,
    top,
    classes: structureOf(spec).classes,
    loss: spec.loss,
    readout: readStepsOf(spec, spec.steps),
    forward: [...forward, ...readsStates ? [{ kind: "read" } as const] : [], { kind: "loss" }],
    backward,
  };
}

/** What is read of a sample with a number of steps: `steps` is T, or less for a shorter sequence. */
export function readStepsOf({ readout }: GraphSpec, steps: number): ReadSteps {
  const { from, reduce, begin, delay } = readout;
  const last = steps - 1 - delay;
  return {
    from,
    first: reduce === "last" ? Math.max(0, last) : Math.max(0, begin - delay),
    last,
    reduce: reduce === "max" ? "max" : "sum",
    scale: reduce === "mean" ? 1 / (steps - begin) : 1,
    zero: (reduce === "last" ? steps - 1 : begin) < delay,
  };
}
