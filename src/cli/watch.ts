/**
 * `train --watch`: one test sample's spikes, looked at again and again while the network learns.
 *
 * The looks are taken by an engine of their own, between batches, and so seldom that they cost a small share of the time.
 * They take no part in training: its bits are the same with and without them.
 */
import { type Samples, wordOf } from "../data/samples.ts";
import { firstNotFinite } from "../engine/checks.ts";
import { createEngine } from "../engine/create_engine.ts";
import type { Engine, Parameters } from "../engine/engine.ts";
import type { Precision } from "../engine/wasm/precision.ts";
import { EngineError, OptionError } from "../errors.ts";
import { indexNames, shownName } from "../network/class_names.ts";
import { structureOf } from "../network/structure.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { logSoftmax } from "../report/decision.ts";
import { traceSample } from "../report/recordings.ts";
import { columnsOf } from "./command.ts";
import { count } from "../text/figures.ts";
import { drawLive, type LiveView, type ScreenSize } from "./live_raster.ts";

/** A look is followed by at least so many times its own duration without one: they take less than 5 % of the time. */
const REST = 25;
/** Milliseconds between looks, at least: faster changes cannot be followed. */
const SHORTEST_REST = 150;
/** Of a terminal that does not say. */
const ROWS = 24;
/** Why a network cannot be watched. */
const NOTHING = "means nothing for a network of one time step";
/** Rates that are remembered. */
const MEMORY = 60;
/** Characters of a class's name. */
const MOST_NAME = 24;

/** What is watched. */
export interface WatchOptions {
  readonly spec: NetworkSpec;
  /** Of the noise. */
  readonly seed: number;
  readonly precision?: Precision;
  readonly samples: Samples;
  /** Which of them. */
  readonly index: number;
}

/** Looks at a network that is being trained. */
export class Watch implements Disposable {
  readonly #options: WatchOptions;
  readonly #now: () => number;
  readonly #engine: Promise<Engine & Disposable>;
  readonly #history: number[][];
  #view: LiveView | undefined;
  #next = 0;
  #isBusy = false;
  #closed = false;

  /** Opens the engine that looks; it works in this thread. @param now A clock, in milliseconds. */
  constructor(options: WatchOptions, now: () => number = () => performance.now()) {
    const { spec, seed, precision = "f32" } = options;
    this.#options = options;
    this.#now = now;
    this.#history = structureOf(spec).populations.map(() => []);
    this.#engine = createEngine({
      spec,
      seed,
      precision,
      engine: "wasm",
      threads: 0,
      batchSize: 1,
      recordStates: true,
    });
  }

  /**
   * Takes a look if it is time for one; does nothing where it is not.
   *
   * @param parameters Gives the network's parameters as they are between two batches. Should its engine fail, that is for
   * the training itself to notify.
   * @returns Whether there is something new to be seen.
   */
  async look(parameters: () => Promise<Parameters>): Promise<boolean> {
    if (this.#isBusy || this.#closed || this.#now() < this.#next) return false;
    this.#isBusy = true;
    try {
      const engine = await this.#engine, current = await parameters();
      // The trainer reports divergence.
      if ([...current.values()].some((values) => firstNotFinite(values) >= 0)) return false;
      const began = this.#now();
      await engine.setParameters(current);
      this.#see(await traceSample(engine, this.#options.samples, this.#options.index));
      const ended = this.#now();
      this.#next = ended + Math.max(SHORTEST_REST, REST * (ended - began));
      return true;
    } catch (error) {
      if (error instanceof EngineError) return false;
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  /** What is to be seen, as lines that fit the room; none before the first look. */
  draw(screen: ScreenSize): string[] {
    return this.#view ? drawLive(this.#view, screen) : [];
  }

  #see(trace: LiveView["trace"]): void {
    const { spec, samples, index } = this.#options;
    structureOf(spec).populations.forEach((_, layer) => {
      const spikes = trace.spikes[layer]!.reduce((sum, spike) => sum + spike, 0);
      const rates = this.#history[layer]!;
      rates.push(spikes / trace.spikes[layer]!.length);
      if (rates.length > MEMORY) rates.shift();
    });
    const probabilities = logSoftmax(trace.logits).map(Math.exp);
    const named = probabilities.indexOf(Math.max(...probabilities));
    const names = samples.classes ?? indexNames(probabilities.length);
    const nameOf = (label: number) => shownName(names[label] ?? String(label), MOST_NAME);
    const title = `test ${wordOf(samples)} ${count(index)} (${nameOf(samples.labels[index]!)}): named ${
      nameOf(named)
    } with ${(100 * probabilities[named]!).toFixed(0)} %`;
    this.#view = { title, spec, trace, history: this.#history };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    // The look that waited for the engine has reported its failure.
    this.#engine.then((engine) => engine.close(), () => {});
  }
}

/** Makes sure that there is something to watch. @throws {OptionError} when there is not. */
export function checkWatch({ steps }: NetworkSpec): void {
  if (steps === 1) throw new OptionError(`--watch: ${NOTHING}: leave it out`);
}

/** Makes sure that what is watched is seen. @throws {OptionError} when nothing is to be printed. */
export function checkSeen(quiet: boolean): void {
  if (quiet) {
    throw new OptionError("--watch: not beside --quiet, which prints nothing: leave one of them out");
  }
}

/** The view of `--watch`; nothing without it. */
export interface Live extends Disposable {
  /** The run begins. @param parameters As {@linkcode Watch.look} takes them. */
  begin(options: WatchOptions, parameters: () => Promise<Parameters>): void;
  /** Takes a look if it is time. */
  look(): Promise<void>;
  /** What is to be seen, fitted to the terminal. */
  draw(): string[];
}

/** Opens what `--watch` shows. @param notify Called with the reason where there is nothing to show. */
export function openLive(wanted: boolean, notify: (note: string) => void): Live {
  let watch: Watch | undefined;
  let source: (() => Promise<Parameters>) | undefined;
  return {
    begin(options, parameters) {
      if (!wanted) return;
      if (options.spec.steps === 1) { // a resumed run's: it is known too late to refuse it
        notify(`--watch: ${NOTHING}`);
        return;
      }
      if (!Deno.stderr.isTerminal()) {
        notify("--watch: this is no terminal, so no spikes are drawn; `report` shows them afterwards");
        return;
      }
      watch = new Watch(options);
      source = parameters;
    },
    async look() {
      if (watch && source) await watch.look(source);
    },
    draw: () =>
      watch?.draw({ columns: columnsOf(Deno.stderr), rows: rowsBelow(), colours: !Deno.noColor }) ?? [],
    [Symbol.dispose]: () => watch?.[Symbol.dispose](),
  };
}

/** Lines of the terminal below the bar, with one to spare. */
function rowsBelow(): number {
  try {
    return (Deno.consoleSize().rows || ROWS) - 2;
  } catch {
    return ROWS - 2; // a terminal that does not notify its size
  }
}
