/** The memory that an engine and its workers share: parameters, moments, gradients, and the results of batches. */
import type { BatchRows, RowSizes } from "./row_stage.ts";

/** `SharedArrayBuffer`s, unless the only worker is in the caller's own thread. */
export interface SharedState {
  /** Arrivals at the barrier so far, then the next shard to be claimed in either buffer. */
  readonly control: Int32Array;
  readonly parameters: Float32Array;
  /** SGD's velocity in the first, Adam's mean and square in both. */
  readonly moments: readonly [Float32Array, Float32Array];
  /** The moving average of the parameters, where one is kept. */
  readonly average: Float32Array;
  /**
   * The gradient of the first parameters where it is computed outside of the workers (see `ExternalMatmul`).
   */
  readonly given: Float32Array;
  /** What samples keep for the stage of weights of one row. */
  readonly rows: BatchRows;
  /** Sums of each sample, forward and back, of each operator that normalises over the batch, `[batch][sums]`; empty for others. */
  readonly sums: readonly (readonly [Float64Array, Float64Array])[];
  /** They begin behind the parameters `apart`. */
  readonly shards: readonly Float32Array[];
  /** Two buffers, so that two batches can be in flight. */
  readonly results: readonly [SlotResults, SlotResults];
}

/** The results of a batch: one entry a sample, in the batch's order, unless said otherwise. */
export interface SlotResults {
  readonly losses: Float64Array;
  /** One row a sample, `[samples, classes]`. */
  readonly logits: Float32Array;
  readonly predictions: Uint8Array;
  readonly spikes: Int32Array;
  /** One entry a worker: spikes of each hidden unit, over the samples that the worker presented. */
  readonly unitSpikes: readonly Uint32Array[];
  /** One entry a block of parameters (`gradientBlocks`): Σ g² of the batch's gradient. */
  readonly squares: Float64Array;
}

/** The sizes of a shared state. */
export interface SharedSizes {
  /** Floats of the parameters. */
  readonly size: number;
  /** Parameters whose gradient is not summed sample by sample, and whether it is computed outside of the workers. */
  readonly apart: number;
  readonly isExternal: boolean;
  readonly rows: RowSizes;
  /** Of each operator, how many sums it needs of a sample. */
  readonly batchSums: readonly number[];
  readonly shards: number;
  /** Blocks by which the gradient's squares are summed. */
  readonly blocks: number;
  readonly batchSize: number;
  readonly classes: number;
  readonly workers: number;
  /** Hidden units. */
  readonly unitsBelow: number;
  readonly threaded: boolean;
}

/** Bytes that {@linkcode shareState} allocates. */
export function sharedBytes(sizes: SharedSizes): number {
  const { size, apart, isExternal, rows, shards, blocks, batchSize, classes, workers, unitsBelow } = sizes;
  const given = isExternal ? apart : 0,
    row = rows.units.reduce((sum, units) => sum + units, 2 * rows.capacity + 1);
  const results = batchSize * (8 + 4 * classes + 1 + 4) + workers * 4 * unitsBelow + 8 * blocks;
  const sums = 16 * batchSize * sizes.batchSums.reduce((sum, count) => sum + count, 0);
  return 12 + 4 * (4 * size + given + shards * (size - apart) + batchSize * row) + sums + 2 * results;
}

/** Allocates a shared state, all zeros. */
export function shareState(sizes: SharedSizes): SharedState {
  const { size, apart, isExternal, rows, shards, blocks, batchSize, classes, workers, unitsBelow, threaded } =
    sizes;
  const bytes = (n: number) => threaded ? new SharedArrayBuffer(n) : new ArrayBuffer(n);
  const floats = (n: number) => new Float32Array(bytes(4 * n));
  const results = () => ({
    losses: new Float64Array(bytes(8 * batchSize)),
    logits: floats(batchSize * classes),
    predictions: new Uint8Array(bytes(batchSize)),
    spikes: new Int32Array(bytes(4 * batchSize)),
    unitSpikes: Array.from({ length: workers }, () => new Uint32Array(bytes(4 * unitsBelow))),
    squares: new Float64Array(bytes(8 * blocks)),
  });
  return {
    control: new Int32Array(bytes(12)),
    parameters: floats(size),
    moments: [floats(size), floats(size)],
    average: floats(size),
    given: floats(isExternal ? apart : 0),
    rows: {
      lists: new Int32Array(bytes(8 * batchSize * rows.capacity)),
      counts: new Int32Array(bytes(4 * batchSize)),
      gradients: rows.units.map((units) => floats(batchSize * units)),
    },
    sums: sizes.batchSums.map((count) => {
      const each = () => new Float64Array(bytes(8 * batchSize * count));
      return [each(), each()] as const;
    }),
    shards: Array.from({ length: shards }, () => floats(size - apart)),
    results: [results(), results()],
  };
}
