import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ENCODERS,
  inputsOf,
  type LatencyEncoder,
  latencyLevels,
  sampleFormOf,
} from "../../src/network/encoders.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { assertClose } from "../asm/numbers.ts";

const latency = (encoder: Partial<LatencyEncoder>): LatencyEncoder => ({
  kind: "latency",
  timing: "linear",
  threshold: 0.01,
  offset: 0,
  ...encoder,
});

/** The step at which a feature spikes; -1: never. */
const spikeStep = (encoder: LatencyEncoder, steps: number, x: number) =>
  latencyLevels(encoder, steps).findIndex((level) => x >= level);

Deno.test("latencyLevels() runs from 1 to the threshold in even steps", () => {
  const linear = latency({ threshold: 0.2 });
  assertClose(latencyLevels(linear, 5), [1, 0.8, 0.6, 0.4, 0.2], "levels", { absolute: 1e-7, relative: 0 });
  assert.equal(spikeStep(linear, 5, 1), 0);
  assert.equal(spikeStep(linear, 5, 0.75), 2); // ⌈4 · 0.25 / 0.8⌉
  assert.equal(spikeStep(linear, 5, 0.19), -1);
  assert.deepEqual([...latencyLevels(latency({ threshold: 0.5 }), 1)], [0.5]);
});

Deno.test("latencyLevels() is the spike time of a charging membrane, logarithmic in the input", () => {
  // u(t) = x·(1 − e^(−t/τ)) reaches θ = 1 − e^(−1/τ) at t = τ·ln(x / (x − θ)); step s ends at time s + 1.
  const tau = 6, theta = 1 - Math.exp(-1 / tau);
  const encoder = latency({ timing: "log", tau, threshold: 0.01 });
  for (const x of [0.999, 0.9, 0.51, 0.3, 0.21, 0.18]) {
    const time = tau * Math.log(x / (x - theta));
    assert.equal(spikeStep(encoder, 40, x), Math.ceil(time) - 1, `${x} at ${time}`);
  }
  assert.equal(spikeStep(encoder, 40, 1), 0);
  assert.equal(spikeStep(encoder, 40, 0.15), -1); // below θ: never
  assert.deepEqual(
    latencyLevels(latency({ timing: "log" }), 9),
    latencyLevels(latency({ timing: "log", tau: 9 }), 9),
  );
});

Deno.test("latencyLevels() never increases, so a larger feature never spikes later", () => {
  fc.assert(fc.property(
    fc.record({
      timing: fc.constantFrom("linear" as const, "log" as const),
      threshold: fc.double({ min: 1e-3, max: 1, noNaN: true }),
    }),
    fc.integer({ min: 1, max: 200 }),
    ({ timing, threshold }, steps) => {
      const levels = latencyLevels(latency({ timing, threshold }), steps);
      assert.equal(levels.length, steps);
      levels.forEach((level, t) => assert.ok(t === 0 || level <= levels[t - 1]!));
      assert.ok(levels[steps - 1]! >= Math.fround(threshold));
    },
  ));
});

const layers = [{ units: 10, neuron: { kind: "graded" } }];
const parse = (encoder: unknown, inputs = 6) => parseNetworkSpec({ inputs, steps: 128, encoder, layers });

Deno.test("parseNetworkSpec() fills in each encoder's constants", () => {
  assert.deepEqual(parse({ kind: "poisson" }).input.encoder, { kind: "poisson", rate: 1, offset: 0 });
  assert.deepEqual(parse({ kind: "latency" }).input.encoder, latency({}));
  assert.deepEqual(
    parse({ kind: "latency", timing: "log", tau: 3 }).input.encoder,
    latency({ timing: "log", tau: 3 }),
  );
  assert.deepEqual(parse({ kind: "delta", threshold: 0.1 }).input.encoder, {
    kind: "delta",
    threshold: 0.1,
    channels: "both",
    offset: 0,
  });
  assert.deepEqual(parse({ kind: "delta" }), parse({ kind: "delta", threshold: 0.1, channels: "both" }));
  for (const kind of ["noise", "constant", "direct"]) {
    assert.deepEqual(parse({ kind }).input.encoder, { kind, offset: 0 });
  }
});

Deno.test("ENCODERS has every kind of a description, each with defaults for all constants", () => {
  for (const kind of ["constant", "direct"]) {
    const encoder = { kind, offset: 0, mean: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], deviation: [2] };
    assert.deepEqual(parse({ ...encoder }).input.encoder, encoder);
  }
  for (const kind of ENCODERS) assert.equal(parse({ kind }).input.encoder.kind, kind);
});

Deno.test("parseNetworkSpec() refuses an encoder's constant out of its range and names its path", () => {
  const refused: [encoder: unknown, message: RegExp][] = [
    [{ kind: "morse" }, /^network: encoder\.kind: "morse": expected one of "noise", "poisson"/],
    [{ kind: "poisson", rate: 0 }, /^network: encoder\.rate: /],
    [{ kind: "poisson", rate: Infinity }, /^network: encoder\.rate: /],
    [{ kind: "latency", threshold: 0 }, /^network: encoder\.threshold: /],
    [{ kind: "latency", threshold: 1.5 }, /^network: encoder\.threshold: /],
    [{ kind: "latency", timing: "square" }, /^network: encoder\.timing: /],
    [{ kind: "latency", timing: "log", tau: -1 }, /^network: encoder\.tau: /],
    [{ kind: "latency", tau: 4 }, /^network: encoder: tau has no effect with timing "linear"/],
    [{ kind: "delta", threshold: 0 }, /^network: encoder\.threshold: /],
    [{ kind: "delta", threshold: 0.1, channels: "off" }, /^network: encoder\.channels: /],
    [{ kind: "constant", mean: [] }, /^network: encoder\.mean: /],
    [{ kind: "constant", deviation: [0] }, /^network: encoder\.deviation\.0: /],
    [{ kind: "direct", mean: 0.5 }, /^network: encoder\.mean: /],
    [
      { kind: "direct", offset: -0.5, mean: [0.5] },
      /^network: encoder: offset has no effect beside mean and deviation, which take its place: leave it out/,
    ],
    [
      { kind: "constant", mean: [1, 2] },
      /^network: encoder\.mean: 2 numbers, but there are 6 inputs: expected 1 or 6$/,
    ],
    [{ kind: "noise", mean: [1] }, /^network: encoder\.mean: this version has no such name/],
    [{ kind: "noise", rate: 1 }, /^network: encoder\.rate: this version has no such name/],
  ];
  for (const [encoder, message] of refused) {
    assert.throws(() => parse(encoder), { name: "InputError", message });
  }
  assert.throws(() => parse({ kind: "delta", threshold: 1 }, 5), {
    name: "InputError",
    message:
      /^network: inputs: 5, but the delta encoder makes two inputs of each channel: expected an even number$/,
  });
  assert.deepEqual(parse({ kind: "delta", threshold: 1, channels: "sign" }, 5).input.shape, [5]);
});

Deno.test("sampleFormOf() distinguishes one row of features from a row per step", () => {
  const form = (encoder: unknown) => sampleFormOf({ ...parse(encoder), steps: 3 });
  for (const kind of ["noise", "constant", "poisson", "latency"]) {
    assert.deepEqual(form({ kind }), { isSequence: false, channels: 6, size: 6 });
  }
  assert.deepEqual(form({ kind: "direct" }), { isSequence: true, channels: 6, size: 18 });
  const both = { kind: "delta", threshold: 1 }, sign = { ...both, channels: "sign" };
  assert.deepEqual(form(both), { isSequence: true, channels: 3, size: 9 });
  assert.deepEqual(form(sign), { isSequence: true, channels: 6, size: 18 });
  for (const encoder of [both, sign]) {
    const { encoder: parsed } = parse(encoder).input;
    assert.equal(inputsOf(parsed, form(encoder).channels), 6);
  }
});
