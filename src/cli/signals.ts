/**
 * Ctrl-C and its like: what a first signal asks for, and when a further one is obeyed at once.
 *
 * One Ctrl-C in a terminal comes twice: the terminal sends it to every process that it shows, and `deno task`, which is one of
 * them, hands it on to the program that it runs. So does a service manager that ends a whole group. A signal is therefore
 * taken for a second wish only when a whole second lies between it and the first.
 *
 * @module
 */
import { fstatSync } from "node:fs";

/** Signals that end the program, and the exit code that tells so: 128 and the signal's number. */
const SIGNALS: readonly (readonly [Deno.Signal, number])[] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]];

/** Signals that come within so many milliseconds of the first one are the same wish. */
const ONE_WISH = 1000;
/** Milliseconds in which all signals that have come are told of. */
const TURN = 100;

/** What a command is told that ends by itself. */
export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** What is thrown by who stops because of it; `undefined` before there was one. */
  readonly reason: unknown;
  /** The exit code of that signal; 0 before there was one. */
  readonly exitCode: number;
}

let asked: AbortController | undefined;
let exitCode = 0;
/** The next signal is a second wish. */
let isPatient = true;

/** Listens for signals: each ends the program at once, unless a command has said that it ends by itself. */
export function listenForSignals(): void {
  for (const [signal, code] of SIGNALS) {
    // Without a listener of its own, a signal that was ignored ends the program once there is a listener for another one.
    const isIgnored = signal === "SIGHUP" && isToOutlive();
    Deno.addSignalListener(signal, () => isIgnored || obey(signal, code));
  }
}

/** From now on the first signal only asks the command to end, and a second one a second later ends the program. */
export function endByItself(): Interruption {
  asked = new AbortController();
  const { signal } = asked;
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
 * Deno cannot tell that it was; but `nohup` leaves a standard input that cannot be read.
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

function obey(signal: Deno.Signal, code: number): void {
  // What holds the terminal lets go of it on `unload`, which exiting brings about.
  if (asked === undefined) Deno.exit(code);
  if (exitCode === 0) {
    exitCode = code;
    asked.abort();
    // Work in this thread may hold up both the timer and a signal that came long ago: that one has its turn before the second.
    wait(ONE_WISH, () => wait(TURN, () => isPatient = false));
    return;
  }
  // Who closes the terminal after a Ctrl-C has lost patience with the terminal, not with the run.
  if (!isPatient && signal !== "SIGHUP") Deno.exit(code);
}

/** Calls back after some milliseconds, unless the program ends before. */
function wait(milliseconds: number, then: () => void): void {
  Deno.unrefTimer(setTimeout(then, milliseconds));
}
