/**
 * How far a long piece of work is: a bar on a terminal, plain lines now and then elsewhere, always on standard error.
 *
 * @module
 */
import { SingleBar } from "cli-progress";
import { columnsOf } from "./command.ts";
import { count, timeLeft } from "./figures.ts";

/** Where a piece of work stands. */
export interface Standing {
  /** What is going on, in a word or two. */
  readonly label: string;
  /** Samples, of `total`; or what `rate` speaks of. */
  readonly done: number;
  readonly total: number;
  /** What of it was done before the stage began. @default {0} */
  readonly from?: number;
  /** What else there is to know, such as `loss 0.5123`. */
  readonly facts: readonly string[];
  /** How fast it goes, in words, from what is done in a second. @default {samples a second} */
  readonly rate?: (perSecond: number) => string;
}

/** Shows one stage of work after another; disposing of it gives the terminal back. */
export interface Progress extends Disposable {
  /** A stage begins now; what was shown of the one before is removed. */
  begin(): void;
  /** Tells where the stage stands. */
  update(standing: Standing): void;
  /** A line in between, which stays. */
  note(line: string): void;
}

/** A plain line comes after 5 s, or after 2 s where a tenth more has been done: a log is read afterwards. */
const LONGEST_WAIT = 5;
const SHORTEST_WAIT = 2;

/** Columns of the bar itself. */
const LONGEST_BAR = 30;
const SHORTEST_BAR = 8;

/** Opens the kind of progress that fits: none, a bar, or lines. */
export function openProgress(quiet: boolean): Progress {
  if (quiet) return { begin() {}, update() {}, note() {}, [Symbol.dispose]() {} };
  return Deno.stderr.isTerminal() ? new Bar() : new Lines();
}

/** What is done, what there is to know, how fast it goes and how long it will take. */
function describe(standing: Standing, seconds: number, unit = " samples/s"): string {
  const { done, total, from = 0, facts, rate: describeRate = (each) => `${count(each)}${unit}` } = standing;
  const rate = (done - from) / seconds;
  return [
    `${String(Math.floor(100 * done / total)).padStart(3)} %`,
    ...facts,
    describeRate(rate),
    ...(done < total ? rate > 0 ? [`${timeLeft((total - done) / rate)} left`] : [] : ["done"]),
  ].join("  ");
}

class Lines implements Progress {
  #began = performance.now();
  #shown = { at: this.#began, share: 0 };

  begin(): void {
    this.#began = performance.now();
    this.#shown = { at: this.#began, share: 0 };
  }

  update(standing: Standing): void {
    const now = performance.now();
    const waited = (now - this.#shown.at) / 1000;
    const share = standing.done / standing.total;
    const due = waited >= LONGEST_WAIT || (waited >= SHORTEST_WAIT && share >= this.#shown.share + 0.1) ||
      share === 1;
    if (!due) return;
    this.#shown = { at: now, share };
    console.error(`${standing.label}  ${describe(standing, (now - this.#began) / 1000)}`);
  }

  note(line: string): void {
    console.error(line);
  }

  [Symbol.dispose](): void {}
}

class Bar implements Progress {
  #began = performance.now();
  #bar: SingleBar | undefined;
  /** However the program ends, the cursor must be there again. */
  readonly #release = () => this.#stop();

  constructor() {
    globalThis.addEventListener("unload", this.#release);
  }

  begin(): void {
    this.#stop();
    this.#began = performance.now();
  }

  update(standing: Standing): void {
    const payload = { standing, seconds: (performance.now() - this.#began) / 1000 };
    if (this.#bar) {
      this.#bar.update(standing.done, payload);
      return;
    }
    this.#bar = new SingleBar({
      format: (_options, _params, { standing, seconds }: typeof payload) => drawBar(standing, seconds),
      fps: 10,
      hideCursor: true,
      clearOnComplete: true,
    });
    this.#bar.start(standing.total, standing.done, payload);
  }

  note(line: string): void {
    this.#stop(); // the next update draws another
    console.error(line);
  }

  #stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  [Symbol.dispose](): void {
    this.#stop();
    globalThis.removeEventListener("unload", this.#release);
  }
}

/** A line that fills the terminal, up to a bar of 30 columns; a narrow one first loses words, then the bar. */
function drawBar(standing: Standing, seconds: number): string {
  const columns = columnsOf(Deno.stderr) - standing.label.length - 4;
  const long = describe(standing, seconds);
  const text = columns - long.length >= SHORTEST_BAR ? long : describe(standing, seconds, "/s");
  const room = Math.min(LONGEST_BAR, columns - text.length);
  if (room < SHORTEST_BAR) return `${standing.label}  ${text}`;
  const full = Math.round(room * standing.done / standing.total);
  return `${standing.label}  ${"█".repeat(full)}${"░".repeat(room - full)} ${text}`;
}
