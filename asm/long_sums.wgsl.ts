/**
 * Sums over many steps in WGSL; long_sums.ts has the reasons. WGSL has no float64, and a compiler may simplify a compensated sum to a
 * plain one: so sums run in levels, each adding up 16 numbers of the level below.
 */

/** The most numbers that are summed one after the other. */
export const MOST_PLAIN = 128;

/** Levels besides the lowest: 16⁴ is the most steps of a network. */
const LEVELS = 3;

/** The variables of a sum's upper levels, each 0 at first. */
export function partsOfSum(sum: string): readonly string[] {
  return Array.from({ length: LEVELS }, (_, level) => `${sum}${level + 1}`);
}

/** Statements that add full parts to the next level. @param count How many numbers have been added. */
export function carry(sum: string, count: string): string {
  const names = [sum, ...partsOfSum(sum)];
  return names.slice(0, -1).reduceRight(
    (inner, name, level) => `
      if ((${count} & ${16 ** (level + 1) - 1}) == 0) {
        ${names[level + 1]} += ${name};
        ${name} = 0.0;${inner}
      }`,
    "",
  );
}

/** The sum over all levels. */
export function wholeSum(sum: string): string {
  return partsOfSum(sum).toReversed().reduce((whole, part) => `(${whole} + ${part})`) + ` + ${sum}`;
}
