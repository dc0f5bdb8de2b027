/** A line of `metrics.jsonl`: the metrics of one batch. */
import * as v from "valibot";
import type { BatchReport } from "./trainer.ts";

/** The fields that are read back from a line; versions of Spikelet record different ones. */
export const batchMetrics = v.looseObject({
  epoch: v.number(),
  batch: v.number(),
  samples: v.number(),
  loss: v.number(),
  accuracy: v.number(),
  firingRate: v.optional(v.number(), 0),
  /** One norm per layer, in the order of the description: see `BatchResult.gradientNorms`; `null` where it is infinite or NaN. */
  gradientNorms: v.optional(v.array(v.nullable(v.number()))),
});

/** A line of `metrics.jsonl`. */
export type BatchMetrics = v.InferOutput<typeof batchMetrics>;

/** Converts a batch report to the metrics that are kept. */
export function metricsOf(report: BatchReport): BatchMetrics {
  const { epoch, batch, score, firingRate, learningRate, gradientNorms, seconds } = report;
  const { total: samples, loss, accuracy } = score;
  return {
    epoch,
    batch,
    samples,
    loss,
    accuracy,
    firingRate,
    learningRate,
    ...(gradientNorms && {
      gradientNorms: gradientNorms.map((norm) => Number.isFinite(norm) ? norm : null),
    }),
    seconds,
  };
}
