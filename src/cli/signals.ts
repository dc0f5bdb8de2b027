/**
 * Ctrl-C and its like: what a first signal asks for, and that a second one is obeyed at once.
 *
 * @module
 */

/** Signals that end the program, and the exit code that tells so. */
const SIGNALS: readonly (readonly [Deno.Signal, number])[] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143]];

/** What a command is told that ends by itself. */
export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The exit code of that signal; 0 before there was one. */
  readonly exitCode: number;
}

let asked: AbortController | undefined;
let exitCode = 0;

/** Listens for signals: each ends the program at once, unless a command has said that it ends by itself. */
export function listenForSignals(): void {
  for (const [signal, code] of SIGNALS) {
    Deno.addSignalListener(signal, () => {
      // What holds the terminal lets go of it on `unload`, which exiting brings about.
      if (asked === undefined || exitCode !== 0) Deno.exit(code);
      exitCode = code;
      asked.abort();
    });
  }
}

/** From now on the first signal only asks the command to end, and the second one ends the program. */
export function endByItself(): Interruption {
  asked = new AbortController();
  const { signal } = asked;
  return {
    signal,
    get exitCode() {
      return exitCode;
    },
  };
}
