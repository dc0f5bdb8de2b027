/**
 * A line of `metrics.jsonl`: what a batch came to.
 *
 * @module
 */
import * as v from "valibot";
import type { BatchReport } from "./trainer.ts";

/** What is read of a line again; versions of Spikelet record different things. */
export const batchMetrics = v.looseObject({
  epoch: v.number(),
  batch: v.number(),
  samples: v.number(),
  loss: v.number(),
  accuracy: v.number(),
  firingRate: v.optional(v.number(), 0),
  /** A number a layer, from the lowest one up: see `BatchResult.gradientNorms`; `null` where it is infinite or NaN. */
  gradientNorms: v.optional(v.array(v.nullable(v.number()))),
});

/** A line of `metrics.jsonl`. */
export type BatchMetrics = v.InferOutput<typeof batchMetrics>;

/** What is kept of a batch. */
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
