/**
 * Spikes that the skip bound (asm/skip.ts) missed while the seed's network trains: there should be none.
 *
 * Training goes on as ever. Before each batch its weights go to two more cores: one says which units it leaves out in each
 * sample, the other computes every unit's states, with the same draws. A spike of a unit that was left out would be a miss.
 *
 *     deno run --allow-read bench/missed_spikes.ts [--samples N] [--precision f32|i16] [--hidden N] [--steps N]
 *
 * @module
 */
import type { Samples } from "../src/data/samples.ts";
import type { Core } from "../src/engine/wasm/core.ts";
import { PURPOSE } from "../src/random.ts";
import {
  type EngineRow,
  epochBatches,
  giveParameters,
  openCore,
  openEngine,
  trainBatches,
} from "./engines.ts";
import type { Section } from "./section.ts";
import { makeSetting, type Setting } from "./setting.ts";
import { fullSizes } from "./sizes.ts";

/** What was counted. */
export interface MissedSpikes {
  readonly samples: number;
  /** (sample, unit) pairs that were left out, and all there were. */
  readonly leftOut: number;
  readonly pairs: number;
  /** (sample, unit, step) triples at which a unit that was left out would have spiked. */
  readonly missed: number;
  /** Spikes of the other units. */
  readonly found: number;
  /** The least Z of a unit that was left out, computed anew in float64. */
  readonly leastZ: number;
  /** The highest membrane potential of a unit that was left out; it would spike above the threshold. */
  readonly highest: number;
}

/** Counts over the first `count` samples of an epoch of training. */
export async function countMissedSpikes(
  row: EngineRow,
  setting: Setting,
  { count, onBatch }: { readonly count: number; readonly onBatch?: (done: number) => void },
): Promise<MissedSpikes> {
  const { kernels, spec, parameters, train: samples, sizes: { batchSize } } = setting;
  using engine = await openEngine(row, setting, { threads: 2 });
  const chooser = openCore(kernels, spec, row.options, parameters);
  const whole = openCore(kernels, spec, { ...row.options, record: true }, parameters);
  const choose = chooser.plan.forward.find(({ kind }) => kind === "choose");
  if (!choose) throw new Error("the plan leaves no unit out: there is nothing to count");
  const total = {
    samples: 0,
    leftOut: 0,
    pairs: 0,
    missed: 0,
    found: 0,
    leastZ: Infinity,
    highest: -Infinity,
  };
  for (let indices of epochBatches(samples, batchSize, 0, Math.ceil(count / batchSize))) {
    if (total.samples + indices.length > count) indices = indices.slice(0, count - total.samples);
    const now = await engine.getParameters();
    for (const core of [chooser, whole]) giveParameters(core, now);
    for (const index of indices) {
      for (const core of [chooser, whole]) core.load(samples, index, PURPOSE.training, 1);
      chooser.execute(choose);
      whole.forward();
      compareSample(chooser, whole, features(samples, index, spec.encoder.offset), total);
    }
    await trainBatches(engine, samples, [indices]);
    onBatch?.(total.samples);
  }
  return total;
}

type Totals = { -readonly [Key in keyof MissedSpikes]: MissedSpikes[Key] };

/** Adds one sample to the totals. */
function compareSample(chooser: Core, whole: Core, x: Float64Array, total: Totals): void {
  const { steps, layers } = whole.plan.spec;
  const { units, neuron } = layers[0]!;
  const threshold = neuron.kind === "graded" ? neuron.threshold : Infinity;
  const { unit } = chooser.memory.layers[0]!;
  const chosen = new Set(integersOf(chooser).subarray(unit >> 2, (unit >> 2) + chooser.computed[0]!));
  const counts = integersOf(whole).subarray(whole.memory.layers[0]!.counts >> 2);
  const { potentials, width } = whole.memory.layers[0]!;
  const states = floatsOf(whole).subarray(potentials >> 2, (potentials >> 2) + steps * width);
  total.samples++;
  total.pairs += units;
  for (let n = 0; n < units; n++) {
    if (chosen.has(n)) {
      total.found += counts[n]!;
      continue;
    }
    total.leftOut++;
    total.missed += counts[n]!;
    total.leastZ = Math.min(total.leastZ, leastZ(chooser, x, n, threshold));
    for (let at = n; at < states.length; at += width) total.highest = Math.max(total.highest, states[at]!);
  }
}

/** min_t (θ − mean·g_t) / (σ·q_t) of a unit in the present sample, as docs/performance.md derives it. */
function leastZ(core: Core, x: Float64Array, unit: number, threshold: number): number {
  const { inputs, steps } = core.plan.spec;
  const { weightsAt, biasAt, unitStride, powerSums, powerNorms } = core.memory.layers[0]!;
  const floats = floatsOf(core);
  const weights = (weightsAt >> 2) + unit * unitStride;
  let sum = 0, squares = 0;
  for (let k = 0; k < inputs; k++) {
    const product = x[k]! * floats[weights + k]!;
    sum += product;
    squares += product * product;
  }
  const mean = sum / 2 + floats[(biasAt >> 2) + unit]!, deviation = Math.sqrt(squares / 12);
  let least = Infinity;
  for (let step = 0; step < steps; step++) {
    const distance = threshold - mean * floats[(powerSums >> 2) + step]!;
    least = Math.min(least, distance / (deviation * floats[(powerNorms >> 2) + step]!));
  }
  return least;
}

/** A sample's features as the encoder makes them from pixels. */
function features({ features, size }: Samples, index: number, offset: number): Float64Array {
  return Float64Array.from(
    { length: size },
    (_, k) => Math.fround(features[index * size + k]! / 255) + offset,
  );
}

function floatsOf(core: Core): Float32Array {
  return new Float32Array(core.parameters.buffer);
}

function integersOf(core: Core): Int32Array {
  return new Int32Array(core.parameters.buffer);
}

/** In a few lines of text. */
export function missedSpikesLines(counted: MissedSpikes): string[] {
  const { samples, leftOut, pairs, missed, found, leastZ, highest } = counted;
  const whole = (value: number) => value.toLocaleString("en-US");
  return [
    `spikes missed by leaving units out: ${whole(missed)}, over ${whole(samples)} training samples with ${
      whole(found)
    } spikes`,
    `${whole(leftOut)} of ${whole(pairs)} (sample, unit) pairs left out (${
      (100 * leftOut / pairs).toFixed(1)
    } %); ` +
    `least Z among them ${leastZ.toFixed(3)}, highest potential ${highest.toFixed(3)}`,
  ];
}

/** The count as a part of the report. */
export async function missedSpikesSection(row: EngineRow, setting: Setting): Promise<Section> {
  const counted = await countMissedSpikes(row, setting, { count: setting.sizes.missedSamples });
  return {
    key: `missed-${row.bits}`,
    title: `Units left out: ${row.label}`,
    rows: [],
    remarks: missedSpikesLines(counted),
  };
}

if (import.meta.main) {
  const { Command } = await import("@commander-js/extra-typings");
  const { choiceOption, numberOption, wholeNumbers } = await import("../src/cli/option_values.ts");
  const { samples: count, hidden, steps, precision } = new Command("missed_spikes")
    .addOption(
      numberOption("--samples <number>", "training samples", wholeNumbers(1, 60_000)).default(60_000),
    )
    .addOption(numberOption("--hidden <number>", "hidden units", wholeNumbers(1, 10_000)).default(100))
    .addOption(numberOption("--steps <number>", "time steps", wholeNumbers(1, 10_000)).default(128))
    .addOption(choiceOption("--precision <name>", "of the product", ["f32", "i16"]).default("f32" as const))
    .parse(Deno.args, { from: "user" }).opts();
  const setting = await makeSetting({ ...fullSizes(0), network: { hidden, steps } });
  const row = setting.engines.chosen.find(({ bits }) => bits === precision)!;
  const counted = await countMissedSpikes(row, setting, {
    count,
    onBatch: (done) => console.error(`${done} samples`),
  });
  for (const line of missedSpikesLines(counted)) console.log(line);
  console.log(JSON.stringify(counted));
}
