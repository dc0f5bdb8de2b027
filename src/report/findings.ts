/** Analysis of a model on its test set. */
import type { Samples } from "../data/samples.ts";
import type { Engine, SampleTrace } from "../engine/engine.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { type Predictions, tellingSamples } from "./predictions.ts";
import { recordedCount, type Recordings, recordSamples, traceSample } from "./recordings.ts";

/** A sample and its trace. */
export interface TracedSample {
  readonly index: number;
  readonly trace: SampleTrace;
}

/** Results of the analysis. */
export interface Findings {
  readonly samples: Samples;
  readonly predictions: Predictions;
  readonly recordings: Recordings;
  /** Samples shown step by step, in the order of their display. */
  readonly traced: readonly TracedSample[];
}

/**
 * Analyses a network.
 *
 * @param recorder Made with `recordStates`; has the network's parameters.
 * @param chosen Samples to show step by step, if there are steps. @default {a sure one, an unsure one, a sure mistake}
 * @param onSample Called after every recorded sample.
 */
export async function lookInto(
  spec: NetworkSpec,
  recorder: Engine,
  samples: Samples,
  predictions: Predictions,
  chosen: readonly number[] = tellingSamples(predictions),
  onSample?: (done: number, total: number) => void,
): Promise<Findings> {
  const count = recordedCount(spec, samples.count);
  const recordings = await recordSamples(recorder, spec, samples, count, onSample);
  const traced: TracedSample[] = [];
  for (const index of spec.steps > 1 ? chosen : []) {
    traced.push({ index, trace: await traceSample(recorder, samples, index) });
  }
  return { samples, predictions, recordings, traced };
}
