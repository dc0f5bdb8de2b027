/** Division of an epoch's samples into batches. */
import { checkWhole } from "../misuse.ts";
import { shuffledOrder } from "../random.ts";

/** Cuts an order of samples into batches; the last one may be smaller. @throws {OptionError} when the batch size is no whole number above 0. */
export function batchesOf(order: Uint32Array, batchSize: number): Uint32Array[] {
  checkWhole("batchSize", batchSize, 1);
  return Array.from(
    { length: Math.ceil(order.length / batchSize) },
    (_, i) => order.slice(i * batchSize, (i + 1) * batchSize),
  );
}

/** The batches of an epoch: a pure function of the samples that are trained on, the seed and the epoch. */
export function epochBatches(
  training: Uint32Array,
  { seed, batchSize }: { readonly seed: number; readonly batchSize: number },
  epoch: number,
): Uint32Array[] {
  return batchesOf(shuffledOrder(training.length, seed, epoch).map((i) => training[i]!), batchSize);
}
