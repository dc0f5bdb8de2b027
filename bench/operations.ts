/** Times each step of the plan on the way of a sample, with first weights and with trained ones. */
import type { Samples } from "../src/data/samples.ts";
import type { Parameters } from "../src/engine/engine.ts";
import type { Step } from "../src/engine/plan/plan.ts";
import type { Core } from "../src/engine/wasm/core.ts";
import { STREAM } from "../src/random.ts";
import { percent } from "../src/text/figures.ts";
import { interleave, pairedRatios } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import { openCore, type Setting } from "./setting.ts";

/** Samples that are computed before any is timed. */
const WARM_UP_SAMPLES = 600;

/** Times every step, a section for each engine and stage. */
export async function measureOperations(
  setting: Setting,
  stages: Readonly<Record<string, Parameters>>,
): Promise<Section[]> {
  const { chosen, train, sizes, sizes: { operationSamples } } = setting;
  const timings = chosen.flatMap((row) =>
    Object.entries(stages).map(([label, parameters]) => ({
      title: `${row.label}, ${label}`,
      timing: new Timing(openCore(setting, row, parameters), train),
    }))
  );
  for (const { timing } of timings) timing.warmUp(Math.min(WARM_UP_SAMPLES, 5 * operationSamples));
  await interleave(timings.map(({ timing }) => () => timing.round(operationSamples)), sizes);
  return timings.map(({ title, timing }, i) => ({
    key: `steps-${i}`,
    title: `A sample's way, one core: ${title}`,
    ratio: { meaning: "share of the sample's whole way", style: "share" },
    rows: timing.rows(),
    remarks: [timing.remark()],
  }));
}

/** One core, timed step by step. */
class Timing {
  readonly #core: Core;
  readonly #samples: Samples;
  readonly #steps: readonly Step[];
  /** Microseconds a sample in each round: of loading it, then of each step. */
  readonly #rounds: number[][];
  readonly #totals: number[] = [];
  #next = 0;
  #timed = 0;
  #spikes = 0;
  #computed = 0;

  constructor(core: Core, samples: Samples) {
    this.#core = core;
    this.#samples = samples;
    this.#steps = [...core.plan.forward, ...core.plan.backward];
    this.#rounds = [[], ...this.#steps.map(() => [])];
  }

  warmUp(samples: number): void {
    for (let i = 0; i < samples; i++) {
      this.#load();
      this.#core.forward();
      this.#core.backward();
    }
  }

  /** Computes some samples. @returns Microseconds a sample. */
  round(samples: number): number {
    const core = this.#core, steps = this.#steps;
    const spent = new Float64Array(steps.length + 1);
    let now = performance.now();
    const lap = (part: number) => {
      const before = now;
      now = performance.now();
      spent[part]! += now - before;
    };
    for (let i = 0; i < samples; i++) {
      this.#load();
      lap(0);
      for (let j = 0; j < steps.length; j++) {
        core.execute(j);
        lap(j + 1);
      }
      this.#spikes += core.spikes();
      this.#computed += core.computed[0]!;
      now = performance.now();
    }
    this.#timed += samples;
    spent.forEach((milliseconds, part) => this.#rounds[part]!.push(1000 * milliseconds / samples));
    const total = 1000 * spent.reduce((a, b) => a + b, 0) / samples;
    this.#totals.push(total);
    return total;
  }

  rows(): Row[] {
    const { products, populations, operators } = this.#core.plan;
    const names = this.#steps.map((step) => {
      const node = "population" in step
        ? populations[step.population]!.node
        : "product" in step
        ? products[step.product]!.node
        : "operator" in step
        ? operators[step.operator]!.node
        : undefined;
      return node === undefined ? step.kind : `${step.kind}, ${node}`;
    });
    const all = [this.#totals, ...this.#rounds];
    return ["all", "load", ...names].map((name, i) => ({
      name,
      unit: "µs a sample",
      samples: all[i]!,
      ratios: pairedRatios(all[i]!, this.#totals),
    }));
  }

  remark(): string {
    const { spec: { steps }, populations: [{ units } = { units: 0 }] } = this.#core.plan;
    const computed = this.#computed / this.#timed, share = this.#spikes / this.#timed / (steps * units);
    return `${computed.toFixed(1)} of ${units} hidden units computed in a sample, ` +
      `${percent(share)} of (unit, step) pairs spike`;
  }

  #load(): void {
    const index = this.#next++ % this.#samples.count;
    this.#core.load(this.#samples, index, STREAM.training, 1, { scale: 1e-3 });
  }
}
