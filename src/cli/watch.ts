/**
 * `train --watch`: one test sample's spikes, looked at again and again while the network learns.
 *
 * The looks are taken by an engine of their own, between batches, and so seldom that they cost a small share of the time.
 * They take no part in training: its bits are the same with and without them.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { createEngine } from "../engine/choose.ts";
import type { Engine, Parameters } from "../engine/engine.ts";
import type { Precision } from "../engine/wasm/input_product.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { logSoftmax } from "../report/predictions.ts";
import { traceSample } from "../report/recordings.ts";
import { count } from "./figures.ts";
import { drawLive, type LiveView, type Room } from "./live_raster.ts";

/** A look is followed by at least so many times its own duration without one: they take less than 5 % of the time. */
const REST = 25;
/** Milliseconds between looks, at least: more often nobody sees. */
const SHORTEST_REST = 150;
/** Rates that are remembered. */
const MEMORY = 60;

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
  readonly #engine: Engine & Disposable;
  readonly #history: number[][];
  readonly #now: () => number;
  #view: LiveView | undefined;
  #next = 0;
  #looking = false;
  #closed = false;

  private constructor(options: WatchOptions, engine: Engine & Disposable, now: () => number) {
    this.#options = options;
    this.#engine = engine;
    this.#history = options.spec.layers.map(() => []);
    this.#now = now;
  }

  /** Opens the engine that looks; it works in this thread. */
  static async open(options: WatchOptions, now: () => number = () => performance.now()): Promise<Watch> {
    const { spec, seed, precision = "f32" } = options;
    const engine = await createEngine({
      spec,
      seed,
      precision,
      engine: "wasm",
      threads: 0,
      batchSize: 1,
      record: true,
    });
    return new Watch(options, engine, now);
  }

  /**
   * Takes a look if it is time for one; returns at once where it is not.
   *
   * @param parameters Gives the network's parameters as they are between two batches.
   * @returns Whether something new is to be seen.
   */
  async look(parameters: () => Promise<Parameters>): Promise<boolean> {
    if (this.#looking || this.#closed || this.#now() < this.#next) return false;
    this.#looking = true;
    try {
      const current = await parameters();
      if (this.#closed) return false;
      const began = this.#now();
      await this.#engine.setParameters(current);
      this.#see(await traceSample(this.#engine, this.#options.samples, this.#options.index));
      const ended = this.#now();
      this.#next = ended + Math.max(SHORTEST_REST, REST * (ended - began));
      return true;
    } finally {
      this.#looking = false;
    }
  }

  /** What is to be seen, as lines that fit the room; none before the first look. */
  draw(room: Room): string[] {
    return this.#view ? drawLive(this.#view, room) : [];
  }

  #see(trace: LiveView["trace"]): void {
    const { spec, samples, index } = this.#options;
    spec.layers.forEach(({ units }, layer) => {
      const spikes = trace.outputs[layer]!.reduce((sum, output) => sum + (output > 0 ? 1 : 0), 0);
      const rates = this.#history[layer]!;
      rates.push(spikes / (units * spec.steps));
      if (rates.length > MEMORY) rates.shift();
    });
    const probabilities = logSoftmax(trace.logits).map(Math.exp);
    const named = probabilities.indexOf(Math.max(...probabilities));
    const title = `test image ${count(index)}, a ${samples.labels[index]}: named ${named} with ${
      (100 * probabilities[named]!).toFixed(0)
    } %`;
    this.#view = { title, spec, trace, history: this.#history };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#engine.close();
  }
}
