/**
 * Every kind of neuron and operator in WGSL, by the name that a plan calls its kernels.
 *
 * Written by `deno task kinds` from the files of asm/neurons/ and asm/operators/.
 */
import { GRADED } from "./neurons/graded.wgsl.ts";
import { INTEGRATOR } from "./neurons/integrator.wgsl.ts";
import { LIF } from "./neurons/lif.wgsl.ts";
import type { NeuronCode } from "./scan.wgsl.ts";
import { DELAY } from "./operators/delay.wgsl.ts";
import { FLATTEN } from "./operators/flatten.wgsl.ts";
import { SCALE } from "./operators/scale.wgsl.ts";
import type { OperatorCode } from "./operator.wgsl.ts";

/** Kinds of neurons. */
export const NEURON_CODES: Readonly<Record<string, NeuronCode>> = {
  Graded: GRADED,
  Integrator: INTEGRATOR,
  Lif: LIF,
};

/** Kinds of operators; those that are products have none. */
export const OPERATOR_CODES: Readonly<Record<string, OperatorCode>> = {
  Delay: DELAY,
  Flatten: FLATTEN,
  Scale: SCALE,
};
