import assert from "node:assert/strict";
import {
  areBytes,
  areEvents,
  EventCollector,
  eventsOf,
  refitEvents,
  sameFeatures,
  spreadEvents,
} from "../../src/data/events.ts";
import { fitSteps } from "../../src/data/fit_steps.ts";
import { bytesOf, type Samples } from "../../src/data/samples.ts";
import { uniformFloats, upTo } from "../asm/numbers.ts";

const STEPS = 5, CHANNELS = 7, COUNT = 4, SIZE = STEPS * CHANNELS;

/** Numbers of which few are not 0. */
const sparse = (least: number) => uniformFloats(3, COUNT * SIZE).map((x) => x > least ? x : 0);

function collect(numbers: Float32Array | Uint8Array) {
  const collector = new EventCollector(COUNT * STEPS, CHANNELS, numbers instanceof Uint8Array);
  assert.equal(collector.add(numbers, CHANNELS), -1);
  return collector.events();
}

Deno.test("events are the numbers that are not 0, and spreadEvents() gives all of them back", () => {
  for (const least of [2, 0.6, -2]) { // none, some, all
    for (const numbers of [sparse(least), Uint8Array.from(sparse(least), (x) => 9 * x)]) {
      const events = collect(numbers);
      upTo(COUNT).forEach((sample) => {
        const [from, to] = eventsOf(events, STEPS, sample),
          whole = numbers.subarray(sample * SIZE, (sample + 1) * SIZE);
        assert.equal(to - from, whole.filter((x) => x !== 0).length);
        assert.deepEqual(spreadEvents(events, STEPS, sample, whole.slice()), whole);
      });
      assert.ok(areEvents(events) && !areEvents(numbers));
      assert.equal(areBytes(events), numbers instanceof Uint8Array);
      assert.ok(events.channels.buffer instanceof SharedArrayBuffer);
    }
  }
});

Deno.test("events that are all 1 keep no numbers, and many channels take more bits", () => {
  const ones = sparse(0.6).map((x) => x === 0 ? 0 : 1), events = collect(ones);
  assert.equal(events.values, undefined);
  assert.deepEqual(spreadEvents(events, STEPS, 1, new Float32Array(SIZE)), ones.slice(SIZE, 2 * SIZE));
  const wide = new EventCollector(1, 70_000, false), row = new Float32Array(70_000);
  row[69_999] = 1;
  wide.add(row, 70_000);
  assert.deepEqual([...wide.events().channels], [69_999]);
});

Deno.test("EventCollector names the first number that is not finite in float32", () => {
  const collector = () => new EventCollector(STEPS, CHANNELS, false);
  const numbers = new Array<number>(SIZE).fill(0);
  assert.equal(collector().add(numbers.with(9, NaN), CHANNELS), 9);
  assert.equal(collector().add(numbers.with(3, 1e39), CHANNELS), 3);
});

Deno.test("refitEvents() and fitSteps() pad sequences to another number of steps", () => {
  const numbers = sparse(0.5), lengths = Uint16Array.of(3, 1, 2, 3);
  lengths.forEach((length, i) => numbers.fill(0, i * SIZE + length * CHANNELS, (i + 1) * SIZE));
  const events = collect(numbers), labels = new Uint8Array(COUNT);
  const samples: Samples = {
    name: "s",
    count: COUNT,
    size: SIZE,
    steps: STEPS,
    features: events,
    labels,
    lengths,
  };
  for (const steps of [3, 4, 9]) {
    const refitted = refitEvents(events, COUNT, STEPS, steps);
    upTo(COUNT).forEach((sample) => {
      const expected = new Float32Array(steps * CHANNELS);
      expected.set(numbers.subarray(sample * SIZE, sample * SIZE + Math.min(steps, STEPS) * CHANNELS));
      assert.deepEqual(spreadEvents(refitted, steps, sample, new Float32Array(steps * CHANNELS)), expected);
    });
    const fitted = fitSteps(samples, steps);
    assert.deepEqual([fitted.size, fitted.steps], [steps * CHANNELS, steps]);
    assert.ok(sameFeatures(fitted.features, refitted));
  }
  assert.equal(bytesOf(samples), "numbers");
});

Deno.test("sameFeatures() compares numbers, and how they are kept", () => {
  const numbers = sparse(0.5), events = collect(numbers);
  assert.ok(sameFeatures(numbers, numbers.slice()) && sameFeatures(events, collect(numbers)));
  assert.ok(!sameFeatures(events, numbers) && !sameFeatures(numbers, sparse(0.4)));
  assert.ok(!sameFeatures(events, collect(sparse(0.4))));
});
