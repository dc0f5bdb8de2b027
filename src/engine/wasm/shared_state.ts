/**
 * The memory that an engine and its workers share: parameters, what moves them, and what batches come to.
 *
 * @module
 */
/** Memory that all threads see. With a single worker it need not be shared. */
export interface SharedState {
  /** Threads at the barrier so far, then the next shard to be claimed in either buffer. */
  readonly control: Int32Array;
  readonly parameters: Float32Array;
  /** What the optimizer remembers: SGD's velocity in the first, Adam's mean and square in both. */
  readonly moments: readonly [Float32Array, Float32Array];
  /**
   * The gradient of the first parameters, whose sum another makes: what `ExternalMatmul` leaves to it. The workers have no
   * gradient of these, and so the shards begin behind them.
   */
  readonly given: Float32Array;
  readonly shards: readonly Float32Array[];
  /** Two buffers, so that a batch can be handed out while another is under way. */
  readonly results: readonly [SlotResults, SlotResults];
}

/** What a batch came to; where nothing else is said, one entry a sample, in the batch's order. */
export interface SlotResults {
  readonly losses: Float64Array;
  /** One row a sample, `[samples, classes]`. */
  readonly logits: Float32Array;
  readonly predictions: Uint8Array;
  readonly spikes: Int32Array;
  /** One entry a worker: spikes of each unit below the top, over the samples that the worker presented. */
  readonly unitSpikes: readonly Uint32Array[];
  /** One entry a block of parameters (`gradientBlocks`): Σ g² of the batch's gradient. */
  readonly squares: Float64Array;
}

/** How much there is to share. */
export interface SharedSizes {
  /** Floats of the parameters. */
  readonly size: number;
  /** Of these, the first so many have their gradient given. */
  readonly given: number;
  readonly shards: number;
  /** Blocks that the gradient's squares are summed by. */
  readonly blocks: number;
  readonly batchSize: number;
  readonly classes: number;
  readonly workers: number;
  /** Units of the layers below the top. */
  readonly unitsBelow: number;
  readonly threaded: boolean;
}

/** Makes it, all zeros. */
export function shareState(sizes: SharedSizes): SharedState {
  const { size, given, shards, blocks, batchSize, classes, workers, unitsBelow, threaded } = sizes;
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
    given: floats(given),
    shards: Array.from({ length: shards }, () => floats(size - given)),
    results: [results(), results()],
  };
}
