/**
 * Training loop: runs epochs of batches on an engine.
 *
 * The trainer is independent of files and terminals; it reports each batch and epoch by callbacks, and passes the training
 * state to a checkpointer.
 */
import type { Augmentation } from "../data/augment.ts";
import type { Samples } from "../data/samples.ts";
import type { Batch, BatchResult, Engine, EngineState, Parameters, Update } from "../engine/engine.ts";
import { DivergenceError, OptionError } from "../errors.ts";
import { checkObject, checkWhole } from "../misuse.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { STREAM } from "../random.ts";
import { epochBatches } from "./batches.ts";
import { measure } from "./evaluation.ts";
import { pipelined } from "./pipeline.ts";
import { CONSTANT, learningRateAt, type Schedule } from "./schedule.ts";
import { type Score, sumScores } from "./score.ts";
import { splitSamples } from "./split.ts";
import {
  addBatch,
  BEGINNING,
  checkFinite,
  endEpoch,
  type EpochReport,
  isOver,
  isStopped,
  trainedOf,
  type TrainingCheckpoint,
  type TrainingProgress,
} from "./training_state.ts";

export { batchesOf } from "./batches.ts";
export { evaluate } from "./evaluation.ts";
export { type Score, sumScores } from "./score.ts";

/** Report of a finished training batch. */
export interface BatchReport {
  /** Epoch, from 1. */
  readonly epoch: number;
  /** Number of the batch in its epoch, from 1. */
  readonly batch: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Samples presented since training began. */
  readonly done: number;
  /** Samples of the whole training. */
  readonly total: number;
  /** The batch's loss and accuracy. */
  readonly score: Score;
  /** Share of (hidden unit, step) pairs that spiked; 0 to 1. */
  readonly firingRate: number;
  /** Learning rate of the batch. */
  readonly learningRate: number;
  /** The L2 norm of each layer's gradient, `[layers]`: see `BatchResult.gradientNorms`. Absent where the engine does not compute it. */
  readonly gradientNorms?: readonly number[];
  /** Seconds since training began. */
  readonly seconds: number;
}

/** Writes checkpoints. */
export interface Checkpointer {
  /** Whether a checkpoint is due after this batch; called as the batch is submitted to the engine. */
  due(at: { readonly epoch: number; readonly batch: number; readonly batches: number }): boolean;
  /**
   * Saves the training state: after a batch for which it was due, after every epoch, and when training is stopped.
   * Training waits for it, while the engine computes the next batch.
   *
   * @param best The epoch that has just ended is the best so far.
   */
  keep(checkpoint: TrainingCheckpoint, best: boolean): Promise<void>;
}

/** Options of training. */
export interface TrainingOptions {
  /** The training samples. */
  readonly samples: Samples;
  /** Passes over the samples. */
  readonly epochs: number;
  /** Samples of a batch; an epoch's last one may have fewer. */
  readonly batchSize: number;
  /**
   * The optimizer and its constants. With `ema`, it is the average of the parameters that validation measures, and that the engine
   * has in the end.
   */
  readonly step: Update;
  /** Augmentation of pictures, drawn anew each time they are presented. @default {none} */
  readonly augmentation?: Augmentation;
  /** The learning rate schedule. @default {constant} */
  readonly schedule?: Schedule;
  /** Seed of the samples' order; the engine has the seed of all other draws. */
  readonly seed: number;
  /** Train on the first N of the shuffled samples only. @default {all} */
  readonly limit?: number;
  /** Share of the samples held back for validation after each epoch; above 0 and below 1. @default {none} */
  readonly validation?: number;
  /**
   * Early stopping: stops once this many epochs in a row were no better than the best before them, and sets the engine's parameters to
   * the best epoch's. Epochs are judged by their accuracy on the samples held back, else by their loss. @default {never}
   */
  readonly patience?: number;
  /** Called after every batch, in order. */
  readonly onBatch?: (report: BatchReport) => void;
  /** Called after every epoch. */
  readonly onEpoch?: (report: EpochReport) => void;
  /** Receives the training state for checkpoints. */
  readonly checkpoints?: Checkpointer;
  /**
   * Resumes from this state instead of the engine's own parameters: the result has the same bits as if training had never
   * stopped. `best` is the best epoch's parameters, which `patience` needs where there was an epoch.
   */
  readonly from?: TrainingCheckpoint & { readonly best?: Parameters };
  /** Once aborted, the batches in flight are finished and kept, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Result of training. */
export interface TrainingResult {
  /** Training score over the last epoch, each sample scored before its batch's update. */
  readonly score: Score;
  /** Validation score of the epoch whose parameters the engine has; `null` without validation samples. */
  readonly validation: Score | null;
  /** Samples of one epoch. */
  readonly samples: number;
  /** Number of epochs trained. */
  readonly epochs: number;
  /** The epoch whose parameters the engine has: the last one, with `patience` the best one. */
  readonly epoch: number;
  /** Whether `patience` ended training. */
  readonly stopped: boolean;
  /** From the first batch's start to the last one's end, validation left out; over all sessions. */
  readonly seconds: number;
  /** Samples of all epochs over the seconds. */
  readonly samplesPerSecond: number;
}

/**
 * Trains an engine's network, from the parameters that it has.
 *
 * The order of each epoch is a pure function of seed and epoch; so are all draws. Two batches are in flight at a time, so
 * that no worker waits for the main thread.
 *
 * @throws {DivergenceError} when a loss or a weight has become infinite or NaN.
 * @throws {OptionError} when an option is out of its range, or the validation share leaves no samples on one side.
 */
export async function train(engine: Engine, options: TrainingOptions): Promise<TrainingResult> {
  checkTraining(engine, options);
  const { samples, epochs, step, patience, checkpoints, signal, from } = options;
  const split = splitSamples(samples.count, options);
  let progress = from?.progress ?? BEGINNING;
  let best = from?.best;
  if (from) await engine.setState(from.state);
  const keep = async (state: EngineState, isBest = false) => {
    checkFinite(state.parameters, progress);
    await checkpoints?.keep({ progress, state }, isBest);
  };
  try {
    while (!isOver(progress, epochs, patience)) {
      const learningRate = await trainEpoch(
        engine,
        options,
        split.training,
        progress,
        async (next, state) => {
          progress = next;
          if (state) await keep(state);
        },
      );
      const state = await engine.getState();
      checkFinite(state.parameters, progress);
      const validation = split.validation.length === 0
        ? null
        : await validate(engine, state, { samples, indices: split.validation, ...(signal && { signal }) });
      const ended = endEpoch(progress, {
        validation,
        learningRate,
        pairs: pairsOf(engine.spec, samples, split.training),
      });
      progress = ended.progress;
      options.onEpoch?.(ended.report);
      if (ended.report.best && patience !== undefined) best = trainedOf(state);
      await keep(state, ended.report.best);
    }
  } catch (error) {
    if (signal?.aborted && error === signal.reason) await keep(await engine.getState());
    throw error;
  }
  const { last, best: bestEpoch, seconds } = progress;
  if (last === null || bestEpoch === null) throw new RangeError(`${epochs} epochs: expected 1 or more`);
  if (patience !== undefined && bestEpoch.epoch !== last.epoch) {
    if (!best) {
      throw new RangeError(
        "from.best is missing: with patience, training ends with the best epoch's parameters",
      );
    }
    await engine.setParameters(best);
  } else if (step.ema) {
    await engine.setParameters(trainedOf(await engine.getState()));
  }
  return {
    score: last.score,
    validation: patience === undefined || last.validation === null ? last.validation : bestEpoch.score,
    samples: split.training.length,
    epochs: last.epoch,
    epoch: patience === undefined ? last.epoch : bestEpoch.epoch,
    stopped: isStopped(progress, patience),
    seconds,
    samplesPerSecond: last.epoch * split.training.length / seconds,
  };
}

/** Measures the parameters that training would end with; the engine has its state again then. */
async function validate(
  engine: Engine,
  state: EngineState,
  { samples, indices, signal }: Pick<TrainingOptions, "samples" | "signal"> & {
    readonly indices: Uint32Array;
  },
): Promise<Score> {
  const measured = () =>
    measure(engine, { samples, indices, stream: STREAM.validation, ...(signal && { signal }) });
  if (!state.average) return await measured();
  await engine.setParameters(state.average);
  try {
    return await measured();
  } finally {
    await engine.setState(state);
  }
}

/**
 * Trains the remaining batches of an epoch.
 *
 * @param stepDone Called after each batch with the progress, and with the engine's state where a checkpoint was due.
 * @returns The last batch's learning rate.
 */
async function trainEpoch(
  engine: Engine,
  {
    samples,
    epochs,
    batchSize,
    step,
    schedule = CONSTANT,
    augmentation,
    seed,
    onBatch,
    checkpoints,
    signal,
  }: TrainingOptions,
  training: Uint32Array,
  from: TrainingProgress,
  stepDone: (progress: TrainingProgress, state: EngineState | undefined) => Promise<void>,
): Promise<number> {
  const { epoch } = from;
  const all = epochBatches(training, { seed, batchSize }, epoch);
  const rates = all.map((_, i) =>
    learningRateAt(schedule, step.learningRate, { epoch, batch: i + 1, batches: all.length, epochs })
  );
  const began = performance.now() - 1000 * from.seconds;
  let progress = from;
  let put = from.batch;
  await pipelined(
    all.slice(from.batch),
    (indices) => {
      const batch: Batch = {
        samples,
        indices,
        stream: STREAM.training,
        epoch,
        ...(augmentation && { augmentation }),
      };
      const result = engine.train(batch, { ...step, learningRate: rates[put++]! });
      // The state is requested before the next batch is submitted: it is the state between the two, and nothing waits for it.
      const state = checkpoints?.due({ epoch, batch: put, batches: all.length })
        ? engine.getState()
        : undefined;
      return Promise.all([result, state]);
    },
    async ([result, state]) => {
      if (!Number.isFinite(result.loss)) {
        const batch = progress.batch + 1;
        throw new DivergenceError({ epoch, batch, what: `the loss is ${result.loss}` });
      }
      const pairs = pairsOf(engine.spec, samples, all[progress.batch]!);
      progress = addBatch(
        progress,
        withSpikingUnits(result, engine.spec),
        (performance.now() - began) / 1000,
      );
      const { batch, sums, seconds } = progress;
      onBatch?.({
        epoch,
        batch,
        batches: all.length,
        done: (epoch - 1) * training.length + sums.total,
        total: epochs * training.length,
        score: sumScores([result]),
        firingRate: pairs > 0 ? result.spikes / pairs : 0,
        learningRate: rates[batch - 1]!,
        ...(result.gradientNorms && { gradientNorms: result.gradientNorms }),
        seconds,
      });
      await stepDone(progress, state);
    },
    signal,
  );
  return rates[all.length - 1]!;
}

/** Leaves out units of hidden layers that cannot fire, such as integrators: they are not silent. */
function withSpikingUnits({ unitSpikes, ...result }: BatchResult, spec: NetworkSpec): BatchResult {
  if (!unitSpikes) return result;
  const { hidden } = structureOf(spec);
  return { ...result, unitSpikes: unitSpikes.filter((_, i) => hidden[i]?.isSpiking) };
}

/** Counts the (hidden unit, step) pairs of samples, each with its own steps. */
function pairsOf(spec: NetworkSpec, { lengths }: Samples, indices: Uint32Array): number {
  const steps = lengths
    ? indices.reduce((sum, index) => sum + lengths[index]!, 0)
    : indices.length * spec.steps;
  return structureOf(spec).spikingUnits * steps;
}

/** Checks the options against the engine. @throws {OptionError} when not; the message names the option and its range. */
function checkTraining(engine: Engine, options: TrainingOptions): void {
  checkObject("engine", engine, "an engine, such as createEngine makes");
  checkObject("options", options, "an object with samples, epochs, batchSize, step and seed");
  checkObject("samples", options.samples, "samples, such as loadMnist gives");
  checkObject("step", options.step, "an optimizer's constants, such as a learningRate");
  const { samples, epochs, batchSize, seed, limit, patience } = options;
  const counts = {
    epochs,
    batchSize,
    ...(limit !== undefined && { limit }),
    ...(patience !== undefined && { patience }),
  };
  for (const [name, value] of Object.entries(counts)) checkWhole(name, value, 1);
  checkWhole("seed", seed, 0);
  if (batchSize > engine.batchSize) {
    throw new OptionError(
      `batchSize: ${batchSize}, but the engine takes ${engine.batchSize} samples at most: make it with a batchSize of ${batchSize}`,
    );
  }
  if (!(samples.count >= 1)) {
    throw new OptionError(`${samples.name}: ${samples.count} samples: there is nothing to train on`);
  }
}
