/**
 * How long the loops of a network's kernels are, for adapters that end long ones.
 *
 * @module
 */
import { MOST_TURNS } from "../../../asm/each_step.wgsl.ts";
import { scanTurns } from "../../../asm/scan.wgsl.ts";
import { EngineError } from "../../errors.ts";
import { count } from "../../text/figures.ts";
import type { AdapterDescription } from "../gpu/adapter.ts";
import type { Plan } from "../plan.ts";

/** Adapters that end loops. */
const ENDS_LOOPS = /llvmpipe|lavapipe/i;

/**
 * Refuses a network whose loops a software adapter would end too early, which it does without a word.
 *
 * @throws {EngineError} when it has one.
 */
export function checkTurns({ name }: AdapterDescription, { layers, spec: { steps } }: Plan): void {
  if (!ENDS_LOOPS.test(name)) return;
  const turns = layers.map(({ units, recurrent }) => scanTurns(steps, units, recurrent));
  const layer = turns.findIndex((turns) => turns > MOST_TURNS);
  if (layer < 0) return;
  throw new EngineError(
    `${name}: layer ${layer + 1} takes ${
      count(turns[layer]!)
    } turns of a loop, and this software adapter ends loops after ` +
      `${count(MOST_TURNS)}: take --engine wasm`,
  );
}
