/** The same numbers in WGSL: on a device they lie in the order channel, row, column from the first; flatten.ts. */
import type { OperatorCode } from "../operator.wgsl.ts";

export const FLATTEN: OperatorCode = {
  name: "flatten",
  forward: `y = valueAt(sample, step, i);`,
  backward: `y = valueAt(sample, step, i);`,
};
