/**
 * Loops over many steps in WGSL, two steps a turn.
 *
 * @module
 */

/**
 * A call of a kernel may take so many turns of loops, all of its loops together: Mesa's llvmpipe ends a loop without a word after
 * 65,535 of them (lp_bld_limits.h, LP_MAX_TGSI_LOOP_ITERATIONS). Adapters that compute on a GPU have no such limit.
 */
export const MOST_TURNS = 65_535;

/** A loop's variable `step`: where it begins, whether it is counted up or down, and its condition for another iteration. */
export interface Steps {
  readonly from: string;
  readonly by: "+" | "-";
  readonly while: string;
}

/** A loop whose `body` is taken for each `step`, in their order; half as many turns as steps. */
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
