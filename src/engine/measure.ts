/** Times an engine on this machine, for a given network. */
import type { Samples } from "../data/samples.ts";
import { initialParameters } from "../network/initialise.ts";
import { type NetworkSpec, sampleSize } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { STREAM } from "../random.ts";
import type { Engine } from "./engine.ts";

/** The most multiply-adds of the measured batch: a fraction of a second on a CPU. */
const MOST_WORK = 1e10;
/** Batches that are timed together, as in training: two are in flight at a time. */
const BATCHES = 2;

/**
 * Times training batches, after one untimed batch, in which kernels are compiled.
 *
 * @param batchSize Samples of a batch, at most the engine's; a large network is timed with fewer.
 * @returns Seconds of one batch.
 * @throws {EngineError} when the engine fails.
 */
export async function timeTraining(engine: Engine, spec: NetworkSpec, batchSize: number): Promise<number> {
  const work = spec.steps * structureOf(spec).multiplyAdds;
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

/** Images as usual: dark, with a bright fifth, whose place differs from image to image. */
function brightBlocks(spec: NetworkSpec, count: number): Samples {
  const size = sampleSize(spec);
  const features = new Uint8Array(new SharedArrayBuffer(count * size));
  const { classes } = structureOf(spec), bright = Math.ceil(size / 5);
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
