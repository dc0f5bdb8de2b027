/** A plan in the making: what passes hand on. */
import type { GraphSpec } from "../../network/graph.ts";
import type { ForwardStep, OperatorCall, PopulationPlan, Product, Value } from "./plan.ts";

/** An operator of a draft. */
export type DraftOperator = OperatorCall & {
  /** Some of its tensors are learned. */
  readonly isLearned: boolean;
};

/** A forward pass; passes replace entries of the lists, never change them. */
export interface Draft {
  readonly spec: GraphSpec;
  readonly values: Value[];
  readonly products: Product[];
  readonly operators: DraftOperator[];
  readonly populations: PopulationPlan[];
  readonly input: number;
  readonly top: number;
  forward: readonly ForwardStep[];
}
