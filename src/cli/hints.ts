/** Suggested commands, with their effects. */

/** Columns of commands beside which words still find room. */
const WIDEST = 56;

/** A command and what it does. */
export type Hint = readonly [command: string, words: string];

/**
 * Puts commands and words beside each other. The words of a longer command stand below it: beside it they would move those of
 * all others far to the right.
 *
 * @returns Lines, two spaces in.
 */
export function hintLines(rows: readonly Hint[]): string[] {
  const short = rows.map(([command]) => command.length).filter((length) => length <= WIDEST);
  const width = Math.max(0, ...short);
  return rows.flatMap(([command, words]) =>
    command.length <= WIDEST ? [`  ${command.padEnd(width)}  ${words}`] : [`  ${command}`, `    ${words}`]
  );
}
