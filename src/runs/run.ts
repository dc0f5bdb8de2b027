/** A whole run: data, engine, training, evaluation, and its folder on disk. */
import type { Samples, WantedForm } from "../data/samples.ts";
import { openDataSource } from "../data/data_source.ts";
import { wantedFormOf } from "../data/wanted_form.ts";
import { checkOutputFile } from "../files/output_file.ts";
import { createEngine, type EngineName, type EngineOptions, ENGINES } from "../engine/create_engine.ts";
import type { Engine } from "../engine/engine.ts";
import { defined } from "../defined.ts";
import { InputError, OptionError } from "../errors.ts";
import { alignParts, nameOutputs, noticesOfLabels } from "../training/class_match.ts";
import { fitForm, fitSamples } from "../training/fit.ts";
import { MODEL_OUTPUT } from "./model_output.ts";
import { createNamedFolder, createRunFolder } from "./run_folder.ts";
import type { DataSet, RecordedOptions, RunOptions } from "./run_options.ts";
import type { RunObserver, RunSummary } from "./run_summary.ts";
import { carryOut } from "./session.ts";
import { type SampleSplit, splitSamples } from "../training/split.ts";
import { standardised } from "../training/standardise.ts";

export type { DataSet, RunOptions } from "./run_options.ts";
export { RunInterrupted, type RunObserver, type RunStatus, type RunSummary } from "./run_summary.ts";

/**
 * Loads both parts of a data set.
 *
 * @param wanted The form of pictures that can be scaled; those of the test part get the training part's.
 * @returns Both parts, with the same classes where these have names.
 * @throws {InputError} when a file is missing or damaged, the parts' samples are of different forms, or the test part has a class
 * that the training part has not.
 */
export async function loadDataSet(folder?: string, wanted: WantedForm = {}): Promise<DataSet> {
  const source = await openDataSource(folder);
  const train = await source.load("train", wanted);
  const test = await source.load("test", train.picture ? { channels: 1, ...train.picture } : wanted);
  checkParts(train, test);
  return alignParts({ train, test });
}

/** Parts fit together if their samples have the same size; sequences with lengths may be padded to different steps. */
function checkParts(train: Samples, test: Samples): void {
  if (train.size === test.size && train.steps === test.steps) return;
  const [first, second] = [train, test].map(({ name, size, steps = 1 }) =>
    steps === 1
      ? `${name} has ${size} numbers a sample`
      : `${name} has ${steps} steps of ${size / steps} numbers a sample`
  );
  const isPadding = train.steps !== undefined && test.steps !== undefined &&
    train.size / train.steps === test.size / test.steps;
  if (isPadding && train.lengths && test.lengths) return;
  throw new InputError(
    `${first}, but ${second}: expected as many: ${
      isPadding ? "give both parts lengths, where they were padded apart" : "take both parts from one source"
    }`,
  );
}

/**
 * Trains a network, measures it on the test set and stores the run.
 *
 * @param signal Once aborted, the run finishes the batches in flight and stores a checkpoint; before it has a folder,
 *   this throws the signal's reason.
 * @throws {InputError} when data are missing or damaged, or the run's files cannot be written.
 * @throws {OptionError} when options do not fit the data.
 * @throws {EngineError} when the engine cannot be created or has stopped.
 * @throws {DivergenceError} when a loss or a weight has become infinite or NaN.
 * @throws {RunInterrupted} once the run is aborted and its checkpoint stored.
 */
export async function runTraining(
  given: RunOptions,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunSummary> {
  const { name, model } = given;
  if (given.out !== undefined) await checkOutputFile(given.out, MODEL_OUTPUT);
  // All data are loaded first, to find faults before anything starts.
  const loaded = given.samples ?? await loadDataSet(given.data, wantedFormOf(given.spec));
  const advice = "give data of this form, or another network";
  const notices: string[] = [];
  const notice = noticesInto(notices, observer);
  const fitted = (part: Samples) => {
    if (!given.first) return fitForm(given.spec, model, part, advice);
    const matched = fitSamples(given.first, given.startFrom ?? model, part, advice);
    if (matched.notice !== undefined && !notices.includes(matched.notice)) notice(matched.notice);
    return matched.samples;
  };
  const data = { train: fitted(loaded.train), test: fitted(loaded.test) };
  const classes = nameOutputs(given.spec, model, data, advice);
  if (given.augmentation) checkPictures(data.train);
  const split = splitSamples(data.train.count, given);
  const options = given.standardize
    ? { ...given, spec: standardised(given.spec, data.train, split.training) }
    : given;
  checkWarmUp(options, split);
  for (const line of noticesOfLabels(data)) notice(line);
  signal?.throwIfAborted();
  using engine = await openEngine(options, notice);
  signal?.throwIfAborted();
  const session = {
    options: { ...options, engine: engineOf(engine) },
    data,
    ...(classes && { classes }),
    split,
    engine,
    observer,
    notices,
    signal,
  };
  if (name === false) return await carryOut(session);
  using folder = await (name === undefined ? createNamedFolder(model) : createRunFolder(name));
  return await carryOut({ ...session, folder });
}

/** The name of the selected engine: `auto` may select another one on another machine. */
export function engineOf({ name }: Engine): EngineName {
  return ENGINES.find((each) => each === name) ?? "auto";
}

/** Forwards the engine's notices to the observer and stores them. */
export function noticesInto(notices: string[], observer: RunObserver): (line: string) => void {
  return (line) => {
    notices.push(line);
    observer.onNotice?.(line);
  };
}

/**
 * Creates a run's engine.
 *
 * @param onNotice Called when `auto` falls back to another engine.
 * @throws {EngineError} when it cannot be created.
 */
export async function openEngine(
  options: RunOptions,
  onNotice: (line: string) => void,
): Promise<Engine & Disposable> {
  return await createEngine({ ...engineOptionsOf(options), onNotice });
}

/** Engine options of a run: the batch size is that of training, or larger for evaluation. */
export function engineOptionsOf(options: RunEngine): EngineOptions & { readonly usualBatchSize: number } {
  const { spec, batchSize, engine, threads, seed, precision, skip, tune, gpuMemory } = options;
  return {
    spec,
    batchSize: Math.max(batchSize, 1000),
    usualBatchSize: batchSize,
    ...defined({ engine, threads, seed, precision, skip, tune, gpuMemory }),
  };
}

/** Selects the engine's options from a run's. */
type RunEngine =
  & Pick<RecordedOptions, "spec" | "batchSize">
  & Partial<
    Pick<RecordedOptions, "engine" | "threads" | "seed" | "precision" | "skip" | "tune" | "gpuMemory">
  >;

function checkPictures({ name, picture, features }: Samples): void {
  if (picture && features instanceof Uint8Array) return;
  throw new InputError(`${name}: only pictures can be augmented, and these are none: give --augment none`);
}

/** Checks that warm-up ends before training does. @throws {OptionError} when it does not. */
function checkWarmUp({ schedule, epochs, batchSize }: RunOptions, { training }: SampleSplit): void {
  const batches = Math.ceil(training.length / batchSize);
  const { warmUp = 0 } = schedule ?? {};
  if (warmUp >= epochs * batches) {
    throw new OptionError(
      `a warm-up of ${warmUp} batches: the run has ${epochs * batches} in all; expected fewer than that`,
    );
  }
}
