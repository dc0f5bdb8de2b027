/** Loops over many steps in WGSL, two steps an iteration. */

/**
 * The most loop iterations of one call of a kernel, over all of its loops: Mesa's llvmpipe silently ends loops after 65,535 iterations
 * (lp_bld_limits.h, LP_MAX_TGSI_LOOP_ITERATIONS). GPUs have no such limit.
 */
export const MOST_TURNS = 65_535;

/** A loop over `step`: its first value, its direction, and the condition for another iteration. */
export interface Steps {
  readonly from: string;
  readonly by: "+" | "-";
  readonly while: string;
}

/** A loop that runs `body` for each `step`, in order; it has half as many iterations as steps. */
export function eachStep({ from, by, while: condition }: Steps, body: string): string {
  return `
  for (var begin = ${from}; ${condition.replace("step", "begin")}; begin ${by}= 2) {
    {
      let step = begin;
      ${body}
    }
    {
      let step = begin ${by} 1;
      if (${condition}) {
        ${body}
      }
    }
  }`;
}
