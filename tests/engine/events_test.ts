import assert from "node:assert/strict";
import { EventCollector, type Events } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { hashParameters } from "../../src/network/model_file.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { uniformFloats } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest, type StartEngine } from "./engines.ts";

const STEPS = 13, CHANNELS = 9, COUNT = 11, SIZE = STEPS * CHANNELS;
const lif = { kind: "lif", decay: 0.8, threshold: 0.4 };

function networkOf(
  recurrent: boolean,
  encoder = "direct",
  hidden: object = lif,
  top = "integrator",
): NetworkSpec {
  return parseNetworkSpec({
    inputs: CHANNELS,
    steps: STEPS,
    encoder: { kind: encoder, ...(encoder === "delta" && { channels: "sign" }) },
    layers: [{ units: 12, recurrent, neuron: hidden }, { units: 3, neuron: { kind: top } }],
    readout: { from: top === "integrator" ? "state" : "spikes", reduce: "mean", begin: 0 },
  });
}

/** The same sequences as numbers and as events, of equal or unequal lengths. */
function sequences(least: number, unequal: boolean) {
  const numbers = uniformFloats(5, COUNT * SIZE).map((x) => x > least ? x : 0);
  const lengths = Uint16Array.from({ length: COUNT }, (_, i) => 1 + (5 * i) % STEPS);
  if (unequal) lengths.forEach((n, i) => numbers.fill(0, i * SIZE + n * CHANNELS, (i + 1) * SIZE));
  const collector = new EventCollector(COUNT * STEPS, CHANNELS, false);
  collector.add(numbers, CHANNELS);
  const shared = {
    ...{ name: "sequences", count: COUNT, size: SIZE, steps: STEPS },
    labels: Uint8Array.from({ length: COUNT }, (_, i) => i % 3),
    ...(unequal && { lengths }),
  };
  return [{ ...shared, features: numbers }, { ...shared, features: collector.events() }] as const;
}

async function trained(spec: NetworkSpec, samples: Samples, start: StartEngine): Promise<string> {
  using engine = await start({ spec, batchSize: COUNT, seed: 4 });
  await engine.setParameters(initialParameters(spec, 1));
  const first = await engine.train(batchOf(samples, undefined, 1), { learningRate: 0.1, momentum: 0.5 });
  const again = await engine.evaluate(batchOf(samples, undefined, 2));
  const { logits } = await engine.classify(batchOf(samples, undefined, 2));
  const weights = await hashParameters(new Map(await engine.getParameters()));
  return JSON.stringify([first, again, [...logits], weights]);
}

engineTest("events train and answer as the same numbers do, to the bit", async (start, engine) => {
  for (const least of [2, 0.7, -2]) { // no events, few, and more than lists are made for
    const [numbers, events] = sequences(least, engine === "wasm");
    const specs = [
      networkOf(false),
      networkOf(false, "direct", { kind: "graded", threshold: 0.4, penalty: 0.5 }),
      networkOf(true, "direct", lif, "lif"),
      ...(engine === "wasm" ? [networkOf(true), networkOf(true, "delta")] : []),
    ];
    for (const spec of specs) {
      assert.equal(await trained(spec, events, start), await trained(spec, numbers, start));
    }
  }
});

Deno.test("an engine refuses events that are not whole, and says where", async () => {
  const spec = networkOf(false), [numbers, { features, ...rest }] = sequences(0.7, false);
  using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads: 0 });
  const refuses = async (changes: Partial<Events>, problem: RegExp, others: Partial<Samples> = {}) => {
    const samples = { ...rest, features: { ...features, ...changes }, ...others };
    await assert.rejects(engine.evaluate(batchOf(samples, undefined, 1)), problem);
  };
  const turned = features.channels.slice();
  const busy = features.ends.findIndex((end, i) => end - (features.ends[i - 1] ?? 0) > 1);
  const at = features.ends[busy]! - 1;
  [turned[at], turned[at - 1]] = [turned[at - 1]!, turned[at]!];
  const place = `step ${busy % STEPS} of sample ${Math.floor(busy / STEPS)}`;
  await refuses(
    { channels: turned },
    new RegExp(`${place}: channel \\d, expected each of 0 to 8 once, ascending`),
  );
  await refuses({ channels: features.channels.with(at, 9) }, new RegExp(`${place}: channel 9, expected`));
  await refuses({ values: (features.values as Float32Array).with(at, NaN) }, new RegExp(`${place}: NaN`));
  await refuses(
    { ends: features.ends.with(busy, 1e6) },
    new RegExp(`${place}: its events end at 1000000 of`),
  );
  await refuses({ channels: features.channels.subarray(0, 5) }, /its events end at \d+ of 5/);
  await refuses({ ends: features.ends.subarray(0, 20) }, /too few for 11 samples/);
  await refuses({}, /events of 12 steps, but the network takes sequences of 13 steps/, { steps: 12 });
  await refuses({}, /it has events, but the sequence has ended/, { lengths: new Uint16Array(COUNT).fill(1) });
  const strange = { ...rest, features: { ends: [], channels: [] } } as unknown as Samples;
  await assert.rejects(
    engine.evaluate(batchOf(strange, undefined, 1)),
    /a Uint8Array, a Float32Array or events/,
  );
  // Numbers, and the events as they are, are welcome.
  for (const samples of [numbers, { ...rest, features }]) {
    await engine.evaluate(batchOf(samples, undefined, 1));
  }
  const pictures = parseNetworkSpec({
    ...networkOf(false),
    input: { shape: [SIZE], encoder: { kind: "constant" } },
  });
  using other = createWasmEngine({ spec: pictures, kernels: await loadKernels(), threads: 0 });
  await assert.rejects(
    other.evaluate(batchOf({ ...rest, features }, undefined, 1)),
    /events of 13 steps, but the network takes no sequences/,
  );
});
