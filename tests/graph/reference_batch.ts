/**
 * Normalisation over a batch, and dropout, in plain float64.
 *
 * @module
 */
import type { BatchNormOperator, DropoutOperator } from "../../src/network/operators.ts";
import type { ReferenceBatch, ReferenceOperator, RowsAt, TensorOf } from "./reference_kind.ts";

/** Sums over samples, their steps and positions, by channel. */
function sumOver(
  channels: number,
  { lengths }: ReferenceBatch,
  rows: RowsAt,
  term: (value: number, channel: number, step: number, sample: number, i: number) => number,
): { sums: Float64Array; count: number } {
  const sums = new Float64Array(channels);
  let count = 0;
  for (let step = 0; step < Math.max(...lengths); step++) {
    rows(step).forEach((row, sample) => {
      if (step >= lengths[sample]!) return;
      const positions = row.length / channels;
      count += positions;
      row.forEach((value, i) => {
        const channel = Math.floor(i / positions);
        sums[channel]! += term(value, channel, step, sample, i);
      });
    });
  }
  return { sums, count };
}

/** Means and biased variances of a batch, or the running ones. */
function statisticsOf(channels: number, tensor: TensorOf, x: RowsAt, batch: ReferenceBatch) {
  if (!batch.isTraining) return { mean: tensor("mean"), variance: tensor("variance"), count: 0 };
  const { sums, count } = sumOver(channels, batch, x, (value) => value);
  const mean = sums.map((sum) => sum / count);
  const squares = sumOver(channels, batch, x, (value, channel) => (value - mean[channel]!) ** 2).sums;
  return { mean, variance: squares.map((sum) => sum / count), count };
}

export const BATCH_NORM: ReferenceOperator<BatchNormOperator> = {
  shape: (_, input) => input,
  tensors: (_, [channels]) => ({
    weight: { shape: [channels], isLearned: true },
    bias: { shape: [channels], isLearned: true },
    mean: { shape: [channels], isLearned: false, isStatistic: true },
    variance: { shape: [channels], isLearned: false, isStatistic: true },
  }),
  forward: ({ epsilon }, tensor, x, step, batch, [channels]) => {
    const { mean, variance } = statisticsOf(channels, tensor, x, batch);
    return x(step).map((row) =>
      row.map((value, i) => {
        const c = Math.floor(i / (row.length / channels));
        return tensor("weight")[c]! * (value - mean[c]!) / Math.sqrt(variance[c]! + epsilon) +
          tensor("bias")[c]!;
      })
    );
  },
  backward: ({ epsilon }, tensor, dy, step, x, batch, [channels]) => {
    const { mean, variance, count } = statisticsOf(channels, tensor, x, batch);
    const normal = (value: number, c: number) => (value - mean[c]!) / Math.sqrt(variance[c]! + epsilon);
    const plain = sumOver(channels, batch, dy, (value) => value).sums;
    const weighed = sumOver(
      channels,
      batch,
      dy,
      (value, c, t, sample, i) => value * normal(x(t)[sample]![i]!, c),
    ).sums;
    return dy(step).map((row, sample) =>
      row.map((value, i) => {
        const c = Math.floor(i / (row.length / channels));
        const shared = step >= batch.lengths[sample]! || !batch.isTraining
          ? 0
          : (plain[c]! + normal(x(step)[sample]![i]!, c) * weighed[c]!) / count;
        return tensor("weight")[c]! / Math.sqrt(variance[c]! + epsilon) * (value - shared);
      })
    );
  },
  accumulate: ({ epsilon }, gradient, dy, step, x, batch, [channels]) => {
    const { mean, variance } = statisticsOf(channels, gradient, x, batch), inputs = x(step);
    dy(step).forEach((row, sample) =>
      row.forEach((value, i) => {
        const c = Math.floor(i / (row.length / channels));
        const normal = (inputs[sample]![i]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon);
        gradient("weight")[c]! += value * normal;
        gradient("bias")[c]! += value;
      })
    );
  },
  statistics: ({ momentum }, tensor, x, batch, [channels]) => {
    const { mean, variance, count } = statisticsOf(channels, tensor, x, batch);
    const unbiased = variance.map((value) => value * count / Math.max(1, count - 1));
    const follow = (old: Float64Array, now: Float64Array) =>
      old.map((value, c) => (1 - momentum) * value + momentum * now[c]!);
    return { mean: follow(tensor("mean"), mean), variance: follow(tensor("variance"), unbiased) };
  },
};

/** What a sample's number is multiplied by. */
function factorOf(
  { rate }: DropoutOperator,
  { isTraining, draw }: ReferenceBatch,
  sample: number,
  i: number,
): number {
  return !isTraining ? 1 : draw(sample, i) < rate ? 0 : 1 / (1 - rate);
}

export const DROPOUT: ReferenceOperator<DropoutOperator> = {
  shape: (_, input) => input,
  tensors: () => ({}),
  forward: (operator, _tensor, x, step, batch) =>
    x(step).map((row, sample) => row.map((value, i) => value * factorOf(operator, batch, sample, i))),
  backward: (operator, _tensor, dy, step, _x, batch) =>
    dy(step).map((row, sample) => row.map((value, i) => value * factorOf(operator, batch, sample, i))),
  accumulate: () => {},
};
