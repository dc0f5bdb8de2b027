/**
 * On every engine, weight decay draws weights and biases to 0, but no constant of a neuron.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Parameters, Update } from "../../src/engine/engine.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest } from "./engines.ts";
import { drawParameters, drawSamples } from "./network_cases.ts";

const spec = network({
  inputs: 7,
  steps: 6,
  layers: [
    layer(5, lif({ threshold: 0.3, trainable: ["decay", "threshold"] }), { recurrent: true }),
    layer(4, graded({ threshold: 0.1, trainable: ["threshold", "scale"] })),
    layer(3, integrator({ trainable: ["decay"] })),
  ],
});
const samples = drawSamples(spec, 2, 8, false);
const before = drawParameters(spec, 1);
const RATE = 0.05, DECAY = 0.4;
/** Without moments, one update of both optimizers subtracts lr·λ·w besides the update without decay. */
const STEPS: Readonly<Record<string, Update>> = {
  sgd: { learningRate: RATE, momentum: 0.5 },
  adamw: { kind: "adamw", learningRate: RATE, weightDecay: 0 },
  "sgd, clipped": { learningRate: RATE, momentum: 0.5, clip: 0.01 },
};

engineTest("weight decay shrinks weights and biases, and no learned constant", async (start) => {
  const moved = async (step: Update): Promise<Parameters> => {
    using made = await start({ spec, batchSize: 8 });
    await made.setParameters(before);
    await made.train(batchOf(samples), step);
    return await made.getParameters();
  };
  for (const [name, step] of Object.entries(STEPS)) {
    const plain = await moved(step), drawn = await moved({ ...step, weightDecay: DECAY });
    for (const [tensor, found] of drawn) {
      const label = `${name}: ${tensor}`, without = plain.get(tensor)!;
      if (/\.(weight|bias)$/.test(tensor)) {
        assertClose(found, without.map((w, i) => w - RATE * DECAY * before.get(tensor)![i]!), label, {
          absolute: 1e-6,
        });
        assert.notDeepEqual(found, without, label);
      } else {
        assert.deepEqual(found, without, label);
      }
    }
    assert.deepEqual([...drawn.keys()].filter((tensor) => !/\.(weight|bias)$/.test(tensor)), [
      "neuron1.decay",
      "neuron1.threshold",
      "neuron2.threshold",
      "neuron2.scale",
      "neuron3.decay",
    ]);
  }
});
