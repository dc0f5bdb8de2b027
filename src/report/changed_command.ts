/** A run's command with some of its options changed. */

/** Options of `train` with their new values; `null` leaves an option out. */
export type ChangedOptions = Readonly<Record<`--${string}`, string | null>>;

/** The command with these options in place of its own ones; each has a value. */
export function changeCommand(command: readonly string[], options: ChangedOptions): string[] {
  const isChanged = (word: string | undefined) => word !== undefined && Object.hasOwn(options, word);
  const kept = command.filter((word, i) => !isChanged(word) && !isChanged(command[i - 1]));
  return [
    ...kept,
    ...Object.entries(options).flatMap(([option, value]) => value === null ? [] : [option, value]),
  ];
}
