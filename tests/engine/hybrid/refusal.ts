/**
 * Which graphs hybrid takes, for tests of every engine.
 *
 * @module
 */
import { checkInputProduct } from "../../../src/engine/hybrid/check_product.ts";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { EngineError } from "../../../src/errors.ts";
import type { NetworkSpec } from "../../../src/network/spec.ts";

/** Why hybrid cannot compute a network; `undefined` where it can. */
export function refusalOf(spec: NetworkSpec): string | undefined {
  try {
    checkInputProduct(compilePlan(spec, { skip: false, target: { events: true, external: true } }));
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.message;
  }
}
