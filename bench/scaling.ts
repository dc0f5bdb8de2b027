/**
 * Cost of a training sample against one size at a time, from first weights, each point a median of repetitions.
 *
 * @module
 */
import type { Step } from "../src/engine/engine.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { seedNetwork, type SeedOptions } from "../src/network/presets.ts";
import { type EngineRow, epochBatches, openEngine, SEED, trainBatches } from "./engines.ts";
import { interleave, secondsOf } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";
import type { Sizes } from "./sizes.ts";
import { pairedRatios } from "./statistics.ts";

/** One setting; what is left out is the seed's, on one thread. */
interface Point {
  readonly network?: SeedOptions;
  readonly batchSize?: number;
  readonly threads?: number;
}

/** A size that is varied. */
interface Axis {
  readonly key: string;
  /** With its unit; also the horizontal axis of its chart. */
  readonly label: string;
  readonly points: readonly Point[];
  /** Where a point stands on the axis; its firing rate where this is left out. */
  readonly place?: (point: Point) => number;
  /** Training samples of one measurement, in multiples of the usual. */
  readonly samples?: number;
}

/** Each gives a firing rate of its own; the seed's is 2. */
const THRESHOLDS = [4, 3, 2, 1, 0.5, 0.2];
/** Weights stay as they are, so that every measurement meets the same spikes. */
const STANDING_STILL: Step = { learningRate: 0, momentum: 0.5 };

function axes({ network, batchSize }: Sizes): readonly Axis[] {
  const { hidden, steps } = network;
  const scaled = (base: number, factors: readonly number[]) =>
    factors.map((factor) => Math.round(base * factor));
  return [
    {
      key: "steps",
      label: "time steps",
      points: scaled(steps, [25 / 128, 50 / 128, 1, 2]).map((steps) => ({ network: { steps } })),
      place: ({ network }) => network!.steps!,
    },
    {
      key: "hidden",
      label: "hidden units",
      points: scaled(hidden, [0.5, 1, 3, 10]).map((hidden) => ({ network: { hidden } })),
      place: ({ network }) => network!.hidden!,
    },
    {
      key: "firing",
      label: "(hidden unit, step) pairs that spike, %",
      points: THRESHOLDS.map((threshold) => ({ network: { threshold } })),
    },
    {
      key: "batch",
      label: "samples a batch (2 threads)",
      points: scaled(batchSize, [0.1, 1]).map((batchSize) => ({ batchSize, threads: 2 })),
      place: ({ batchSize }) => batchSize!,
      samples: 4,
    },
    {
      key: "threads",
      label: "threads",
      points: [1, 2].map((threads) => ({ threads })),
      place: ({ threads }) => threads!,
      samples: 4,
    },
  ];
}

/** Measures every axis. */
export async function measureScaling(setting: Setting): Promise<Section[]> {
  const sections: Section[] = [];
  for (const axis of axes(setting.sizes)) sections.push(await measureAxis(axis, setting));
  return sections;
}

async function measureAxis(axis: Axis, setting: Setting): Promise<Section> {
  const { train: samples, sizes } = setting;
  using open = new DisposableStack();
  const points: { readonly row: EngineRow; readonly point: Point; rate: number }[] = [];
  const subjects = [];
  for (const row of setting.engines.chosen) {
    for (const point of axis.points) {
      const { network, batchSize = sizes.batchSize, threads = 1 } = point;
      const spec = seedNetwork({ ...sizes.network, ...network });
      const parameters = initialParameters(spec, SEED);
      const count = sizes.scalingSamples * (axis.samples ?? 1);
      const batches = epochBatches(samples, batchSize, 0, Math.max(1, Math.round(count / batchSize)));
      const presented = batches.reduce((sum, { length }) => sum + length, 0);
      const engine = open.use(
        await openEngine(row, setting, { threads, spec, parameters, batchSize }),
      );
      const measured = { row, point, rate: 0 };
      points.push(measured);
      subjects.push(async () => {
        let spikes = 0;
        const seconds = await secondsOf(async () => {
          for (const result of await trainBatches(engine, samples, batches, STANDING_STILL)) {
            spikes += result.spikes;
          }
        });
        measured.rate = spikes / (presented * spec.steps * spec.layers[0]!.units);
        return 1e6 * seconds / presented;
      });
    }
  }
  const costs = await interleave(subjects, { seconds: sizes.seconds, atLeast: sizes.rounds });
  const first = (row: EngineRow) => costs[points.findIndex((point) => point.row === row)]!;
  return {
    key: `scaling-${axis.key}`,
    title: `Cost of a training sample, first weights, against ${axis.label}`,
    ratio: { meaning: "times the cost of the first point", style: "times" },
    rows: points.map(({ row, point, rate }, i): Row => {
      const place = axis.place?.(point) ?? 100 * rate;
      return {
        name: `${row.label}, ${axis.key} ${+place.toFixed(2)}`,
        unit: "µs a sample",
        samples: costs[i]!,
        ratios: pairedRatios(costs[i]!, first(row)),
        facts: { series: row.label, axis: axis.label, place, firingRate: rate, ...point.network },
      };
    }),
  };
}
