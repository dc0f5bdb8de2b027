/**
 * Every kind of neuron and operator in WGSL, by the name that a plan calls its kernels.
 *
 * Written by `deno task kinds` from the files of asm/neurons/ and asm/operators/.
 */
import { GRADED } from "./neurons/graded.wgsl.ts";
import { INTEGRATOR } from "./neurons/integrator.wgsl.ts";
import { LIF } from "./neurons/lif.wgsl.ts";
import type { NeuronCode } from "./scan.wgsl.ts";
import { AVG_POOL2D } from "./operators/avg_pool2d.wgsl.ts";
import { BATCH_NORM } from "./operators/batch_norm.wgsl.ts";
import { CONV2D } from "./operators/conv2d.wgsl.ts";
import { DELAY } from "./operators/delay.wgsl.ts";
import { DROPOUT } from "./operators/dropout.wgsl.ts";
import { FLATTEN } from "./operators/flatten.wgsl.ts";
import { MAX_POOL2D } from "./operators/max_pool2d.wgsl.ts";
import { SCALE } from "./operators/scale.wgsl.ts";
import { SUM_POOL2D } from "./operators/sum_pool2d.wgsl.ts";
import type { OperatorCode } from "./operator.wgsl.ts";

/** Kinds of neurons. */
export const NEURON_CODES: Readonly<Record<string, NeuronCode>> = {
  Graded: GRADED,
  Integrator: INTEGRATOR,
  Lif: LIF,
};

/** Kinds of operators; those that are products have none. */
export const OPERATOR_CODES: Readonly<Record<string, OperatorCode>> = {
  AvgPool2d: AVG_POOL2D,
  BatchNorm: BATCH_NORM,
  Conv2d: CONV2D,
  Delay: DELAY,
  Dropout: DROPOUT,
  Flatten: FLATTEN,
  MaxPool2d: MAX_POOL2D,
  Scale: SCALE,
  SumPool2d: SUM_POOL2D,
};
