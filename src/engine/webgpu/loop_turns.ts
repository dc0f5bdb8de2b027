/** Refuses networks whose kernels' loops are too long for software adapters. */
import { MOST_TURNS } from "../../../asm/each_step.wgsl.ts";
import { scanTurns } from "../../../asm/scan.wgsl.ts";
import { EngineError } from "../../errors.ts";
import { count } from "../../text/figures.ts";
import type { AdapterDescription } from "../gpu/adapter.ts";
import type { Plan } from "../plan/plan.ts";
import { kernelsOf } from "./neurons.ts";
import { operatorTurns } from "./operators.ts";

/** Adapters that end long loops. */
const ENDS_LOOPS = /llvmpipe|lavapipe/i;

/**
 * Checks that the adapter would not end a network's loops early, which it does silently.
 *
 * @throws {EngineError} when it would.
 */
export function checkTurns({ name }: AdapterDescription, plan: Plan): void {
  if (!ENDS_LOOPS.test(name)) return;
  const { populations, operators, spec: { steps } } = plan;
  const turns = populations.map((population) => {
    const { form } = kernelsOf(plan, population);
    return form === "stepped" ? 1 : scanTurns(steps, population.units, form === "recurrent");
  });
  const refuse = (what: string, turns: number) => {
    throw new EngineError(
      `${name}: ${what} takes ${count(turns)} turns of a loop, and this software adapter ends loops after ` +
        `${count(MOST_TURNS)}: take --engine wasm`,
    );
  };
  const layer = turns.findIndex((turns) => turns > MOST_TURNS);
  if (layer >= 0) refuse(`layer ${layer + 1}`, turns[layer]!);
  for (const operator of operators) {
    const turns = operatorTurns(operator);
    if (turns > MOST_TURNS) refuse(`node ${operator.node}`, turns);
  }
}
