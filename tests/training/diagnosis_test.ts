import assert from "node:assert/strict";
import type { LayerActivity } from "../../src/training/activity.ts";
import type { BatchMetrics } from "../../src/training/batch_metrics.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { diagnose, type Finding, type Learned } from "../../src/training/diagnosis.ts";

const layer = (layer: number, activity: Partial<LayerActivity> = {}): LayerActivity => ({
  layer,
  samples: 200,
  steps: 25,
  units: 100,
  neuron: "lif",
  threshold: 1,
  steadyCurrent: 0.1,
  firingRate: 0.1,
  silent: 3,
  withoutGradient: 0,
  saturated: 0,
  firesMany: false,
  current: { mean: 0.1, deviation: 0.5, largest: 4 },
  largestWeight: 0.5,
  ...activity,
});
const TOP = layer(3, {
  neuron: "integrator",
  threshold: null,
  steadyCurrent: null,
  firingRate: null,
  silent: null,
  withoutGradient: null,
  saturated: null,
});

const CHAIN = parseNetworkSpec({
  inputs: 9,
  steps: 25,
  layers: [
    { units: 100, neuron: { kind: "lif" } },
    { units: 100, neuron: { kind: "lif" } },
    { units: 10, neuron: { kind: "integrator" } },
  ],
});

/** Forty batches of 100 samples, with figures as functions of the batch's number from 0. */
function batches(of: (batch: number) => { loss?: number; norms?: (number | null)[] }): BatchMetrics[] {
  return Array.from({ length: 40 }, (_, i) => {
    const { loss = 2 - i / 30, norms = [4, 1.3, 1.2] } = of(i); // the norms of `wide` on MNIST
    return {
      epoch: 1 + Math.floor(i / 20),
      batch: 1 + i % 20,
      samples: 100,
      loss,
      accuracy: 0.5,
      firingRate: 0.1,
      gradientNorms: norms,
    };
  });
}

function found(learned: Partial<Learned>): Finding[] {
  return diagnose({
    layers: [layer(1), layer(2), TOP],
    spec: CHAIN,
    history: batches(() => ({})),
    test: { loss: 0.6, accuracy: 0.8, correct: 800, total: 1000 },
    chance: { loss: Math.log(10), accuracy: 0.1 },
    ...learned,
  });
}

const kinds = (learned: Partial<Learned>) => found(learned).map(({ kind }) => kind);

Deno.test("diagnose() finds nothing in figures like those of the presets", () => {
  assert.deepEqual(found({}), []);
  // Figures on MNIST: lif's lowest layer, notebook's, and a loss with some noise.
  assert.deepEqual(found({ history: batches((i) => ({ norms: [12 + i % 9, 2, 1.2] })) }), []);
  assert.deepEqual(found({ history: batches((i) => ({ loss: 0.4 + 0.3 * (i % 2) })) }), []);
  // Records of a version without norms.
  assert.deepEqual(found({ history: batches(() => ({ norms: [] })) }), []);
  assert.deepEqual(found({ history: [] }), []);
});

Deno.test("diagnose() finds a gradient that explodes towards the lower layers in a fifth of the batches", () => {
  const exploding = (often: number) =>
    batches((i) => ({ norms: i % 10 < often ? [1000 + i, 200, 1] : [4, 1.3, 1.2] }));
  assert.deepEqual(found({ history: exploding(1) }), []);
  assert.deepEqual(found({ history: exploding(2) }), [
    { kind: "explodingGradient", layer: 1, norm: 1031, top: 1, epoch: 2, batch: 12, share: 0.2 },
  ]);
  assert.deepEqual(found({ history: batches((i) => ({ norms: i === 7 ? [null, 3, 1] : [4, 1.3, 1.2] })) }), [
    { kind: "explodingGradient", layer: 1, norm: null, top: 1, epoch: 1, batch: 8, share: 1 / 40 },
  ]);
});

Deno.test("diagnose() finds a gradient that vanishes, from the start or later, unless a layer is silent", () => {
  const [vanished] = found({ history: batches(() => ({ norms: [0.01, 0.5, 2] })) });
  assert.deepEqual(vanished, { kind: "vanishingGradient", layer: 1, ratios: [0.005, 0.25, 1], first: 0.005 });
  // A tenth of the top layer's norm is no finding, unless the norm was a hundred times as large before.
  assert.deepEqual(found({ history: batches(() => ({ norms: [0.1, 0.5, 2] })) }), []);
  const fallen = batches((i) => ({ norms: i < 3 ? [160, 4, 2] : [0.1, 0.5, 2] }));
  assert.deepEqual(found({ history: fallen }), [{
    kind: "vanishingGradient",
    layer: 1,
    ratios: [0.05, 0.25, 1],
    first: 80,
  }]);
  const silent = layer(2, { silent: 100, withoutGradient: 100, firingRate: 0 });
  assert.deepEqual(
    kinds({ layers: [layer(1), silent, TOP], history: batches(() => ({ norms: [0, 0, 2] })) }),
    ["silent"],
  );
});

Deno.test("diagnose() finds a jump of the loss, but not its noise", () => {
  const jump = batches((i) => ({ loss: i < 10 ? 1.08 : i < 14 ? 3.41 : 1.2 }));
  assert.deepEqual(found({ history: jump, chance: { loss: Math.log(3), accuracy: 1 / 3 } }), [
    { kind: "jumpingLoss", from: 1.08, to: 3.41, epoch: 1, batch: 11 },
  ]);
  // A large factor between two tiny losses is no jump.
  assert.deepEqual(found({ history: batches((i) => ({ loss: i < 10 ? 0.02 : 0.2 })) }), []);
  // A jump in one of many small batches is noise of a few samples.
  const small = batches((i) => ({ loss: i === 20 ? 3 : 0.5 })).map((each) => ({ ...each, samples: 10 }));
  assert.deepEqual(found({ history: small }), []);
});

Deno.test("diagnose() finds silent, rare, saturated and exploded layers, and counts the units without a gradient", () => {
  const of = (activity: Partial<LayerActivity>) => found({ layers: [layer(1, activity), layer(2), TOP] });
  assert.deepEqual(of({ silent: 31, withoutGradient: 12 }), [
    { kind: "silent", layer: 1, silent: 31, withoutGradient: 12, units: 100 },
  ]);
  assert.deepEqual(of({ silent: 30 }), []);
  assert.deepEqual(of({ firingRate: 0.004 }), [{ kind: "rare", layer: 1, firingRate: 0.004 }]);
  assert.deepEqual(of({ firingRate: 0.006 }), []);
  assert.deepEqual(of({ saturated: 6 }), [{
    kind: "saturated",
    layer: 1,
    firingRate: 0.1,
    saturated: 6,
    units: 100,
  }]);
  assert.deepEqual(of({ saturated: 5 }), []);
  assert.deepEqual(of({ saturated: 100, firingRate: 0.9, firesMany: true }), []); // numbers of spikes differ still
  assert.deepEqual(of({ saturated: 100, firingRate: 0.9, steps: 1 }), []); // in one step, a spike is saturation
  const current = { mean: 0, deviation: 1, largest: 1001 };
  assert.deepEqual(of({ current }), [{ kind: "exploded", layer: 1, current: 1001, weight: 0.5 }]);
  assert.deepEqual(of({ current: { ...current, largest: 999 } }), []);
});

Deno.test("diagnose() finds a network no better than guessing, or overconfident, and nothing for a single class", () => {
  const test = { loss: 2.31, accuracy: 0.1, correct: 100, total: 1000 };
  assert.deepEqual(kinds({ test }), ["guessing"]);
  assert.deepEqual(kinds({ test: { ...test, accuracy: 0.5 } }), ["overconfident"]);
  assert.deepEqual(kinds({ test: { ...test, loss: 2 } }), []);
  assert.deepEqual(kinds({ test: { ...test, loss: 0, accuracy: 1 }, chance: { loss: 0, accuracy: 1 } }), []);
});
