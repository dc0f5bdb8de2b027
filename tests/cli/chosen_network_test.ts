import assert from "node:assert/strict";
import { chooseNetwork } from "../../src/cli/chosen_network.ts";
import type { NetworkOptions } from "../../src/cli/network_options.ts";
import { OptionError } from "../../src/errors.ts";
import { NOTEBOOK_DEFAULTS } from "../../src/network/presets.ts";
import { type PresetName, PRESETS } from "../../src/training/presets.ts";
import { dataFormOf } from "../../src/data/data_form.ts";
import { structureOf } from "../../src/network/structure.ts";

const set = (name: string) => ({
  name,
  count: 2,
  size: 900,
  picture: { rows: 30, columns: 30 },
  features: new Uint8Array(1800),
  labels: Uint8Array.of(0, 2),
});
const FORM = dataFormOf(set("train"), set("test"));

/** The network that `train` makes of options. */
async function chosen(model: PresetName, given: Partial<NetworkOptions>) {
  const options: NetworkOptions = { model, ...NOTEBOOK_DEFAULTS, ...given };
  return (await chooseNetwork(options, (option) => option === "model" || Object.hasOwn(given, option), FORM))
    .spec;
}

/** The differences of two networks, by path. */
function changesOf(before: unknown, after: unknown, path = ""): Record<string, unknown> {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) {
    return before === after ? {} : { [path]: after };
  }
  const entries = Object.entries(after).map(([key, value]) =>
    changesOf(Reflect.get(before, key), value, path === "" ? key : `${path}.${key}`)
  );
  return Object.assign({}, ...entries);
}

const CONSTANTS = { decay: 0.625, threshold: 0.875, penalty: 0.375 };

for (const model of Object.keys(PRESETS) as PresetName[]) {
  Deno.test(`train --model ${model} takes only the constants of its neurons`, async () => {
    const plain = await chosen(model, {});
    for (const [name, value] of Object.entries({ ...CONSTANTS, beginEval: 1 })) {
      const hidden = structureOf(plain).hidden.map(({ neuron }) => neuron.kind);
      const takes = model !== "feed-forward" && (name !== "penalty" || !hidden.includes("lif"));
      const made = chosen(model, { [name]: value });
      if (!takes) {
        await assert.rejects(
          made,
          (error: unknown) => error instanceof OptionError && error.message.includes(`--model ${model}`),
        );
        continue;
      }
      // Every spiking neuron has it; the integrators of the readout keep their own decay.
      const fires = plain.nodes.flatMap(({ kind }, i) => kind === "graded" || kind === "lif" ? [i] : []);
      const expected = name === "beginEval"
        ? { "readout.begin": value }
        : Object.fromEntries(fires.map((i) => [`nodes.${i}.${name}`, value]));
      assert.deepEqual(changesOf(plain, await made), expected, name);
    }
  });
}

Deno.test("train --neuron takes the constants of that neuron, not of the preset's", async () => {
  const graded = await chosen("lif", { neuron: "graded", ...CONSTANTS });
  assert.deepEqual(structureOf(graded).populations[0]!.neuron, {
    kind: "graded",
    ...CONSTANTS,
    scale: 1,
    current: 0,
    perUnit: [],
    trainable: [],
  });
  await assert.rejects(
    chosen("tuned", { neuron: "lif", penalty: 1 }),
    /^OptionError: --penalty: means nothing for lif neurons/,
  );
  const { decay, threshold } = CONSTANTS;
  const lif = await chosen("tuned", { neuron: "lif", decay, threshold });
  const { neuron } = structureOf(lif).populations[0]!;
  assert.deepEqual([neuron.kind, neuron.decay, neuron.kind === "lif" && neuron.threshold], [
    "lif",
    decay,
    threshold,
  ]);
});
