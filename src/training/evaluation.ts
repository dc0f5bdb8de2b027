/** Evaluation: measures an engine's network on samples without learning from them. */
import type { Samples } from "../data/samples.ts";
import type { BatchResult, Engine } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import { checkObject, checkWhole } from "../misuse.ts";
import { STREAM } from "../random.ts";
import { batchesOf } from "./batches.ts";
import { pipelined } from "./pipeline.ts";
import { type Score, sumScores } from "./score.ts";

/**
 * Measures an engine's network on samples, with encoder noise that is the same in every evaluation.
 *
 * @param batchSize Samples per batch. @default {1000, or the engine's maximum if lower}
 * @param onBatch Called after every batch with the number of samples done.
 * @param signal Once aborted, the promise rejects with its reason after the batches in flight.
 * @throws {OptionError} when there are no samples, or the batch size is no whole number.
 */
export async function evaluate(
  engine: Engine,
  samples: Samples,
  batchSize: number = usualBatch(engine),
  onBatch?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Score> {
  checkWhole("batchSize", batchSize, 1);
  if (!(samples?.count >= 1)) { // also from JavaScript
    throw new OptionError("evaluate: no samples: there is nothing to measure on");
  }
  const indices = Uint32Array.from({ length: samples.count }, (_, i) => i);
  return await measure(engine, {
    samples,
    indices,
    stream: STREAM.evaluation,
    batchSize,
    ...(onBatch && { onBatch }),
    ...(signal && { signal }),
  });
}

/** Default number of samples per batch. */
function usualBatch(engine: Engine): number {
  checkObject("engine", engine, "an engine, such as createEngine makes");
  return Math.min(1000, engine.batchSize);
}

/** The samples to measure on, and the random draws. */
export interface Measurement {
  readonly samples: Samples;
  readonly indices: Uint32Array;
  readonly stream: number;
  readonly batchSize?: number;
  readonly onBatch?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Measures an engine's network on a selection of samples. @throws The signal's reason once it is aborted. */
export async function measure(engine: Engine, measurement: Measurement): Promise<Score> {
  const { samples, indices, stream, batchSize = usualBatch(engine), onBatch, signal } = measurement;
  const results: BatchResult[] = [];
  let done = 0;
  await pipelined(
    batchesOf(indices, batchSize),
    (batch) => engine.evaluate({ samples, indices: batch, stream, epoch: 0 }),
    (result) => {
      results.push(result);
      onBatch?.(done += result.total, indices.length);
    },
    signal,
  );
  return sumScores(results);
}
