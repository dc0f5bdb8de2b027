/**
 * Ctrl-C and other signals that end the program: the first one lets a command end by itself, a later one ends it at once.
 *
 * One Ctrl-C in a terminal comes twice: the terminal sends it to every process in the foreground, and `deno task`, which is one
 * of them, hands it on to the program that it runs. So does a service manager that ends a whole group. A signal therefore
 * counts as a second request only when a whole second lies between it and the first.
 */
import { fstatSync } from "node:fs";

/** Signals that end the program, and the exit code of each: 128 and the signal's number. */
const SIGNALS: readonly (readonly [Deno.Signal, number])[] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]];

/** Signals within so many milliseconds of the first one count as the same request. */
const REPEAT_WINDOW = 1000;
/** Milliseconds in which Deno delivers all signals that have come. */
const DELIVERY = 100;

/** A signal, as a command that ends by itself sees it. */
export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The reason to throw when work stops because of it; `undefined` before there was one. */
  readonly reason: unknown;
  /** The exit code of that signal; 0 before there was one. */
  readonly exitCode: number;
}

let ending: AbortController | undefined;
let exitCode = 0;
/** The next signal counts as the same request as the first. */
let isRepeat = true;

/** Listens for signals: each ends the program at once, unless a command ends by itself. */
export function listenForSignals(): void {
  for (const [signal, code] of SIGNALS) {
    // Without a listener of its own, a signal that was ignored ends the program once there is a listener for another one.
    const isIgnored = signal === "SIGHUP" && isToOutlive();
    Deno.addSignalListener(signal, () => isIgnored || handle(signal, code));
  }
}

/** From now on the first signal only aborts the command, and one a second later ends the program. */
export function endByItself(): Interruption {
  ending = new AbortController();
  const { signal } = ending;
  return {
    signal,
    get reason() {
      return signal.aborted ? signal.reason : undefined;
    },
    get exitCode() {
      return exitCode;
    },
  };
}

/**
 * Whether `nohup` has started the program, which is then to outlive its terminal. A listener undoes that SIGHUP is ignored, and
 * Deno does not say whether it was; but `nohup` leaves a standard input that cannot be read.
 */
function isToOutlive(): boolean {
  try {
    // Nothing else is read from: it may be a pipe in which nothing comes.
    if (Deno.stdin.isTerminal() || !fstatSync(0).isCharacterDevice()) return false;
    Deno.stdin.readSync(new Uint8Array(1));
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EBADF";
  }
}

function handle(signal: Deno.Signal, code: number): void {
  // Exiting fires `unload`, on which the progress bar restores the terminal.
  if (ending === undefined) Deno.exit(code);
  if (exitCode === 0) {
    exitCode = code;
    ending.abort();
    // Work in this thread may hold up both the timer and an earlier signal: the second wait lets Deno deliver that one first.
    wait(REPEAT_WINDOW, () => wait(DELIVERY, () => isRepeat = false));
    return;
  }
  // A terminal that is closed after a Ctrl-C is no second request to end the run.
  if (!isRepeat && signal !== "SIGHUP") Deno.exit(code);
}

/** Calls back after some milliseconds, unless the program ends before. */
function wait(milliseconds: number, then: () => void): void {
  Deno.unrefTimer(setTimeout(then, milliseconds));
}
