/**
 * A whole epoch of training beside the dense floor of the same machine, round by round; its weights are the "trained" ones of
 * other parts.
 *
 * @module
 */
import type { Parameters } from "../src/engine/engine.ts";
import { epochBatches, openEngine, trainBatches } from "./engines.ts";
import { productRate } from "./kernels.ts";
import { interleave, secondsOf } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";
import { median, pairedRatios } from "./statistics.ts";

const THREADS = 2;

/**
 * Trains for an epoch with each engine, from the same first weights each time.
 *
 * @returns The section, and the first engine's weights.
 */
export async function measureEpoch(setting: Setting): Promise<{ section: Section; trained: Parameters }> {
  const { kernels, engines: { chosen }, spec, parameters, train: samples, sizes } = setting;
  const { batchSize } = sizes;
  const batches = epochBatches(samples, batchSize, 0, sizes.epochBatches);
  const presented = batches.reduce((sum, { length }) => sum + length, 0);
  using open = new DisposableStack();
  const engines = [];
  for (const row of chosen) engines.push(open.use(await openEngine(row, setting, { threads: THREADS })));
  const [rates = [], ...seconds] = await interleave([
    productRate(kernels, sizes),
    ...engines.map((engine) => async () => {
      await engine.setParameters(parameters);
      return await secondsOf(() => trainBatches(engine, samples, batches));
    }),
  ], { seconds: 0, atLeast: sizes.rounds });
  // The hidden layer's product with every input at every step, and its weight gradient, which is as large.
  const operations = 2 * 2 * spec.inputs * spec.layers[0]!.units * spec.steps * presented;
  const floors = rates.map((rate) => operations / (THREADS * rate * 1e9));
  return {
    trained: await engines[0]!.getParameters(),
    section: {
      key: "epoch",
      title: `${batches.length} batches of ${batchSize}, from first weights to trained ones`,
      ratio: { meaning: "of the dense float32 floor", style: "times" },
      rows: [
        { name: "dense float32 floor", unit: "s", samples: floors },
        ...chosen.map(({ label }, i): Row => ({
          name: `${label}, ${THREADS} threads`,
          unit: "s",
          samples: seconds[i]!,
          ratios: pairedRatios(seconds[i]!, floors),
        })),
      ],
      remarks: [
        `floor: ${
          (operations / 1e12).toPrecision(3)
        } TFLOP (the hidden layer's product and its weight gradient, dense) at ` +
        `${THREADS} times one core's product, ${median(rates).toFixed(1)} GFLOP/s`,
      ],
    },
  };
}
