/**
 * Loops over many steps in WGSL, two steps a turn.
 *
 * @module
 */

/**
 * The maximum number of loop iterations in one call of a kernel, over all of its loops: Mesa's llvmpipe ends a loop silently after
 * 65,535 of them (lp_bld_limits.h, LP_MAX_TGSI_LOOP_ITERATIONS). Adapters that compute on a GPU have no such limit.
 */
export const MOST_TURNS = 65_535;

/** A loop's variable `step`: where it begins, whether it is counted up or down, and its condition for another iteration. */
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
