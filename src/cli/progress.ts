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
  /** Samples, of `total`. */
  readonly done: number;
  readonly total: number;
  /** What else there is to know, such as `loss 0.5123`. */
  readonly facts: readonly string[];
}

/** Shows one stage of work after another; disposing of it gives the terminal back. */
export interface Progress extends Disposable {
  /** A stage begins now; what was shown of the one before is removed. */
  begin(): void;
  /** Tells where the stage stands. */
  update(standing: Standing): void;
}

/** Between plain lines at most this long (s); sooner where a tenth has been done, but not within {@linkcode SHORTEST}. */
const LONGEST = 5;
const SHORTEST = 2;

/** Opens the kind of progress that fits: none, a bar, or lines. */
export function openProgress(quiet: boolean): Progress {
  if (quiet) return { begin() {}, update() {}, [Symbol.dispose]() {} };
  return Deno.stderr.isTerminal() ? new Bar() : new Lines();
}

/** What is done, what there is to know, how fast it goes and how long it will take. */
function describe({ done, total, facts }: Standing, seconds: number): string {
  const rate = done / seconds;
  return [
    `${String(Math.floor(100 * done / total)).padStart(3)} %`,
    ...facts,
    `${count(rate)} samples/s`,
    done < total ? `${timeLeft((total - done) / rate)} left` : "done",
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
    const due = waited >= LONGEST || (waited >= SHORTEST && share >= this.#shown.share + 0.1) || share === 1;
    if (!due) return;
    this.#shown = { at: now, share };
    console.error(`${standing.label}  ${describe(standing, (now - this.#began) / 1000)}`);
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

  #stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  [Symbol.dispose](): void {
    this.#stop();
    globalThis.removeEventListener("unload", this.#release);
  }
}

/** A line that fills the terminal, up to a bar of 30 columns; a narrow one loses the bar first. */
function drawBar(standing: Standing, seconds: number): string {
  const text = describe(standing, seconds);
  const room = Math.min(30, columnsOf(Deno.stderr) - standing.label.length - text.length - 4);
  if (room < 4) return `${standing.label}  ${text}`;
  const full = Math.round(room * standing.done / standing.total);
  return `${standing.label}  ${"█".repeat(full)}${"░".repeat(room - full)} ${text}`;
}
