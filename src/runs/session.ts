/** One session of a run, from its first batch or a checkpoint: training, evaluation, and storage of their results. */
import { writeOutputFile } from "../files/output_file.ts";
import { areBytes } from "../data/events.ts";
import { bytesOf, wordOf } from "../data/samples.ts";
import type { Engine, Parameters, Update } from "../engine/engine.ts";
import { completeUpdate } from "../engine/optimizer.ts";
import { initialParameters } from "../network/initialise.ts";
import { encodeModel, hashParameters } from "../network/model_file.ts";
import { chanceOf } from "../network/loss.ts";
import { structureOf } from "../network/structure.ts";
import { VERSION } from "../version.ts";
import { observeLayers } from "../training/activity.ts";
import { untestedOf } from "../training/class_match.ts";
import { metricsOf } from "../training/batch_metrics.ts";
import { readHistory } from "./history.ts";
import { diagnose, type Learned, typicalNorms } from "../training/diagnosis.ts";
import { CheckpointFolder } from "./checkpoint_folder.ts";
import { fingerprint, peakMemory } from "./run_facts.ts";
import type { RunFolder } from "./run_folder.ts";
import { createCheckpointer } from "./checkpointer.ts";
import { type DataSet, recordOptions, type RunOptions } from "./run_options.ts";
import { type RunMetadata, writeMetadata } from "./run_metadata.ts";
import {
  RunInterrupted,
  type RunObserver,
  type RunStatus,
  type RunSummary,
  warningsOf,
} from "./run_summary.ts";
import type { SampleSplit } from "../training/split.ts";
import { startFromData } from "../training/default_start.ts";
import type { LayerStart, Start } from "../training/start.ts";
import { type Checkpointer, evaluate, train, type TrainingResult } from "../training/trainer.ts";
import { MODEL_OUTPUT } from "./model_output.ts";
import { BEGINNING, type TrainingCheckpoint, type TrainingProgress } from "../training/training_state.ts";

/** Number of training samples on which the layers' activity is measured. */
const EXPLAINED = 200;

/** Input of a session that starts at the first batch or a checkpoint. */
export interface Session {
  readonly options: RunOptions;
  readonly data: DataSet;
  /** Names of the classes, if known. */
  readonly classes?: readonly string[];
  /** Fingerprint of the training set. */
  readonly split: SampleSplit;
  readonly engine: Engine;
  readonly observer: RunObserver;
  /** Notices of the engine so far, for `run.json`. */
  readonly notices?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly folder?: RunFolder | undefined;
  readonly checkpoints?: CheckpointFolder;
  readonly from?: TrainingCheckpoint & { readonly best?: Parameters };
  /** The stored `run.json`. */
  readonly metadata?: RunMetadata;
  /** Peak memory of earlier sessions. */
  readonly peakRssMiB?: number;
}

/** Trains from the session's start to the end of the run, and stores the result. Throws what `runTraining` does. */
export async function carryOut(begun: Session): Promise<RunSummary> {
  const session = { ...begun, options: { ...begun.options, step: wholeUpdate(begun.options.step) } };
  const { engine, folder, from, signal, observer } = session;
  const thisSession = {
    started: new Date().toISOString(),
    from: { epoch: from?.progress.epoch ?? 1, batch: from?.progress.batch ?? 0 },
    threads: session.options.threads,
    deno: Deno.version,
  };
  let metadata = metadataOf(session, thisSession);
  const leave = async (rest: Readonly<Record<string, unknown>>) => {
    if (!folder) return;
    const finished = new Date().toISOString();
    await writeMetadata(folder.directory, {
      ...metadata,
      sessions: [...session.metadata?.sessions ?? [], { ...thisSession, ...workOf(session) }],
      finished,
      ...rest,
    });
  };
  let kept = from?.progress ?? BEGINNING;
  try {
    if (folder) await writeMetadata(folder.directory, metadata);
    const checkpointer = await checkpointerOf(session, (progress) => {
      kept = progress;
      observer.onCheckpoint?.(statusOf(session, progress));
    });
    const start = from ? undefined : await firstParameters(session);
    if (start) await engine.setParameters(start.parameters);
    if (start?.layers) metadata = { ...metadata, start: start.layers };
    await announce(session, start?.layers);
    const trained = await trainSession(session, checkpointer);
    const summary = await measureSession(session, trained);
    await leave({ state: "finished", result: summary });
    return summary;
  } catch (error) {
    const interrupted = signal?.aborted && error === signal.reason;
    await leave(
      interrupted
        ? { state: "interrupted" }
        : { state: "failed", error: error instanceof Error ? error.message : String(error) },
    ).catch(() => {}); // the disk may have failed: the first error says more than the second
    throw interrupted ? new RunInterrupted(statusOf(session, kept)) : error;
  }
}

/** An optimizer's constants with defaults filled in; an infinite gradient clip and an average that is not kept are omitted. */
function wholeUpdate(update: Update): Update {
  const { clip, ema, ...rest } = completeUpdate(update);
  return { ...rest, ...(Number.isFinite(clip) && { clip }), ...(ema > 0 && { ema }) };
}

/** The session's engine and notices up to now: `auto` may fall back to another engine. */
function workOf({ engine, notices = [] }: Session) {
  return { kernels: engine.description, ...(notices.length > 0 && { notices }) };
}

/** `run.json` at the session's start. */
function metadataOf(
  session: Session,
  { started, ...facts }: { readonly started: string },
): Record<string, unknown> {
  const { options, metadata, classes } = session;
  const { command } = options;
  return {
    state: "running",
    version: VERSION,
    started: metadata?.started ?? started,
    ...(command && { command }),
    options: recordOptions(options),
    ...(classes && { classes }),
    ...(metadata?.start !== undefined && { start: metadata.start }),
    sessions: [...metadata?.sessions ?? [], { started, ...facts, ...workOf(session) }],
  };
}

/** Creates the session's checkpointer; `undefined` without a folder. */
async function checkpointerOf(
  session: Session,
  onKept: (progress: TrainingProgress) => void,
): Promise<Checkpointer | undefined> {
  const { options, data, engine, folder } = session;
  if (!folder) return undefined;
  const facts = {
    options: recordOptions(options),
    seed: options.seed,
    precision: options.precision ?? "f32",
    data: await fingerprint(data.train),
  };
  return createCheckpointer({
    folder,
    checkpoints: session.checkpoints ?? await CheckpointFolder.open(folder.directory),
    spec: options.spec,
    ...(session.classes && { classes: session.classes }),
    ...(options.checkpointEvery !== undefined && { every: options.checkpointEvery }),
    facts: () => ({
      ...facts,
      // The current engine: `auto` may have fallen back to another one.
      versions: { spikelet: VERSION, deno: Deno.version.deno, kernels: engine.kernels },
      peakRssMiB: Math.max(session.peakRssMiB ?? 0, peakMemory()),
    }),
    onKept: ({ progress }) => onKept(progress),
  });
}

/** How weights began, for a model's metadata. */
function startInWords({ startRate, startFrom }: Pick<RunOptions, "startRate" | "startFrom">): string {
  if (startFrom !== undefined) return `from ${startFrom}`;
  return startRate === undefined ? "xavier" : `rate ${startRate}`;
}

/** Initial weights: another model's, as drawn, or scaled by the data. */
async function firstParameters(
  { options, data, signal }: Session,
): Promise<Omit<Start, "layers"> & Partial<Start>> {
  const { spec, seed, startRate: rate, first } = options;
  if (first) return { parameters: first.parameters };
  if (rate === undefined) return { parameters: initialParameters(spec, seed) };
  // Runs sample by sample in WASM, which suits no GPU; and so every engine starts from the same weights.
  return await startFromData(spec, data.train, { seed, rate, engine: "wasm", signal });
}

async function announce(session: Session, start: readonly LayerStart[] | undefined): Promise<void> {
  const { options, data, split, engine, observer, folder, from } = session;
  await observer.onStart?.({
    options,
    engine: engine.description,
    samples: split.training.length,
    validation: split.validation.length,
    ...(start && { start }),
    ...(folder && { directory: folder.directory }),
    ...(from && { from: from.progress, kept: statusOf(session, from.progress) }),
    test: data.test,
    parameters: () => engine.getParameters(),
  });
}

/** Trains; stores every batch and epoch, and reports it to the observer. */
function trainSession(session: Session, checkpointer: Checkpointer | undefined): Promise<TrainingResult> {
  const { options, data, engine, observer, folder, from, signal } = session;
  return train(engine, {
    ...options,
    samples: data.train,
    onBatch(report) {
      folder?.metrics.append(metricsOf(report));
      observer.onBatch?.(report);
    },
    onEpoch(report) {
      const { epoch, score: { loss, accuracy }, validation, ...rest } = report;
      folder?.epochs.append({
        epoch,
        loss,
        accuracy,
        validation: validation && { loss: validation.loss, accuracy: validation.accuracy },
        ...rest,
      });
      observer.onEpoch?.(report);
    },
    ...(checkpointer && { checkpoints: checkpointer }),
    ...(from && { from }),
    ...(signal && { signal }),
  });
}

/** Measures the trained network, and stores the model. */
async function measureSession(session: Session, trained: TrainingResult): Promise<RunSummary> {
  const { options, data, classes, engine, observer, folder, signal } = session;
  const { spec, seed, model, epochs, threads, precision = "f32", out } = options;
  const parameters = await engine.getParameters();
  observer.onEvaluate?.(0, data.test.count);
  const test = await evaluate(engine, data.test, 1000, observer.onEvaluate, signal);
  const weightsSha256 = await hashParameters(parameters);
  const chance = chanceOf(spec.loss, structureOf(spec).classes, data.test.labels);
  const explained = options.explain ? await explain(session, parameters, { test, chance }) : undefined;
  const bytes = encodeModel({
    spec,
    parameters,
    ...(classes && { classes }),
    metadata: {
      model,
      seed: String(seed),
      epochs: String(trained.epoch),
      precision,
      // Later bytes must mean what they meant in training; for sequences of floats: the same numbers.
      ...(areBytes(data.train.features) && { bytes: bytesOf(data.train) }),
      optimizer: JSON.stringify(options.step),
      ...(options.augmentation && { augmentation: JSON.stringify(options.augmentation) }),
      start: startInWords(options),
      accuracy: String(test.accuracy),
      weightsSha256,
    },
  });
  await folder?.writeModel(bytes);
  if (out !== undefined) await writeOutputFile(out, bytes, MODEL_OUTPUT);
  const untested = untestedOf(data.test, [...new Set(data.train.labels.subarray(0, data.train.count))]);
  return {
    name: folder?.name ?? "",
    dir: folder?.directory ?? "",
    model,
    engine: engine.name,
    threads,
    seed,
    epochs,
    trainedEpochs: trained.epochs,
    modelEpoch: trained.epoch,
    trainSamples: trained.samples,
    seconds: trained.seconds,
    samplesPerSecond: trained.samplesPerSecond,
    peakRssMiB: Math.max(session.peakRssMiB ?? 0, peakMemory()),
    weightsSha256,
    train: { loss: trained.score.loss, accuracy: trained.score.accuracy },
    validation: trained.validation,
    test,
    testWord: wordOf(data.test),
    ...(untested.length > 0 &&
      { untested: untested.map((label) => data.test.classes?.[label] ?? String(label)) }),
    warnings: warningsOf(test, chance),
    ...explained,
  };
}

/** Measures the layers' activity, and diagnoses training. */
async function explain(
  { options, data, split, folder, engine }: Session,
  parameters: Parameters,
  measured: Pick<Learned, "test" | "chance">,
): Promise<Required<Pick<RunSummary, "layers" | "findings" | "needs">>> {
  const layers = await observeLayers({
    ...options,
    parameters,
    samples: data.train,
    indices: split.training.slice(0, EXPLAINED),
  });
  const history = folder ? await readHistory(folder.directory) : [];
  const norms = typicalNorms(history);
  return {
    layers: layers.map((layer, i) => ({ ...layer, gradientNorm: norms[i] ?? null })),
    findings: diagnose({ layers, spec: options.spec, history, ...measured }),
    needs: engine.needs,
  };
}

function statusOf({ options, split, folder }: Session, progress: TrainingProgress): RunStatus {
  const { model, epochs, batchSize } = options;
  const batches = Math.ceil(split.training.length / batchSize);
  const { epoch, batch, seconds } = progress;
  return {
    name: folder?.name ?? "",
    dir: folder?.directory ?? "",
    model,
    ...(batch === 0 && epoch > 1 ? { epoch: epoch - 1, batch: batches } : { epoch, batch }),
    epochs,
    batches,
    seconds,
  };
}
