/** Where a graph is read from, and what is noticed. */
export interface Reading {
  /** The file's name in messages. */
  readonly file: string;
  /** Takes a warning: what was repaired, and where. */
  warn(warning: string): void;
}
