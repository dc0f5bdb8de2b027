/**
 * Sums over many steps in WGSL; long_sums.ts has the reasons. There is no float64 here, and a compiler may take a compensated sum for a plain
 * one: so they run in parts of parts, 16 numbers of one level making one of the next.
 *
 * @module
 */

/** So many numbers are summed one after the other. */
export const MOST_PLAIN = 128;

/** Parts of parts: 16⁴ is the most steps that there are. */
const LEVELS = 3;

/** The variables that a sum has besides its own, each 0 in the beginning. */
export function partsOfSum(sum: string): readonly string[] {
  return Array.from({ length: LEVELS }, (_, level) => `${sum}${level + 1}`);
}

/** Statements that hand full parts on to the next level. @param count How many numbers have been added. */
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

/** The whole sum. */
export function wholeSum(sum: string): string {
  return partsOfSum(sum).toReversed().reduce((whole, part) => `(${whole} + ${part})`) + ` + ${sum}`;
}
