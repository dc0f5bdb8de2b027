/**
 * Counts spikes that the skip bound (asm/skip.ts) missed while the notebook's network trains: there should be none.
 *
 * Before each batch two more cores get the weights: one lists the units that it leaves out in each sample, the other
 * computes every unit's states, with the same draws. A spike of a unit that was left out is a miss.
 */
import type { Core } from "../src/engine/wasm/core.ts";
import { STREAM } from "../src/random.ts";
import { count, percent } from "../src/text/figures.ts";
import type { Section } from "./section.ts";
import {
  type EngineRow,
  epochBatches,
  giveParameters,
  openCore,
  openEngine,
  type Setting,
  trainBatches,
} from "./setting.ts";

/** What is counted over (sample, unit) pairs; spikes over their steps. */
interface Totals {
  samples: number;
  pairs: number;
  leftOut: number;
  /** Spikes of units that were left out. */
  missed: number;
  /** Spikes of the others. */
  found: number;
  /** The highest membrane potential of a unit that was left out; it would spike above the threshold. */
  highest: number;
}

/** Counts over the first samples of an epoch of training. */
export async function measureMissedSpikes(row: EngineRow, setting: Setting): Promise<Section> {
  const { parameters, train: samples, sizes: { batchSize, missedSamples } } = setting;
  using engine = await openEngine(row, setting, { threads: 2 });
  const selecting = openCore(setting, row, parameters), whole = openCore(setting, row, parameters, true);
  const select = selecting.plan.forward.findIndex(({ kind }) => kind === "select");
  if (select < 0) throw new Error("the plan leaves no unit out: there is nothing to count");
  const totals = { samples: 0, pairs: 0, leftOut: 0, missed: 0, found: 0, highest: -Infinity };
  for (const batch of epochBatches(setting, 0, Math.ceil(missedSamples / batchSize))) {
    const indices = batch.slice(0, missedSamples - totals.samples), now = await engine.getParameters();
    for (const core of [selecting, whole]) giveParameters(core, now);
    for (const index of indices) {
      for (const core of [selecting, whole]) core.load(samples, index, STREAM.training, 1);
      selecting.execute(select);
      whole.forward();
      compareSample(selecting, whole, totals);
    }
    await trainBatches(engine, samples, [indices]);
  }
  const { missed, found, leftOut, pairs, highest } = totals;
  return {
    key: `missed-${row.bits}`,
    title: `Units left out: ${row.label}`,
    rows: [],
    remarks: [
      `spikes missed by leaving units out: ${count(missed)}, over ${
        count(totals.samples)
      } training samples ` +
      `with ${count(found)} spikes`,
      `${count(leftOut)} of ${count(pairs)} (sample, unit) pairs left out (${
        percent(leftOut / pairs, 1)
      }); ` +
      `highest potential among them ${highest.toFixed(3)}`,
    ],
  };
}

/** Adds one sample to the totals. */
function compareSample(selecting: Core, whole: Core, totals: Totals): void {
  const { spec: { steps }, populations } = whole.plan, { units } = populations[0]!;
  const { unit } = selecting.memory.populations[0]!,
    { counts, potentials, width } = whole.memory.populations[0]!;
  const selected = new Set(integersOf(selecting).subarray(unit >> 2, (unit >> 2) + selecting.computed[0]!));
  const spikes = integersOf(whole).subarray(counts >> 2);
  const states = floatsOf(whole).subarray(potentials >> 2, (potentials >> 2) + steps * width);
  totals.samples++;
  totals.pairs += units;
  for (let n = 0; n < units; n++) {
    if (selected.has(n)) {
      totals.found += spikes[n]!;
      continue;
    }
    totals.leftOut++;
    totals.missed += spikes[n]!;
    for (let at = n; at < states.length; at += width) totals.highest = Math.max(totals.highest, states[at]!);
  }
}

function floatsOf(core: Core): Float32Array {
  return new Float32Array(core.parameters.buffer);
}

function integersOf(core: Core): Int32Array {
  return new Int32Array(core.parameters.buffer);
}
