/**
 * Trains the notebook's network on wasm and on other engines, and compares the results.
 *
 *     deno run --allow-read tools/compare_engines.ts ENGINE…
 *
 * All train on two batches of 500 samples, with one seed, and are measured on 250 test images. An engine whose accuracy is more
 * than 1 % away from wasm's, or one of whose weights is more than 1e-3 away, is a miss: exit code 1. An engine that is
 * unavailable here is reported and skipped. A batch is two micro-batches on a software adapter.
 *
 * More batches would be less informative: each multiplies a difference in the last bit by about five, and after ten the two builds of
 * wasm's kernels are as far apart as any two engines.
 */
import {
  createEngine,
  ENGINES,
  evaluate,
  initialParameters,
  loadMnist,
  notebookNetwork,
  type Parameters,
  train,
} from "../mod.ts";
import { EngineError } from "../src/errors.ts";
import { percent } from "../src/text/figures.ts";

const SEED = 0, TRAINED = 1000, BATCH = 500, TESTED = 250;
const MOST = { accuracy: 0.01, weights: 1e-3 };

const spec = notebookNetwork();
const training = await loadMnist(undefined, "train"), test = await loadMnist(undefined, "test");

/** Trains on an engine. */
async function trainOn(name: (typeof ENGINES)[number]) {
  using engine = await createEngine({ spec, engine: name, seed: SEED });
  await engine.setParameters(initialParameters(spec, SEED));
  const step = { learningRate: 0.1, momentum: 0.5 };
  const options = { samples: training, epochs: 1, batchSize: BATCH, step, seed: SEED, limit: TRAINED };
  const { samplesPerSecond } = await train(engine, options);
  const { accuracy } = await evaluate(engine, { ...test, count: TESTED });
  const speed = `${Math.round(samplesPerSecond)} samples/s`;
  console.log(`${name}: accuracy ${percent(accuracy, 1)}, ${speed}, ${engine.description}`);
  return { accuracy, parameters: await engine.getParameters() };
}

function farthest(a: Parameters, b: Parameters): number {
  return Math.max(
    ...[...a].map(([name, values]) =>
      values.reduce((most, value, i) => Math.max(most, Math.abs(value - b.get(name)![i]!)), 0)
    ),
  );
}

const wasm = await trainOn("wasm");
for (const argument of Deno.args) {
  const name = ENGINES.find((engine) => engine === argument);
  if (name === undefined) throw new Error(`${argument}: expected one of ${ENGINES.join(", ")}`);
  try {
    const { accuracy, parameters } = await trainOn(name);
    const weights = farthest(parameters, wasm.parameters);
    const distance = { accuracy: Math.abs(accuracy - wasm.accuracy), weights };
    // Written so that a NaN is a miss.
    const agrees = distance.accuracy <= MOST.accuracy && distance.weights <= MOST.weights;
    const apart = `${percent(distance.accuracy, 1)} of accuracy and ${
      distance.weights.toExponential(1)
    } of a weight`;
    console.log(`${name} and wasm: ${apart} apart: ${agrees ? "agreed" : "TOO FAR"}`);
    if (!agrees) Deno.exitCode = 1;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    console.log(`${name} is left out: ${error.message}`);
  }
}
