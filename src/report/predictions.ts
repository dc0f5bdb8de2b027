/** A network's predictions for a data set, and their statistics: confusion matrix, accuracy per class, mistakes. */
import { logSoftmax } from "./decision.ts";
import type { Samples } from "../data/samples.ts";
import type { Engine } from "../engine/engine.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { indexNames } from "../network/class_names.ts";
import { STREAM } from "../random.ts";
import { batchesOf, evaluate, type Score } from "../training/trainer.ts";

/** A network's predictions; all arrays but `names` have one entry per sample. */
export interface Predictions {
  /** Class names: label n has `names[n]`. */
  readonly names: readonly string[];
  readonly labels: Uint8Array;
  readonly predicted: Uint8Array;
  /** Probability of the predicted class. */
  readonly confidence: Float32Array;
  /** The mean of the network's own loss. */
  readonly loss: number;
  /** Spikes of the hidden layers. */
  readonly spikes: Int32Array;
}

/** Results of one class. */
export interface ClassFigures {
  readonly label: number;
  /** Samples of this class. */
  readonly total: number;
  /** Samples of this class that were predicted correctly. */
  readonly correct: number;
  /** Samples predicted as this class, correctly or not. */
  readonly named: number;
}

/** Predicts every sample, with the noise that `evaluate` uses. @param loss The network's. */
export async function predict(
  engine: Engine,
  loss: NetworkSpec["loss"],
  samples: Samples,
  batchSize: number,
  onBatch: (done: number, total: number) => void = () => {},
): Promise<Predictions> {
  const { count, labels } = samples;
  const all = {
    labels: labels.slice(0, count),
    predicted: new Uint8Array(count),
    confidence: new Float32Array(count),
    spikes: new Int32Array(count),
  };
  let done = 0, lossSum = 0, outputs = 0;
  for (const indices of batchesOf(Uint32Array.from({ length: count }, (_, i) => i), batchSize)) {
    const answer = await engine.classify({ samples, indices, stream: STREAM.evaluation, epoch: 0 });
    const classes = outputs = answer.logits.length / indices.length;
    indices.forEach((index, i) => {
      const logProbabilities = logSoftmax(answer.logits.subarray(i * classes, (i + 1) * classes));
      all.confidence[index] = Math.exp(logProbabilities[answer.predictions[i]!]!);
      lossSum -= logProbabilities[labels[index]!]!;
    });
    all.predicted.set(answer.predictions, done);
    all.spikes.set(answer.spikes, done);
    onBatch(done += indices.length, count);
  }
  // Only the plain cross-entropy follows from the logits.
  const own = loss.kind === "crossEntropy" && loss.rate === undefined
    ? lossSum / count
    : (await evaluate(engine, samples, batchSize)).loss;
  return { names: samples.classes ?? indexNames(outputs), ...all, loss: own };
}

/** Mean hidden spikes of a sample. */
export function hiddenSpikes({ spikes }: Predictions): number {
  return spikes.reduce((sum, n) => sum + n, 0) / spikes.length;
}

/** Loss and accuracy, as `evaluate` reports them. */
export function scoreOf({ labels, predicted, loss }: Predictions): Score {
  const total = labels.length;
  const correct = labels.reduce((sum, label, i) => sum + (label === predicted[i] ? 1 : 0), 0);
  return { loss, accuracy: correct / total, correct, total };
}

/** Classes that occur as a label or a prediction, ascending. */
export function classesIn({ labels, predicted }: Predictions): number[] {
  return [...new Set([...labels, ...predicted])].sort((a, b) => a - b);
}

/** Confusion matrix: `counts[label][predicted]`, both as indices into `classes`. */
export function confusionMatrix({ labels, predicted }: Predictions, classes: readonly number[]): number[][] {
  const place = new Map(classes.map((label, i) => [label, i]));
  const counts = classes.map(() => new Array<number>(classes.length).fill(0));
  labels.forEach((label, i) => counts[place.get(label)!]![place.get(predicted[i]!)!]!++);
  return counts;
}

/** Each class's figures, from the confusion matrix. */
export function figuresOfClasses(
  confusion: readonly (readonly number[])[],
  classes: readonly number[],
): ClassFigures[] {
  return classes.map((label, i) => ({
    label,
    total: confusion[i]!.reduce((sum, count) => sum + count, 0),
    correct: confusion[i]![i]!,
    named: confusion.reduce((sum, row) => sum + row[i]!, 0),
  }));
}

/** Misclassified samples, the most confident first. */
export function mistakesOf(predictions: Predictions): number[] {
  return byConfidence(predictions, (label, predicted) => label !== predicted);
}

function byConfidence(
  { labels, predicted, confidence }: Predictions,
  isWanted: (label: number, predicted: number) => boolean,
): number[] {
  return Array.from(labels.keys())
    .filter((i) => isWanted(labels[i]!, predicted[i]!))
    .sort((a, b) => confidence[b]! - confidence[a]! || a - b);
}

/**
 * Wilson's interval for a share (Wilson 1927): where the true share lies with 95 % confidence. It stays within 0 and 1, also
 * for few samples.
 */
export function wilsonInterval(correct: number, total: number): readonly [low: number, high: number] {
  if (total === 0) return [0, 1];
  const z = 1.959964, share = correct / total;
  const centre = share + z * z / (2 * total);
  const spread = z * Math.sqrt(share * (1 - share) / total + z * z / (4 * total * total));
  const scale = 1 + z * z / total;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

/** Chooses up to three samples: the most confident correct one, the least confident correct one, the most confident mistake. */
export function tellingSamples(predictions: Predictions): number[] {
  const right = byConfidence(predictions, (label, predicted) => label === predicted);
  const chosen = [right[0], right.at(-1), mistakesOf(predictions)[0]];
  return [...new Set(chosen.filter((index) => index !== undefined))];
}
