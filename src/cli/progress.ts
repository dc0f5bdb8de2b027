/**
 * How far a long piece of work is: a bar on a terminal, plain lines now and then elsewhere, always on standard error.
 */
import { MultiBar, type SingleBar } from "cli-progress";
import process from "node:process";
import { columnsOf } from "./command.ts";
import { count, timeLeft } from "../text/figures.ts";
import { printError } from "../text/print.ts";

/** Where a piece of work stands. */
export interface ProgressStatus {
  /** What is going on, in a word or two. */
  readonly label: string;
  /** Samples, of `total`; or what `rate` speaks of. */
  readonly done: number;
  readonly total: number;
  /** What of it was done before the stage began. @default {0} */
  readonly from?: number;
  /** More figures, such as `loss 0.5123`. */
  readonly facts: readonly string[];
  /** Lines to be shown below it, each of them within the terminal's columns; a terminal alone shows them. */
  readonly picture?: readonly string[];
  /** How fast it goes, in words, from what is done in a second. @default {samples a second} */
  readonly rate?: (perSecond: number) => string;
}

/** Shows one stage of work after another; disposing of it gives the terminal back. */
export interface Progress extends Disposable {
  /**
   * A stage begins now; what was shown of the one before is removed.
   *
   * @param done Samples that were done before. @default {0}
   */
  begin(done?: number): void;
  /** Removes what is shown, so that something else can be printed; the next update shows it again. */
  clear(): void;
  /** Shows the stage's progress. */
  update(status: ProgressStatus): void;
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
  if (quiet) return { begin() {}, clear() {}, update() {}, note() {}, [Symbol.dispose]() {} };
  return Deno.stderr.isTerminal() ? new Bar() : new Lines();
}

/** Shows a stage of work that has no figures but how much is done. */
export function showStage(progress: Progress, label: string): (done: number, total: number) => void {
  return (done, total) => progress.update({ label, done, total, facts: [] });
}

/** A status, and what it took to come there. */
interface Course extends ProgressStatus {
  /** Samples since the stage began, and how long that is ago. */
  readonly since: number;
  readonly seconds: number;
}

/** The share done, further figures, the rate and the time left. */
function describe(course: Course, unit = " samples/s"): string {
  const { done, total, facts, since, seconds, rate: describeRate = (each) => `${count(each)}${unit}` } =
    course;
  const rate = since / seconds;
  return [
    `${String(Math.floor(100 * done / total)).padStart(3)} %`,
    ...facts,
    describeRate(rate),
    ...(done < total ? rate > 0 ? [`${timeLeft((total - done) / rate)} left`] : [] : ["done"]),
  ].join("  ");
}

class Lines implements Progress {
  #began = performance.now();
  #before = 0;
  #shown = { at: this.#began, share: 0 };

  begin(done = 0): void {
    this.#began = performance.now();
    this.#before = done;
    this.#shown = { at: this.#began, share: 0 };
  }

  clear(): void {}

  update(status: ProgressStatus): void {
    const now = performance.now();
    const waited = (now - this.#shown.at) / 1000;
    const share = status.done / status.total;
    const due = waited >= LONGEST_WAIT || (waited >= SHORTEST_WAIT && share >= this.#shown.share + 0.1) ||
      share === 1;
    if (!due) return;
    this.#shown = { at: now, share };
    const course = { ...status, since: status.done - this.#before, seconds: (now - this.#began) / 1000 };
    printError(`${status.label}  ${describe(course)}`);
  }

  note(line: string): void {
    printError(line);
  }

  [Symbol.dispose](): void {}
}

class Bar implements Progress {
  #began = performance.now();
  #before = 0;
  #block: MultiBar | undefined;
  /** A line each: the bar itself, and those of the picture. They are written over in place, so nothing flickers. */
  #lines: SingleBar[] = [];
  /** However the program ends, the cursor must be there again. */
  readonly #release = () => this.clear();

  constructor() {
    process.stderr.on("error", () => {}); // the bar writes there, and a terminal may be closed under it
    globalThis.addEventListener("unload", this.#release);
  }

  begin(done = 0): void {
    this.clear();
    this.#began = performance.now();
    this.#before = done;
  }

  update({ picture = [], ...status }: ProgressStatus): void {
    const seconds = (performance.now() - this.#began) / 1000;
    const bar = drawBar({ ...status, since: status.done - this.#before, seconds });
    const lines = [bar, ...picture];
    const isNew = this.#block === undefined;
    this.#block ??= new MultiBar({
      format: (_options, _params, { line }: { line: string }) => line,
      fps: 10,
      hideCursor: true,
      clearOnComplete: true,
    });
    for (let i = 0; i < Math.max(lines.length, this.#lines.length); i++) {
      const payload = { line: lines[i] ?? "" };
      if (this.#lines[i]) this.#lines[i]!.update(status.done, payload);
      else this.#lines.push(this.#block.create(status.total, status.done, payload));
    }
    if (isNew) this.#block.update(); // now, not at its first tick: a short epoch would be over by then
  }

  note(line: string): void {
    this.clear(); // the next update draws another
    printError(line);
  }

  clear(): void {
    this.#block?.stop();
    this.#block = undefined;
    this.#lines = [];
  }

  [Symbol.dispose](): void {
    this.clear();
    globalThis.removeEventListener("unload", this.#release);
  }
}

/** A line that fills the terminal, up to a bar of 30 columns; a narrow one first loses words, then the bar. */
function drawBar(course: Course): string {
  const columns = columnsOf(Deno.stderr) - course.label.length - 4;
  const long = describe(course);
  const text = columns - long.length >= SHORTEST_BAR ? long : describe(course, "/s");
  const room = Math.min(LONGEST_BAR, columns - text.length);
  if (room < SHORTEST_BAR) return `${course.label}  ${text}`;
  const full = Math.round(room * course.done / course.total);
  return `${course.label}  ${"█".repeat(full)}${"░".repeat(room - full)} ${text}`;
}
