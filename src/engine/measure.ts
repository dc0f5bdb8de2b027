/**
 * How fast an engine is on this machine, for this network.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { initialParameters } from "../network/initialise.ts";
import { classesOf, type NetworkSpec, sampleSize } from "../network/spec.ts";
import { STREAM } from "../random.ts";
import type { Engine } from "./engine.ts";

/** Multiply-adds of the batch that is measured, at most: what a CPU does in a fraction of a second. */
const MOST_WORK = 1e10;
/** Batches that are timed together, as in training: two are under way at a time. */
const BATCHES = 2;

/**
 * Times training batches, after one that is not timed, in which kernels are compiled.
 *
 * @param batchSize The engine's; of a large network fewer samples are taken.
 * @returns Seconds of one batch.
 * @throws {EngineError} when the engine fails.
 */
export async function timeTraining(engine: Engine, spec: NetworkSpec, batchSize: number): Promise<number> {
  const work = spec.layers.reduce(
    ({ sum, inputs }, { units }) => ({ sum: sum + spec.steps * inputs * units, inputs: units }),
    { sum: 0, inputs: spec.inputs },
  ).sum;
  const count = Math.max(1, Math.min(batchSize, Math.floor(MOST_WORK / work)));
  const samples = brightBlocks(spec, count);
  const batch = {
    samples,
    indices: Uint32Array.from({ length: count }, (_, i) => i),
    stream: STREAM.training,
    epoch: 0,
  };
  const step = { learningRate: 0.1, momentum: 0.5 };
  await engine.setParameters(initialParameters(spec, 0));
  await engine.train(batch, step);
  const started = performance.now();
  await Promise.all(Array.from({ length: BATCHES }, () => engine.train(batch, step)));
  return (performance.now() - started) / 1000 / BATCHES;
}

/** Images of the kind that is usual: dark, with a bright part that is a fifth of the whole, elsewhere in each. */
function brightBlocks(spec: NetworkSpec, count: number): Samples {
  const size = sampleSize(spec);
  const features = new Uint8Array(new SharedArrayBuffer(count * size));
  const classes = classesOf(spec), bright = Math.ceil(size / 5);
  for (let sample = 0; sample < count; sample++) {
    const from = Math.floor((size - bright) * (sample % 17) / 17);
    features.fill(255, sample * size + from, sample * size + from + bright);
  }
  return {
    name: "measurement",
    count,
    size,
    features,
    bytes: "pixels",
    labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
  };
}
