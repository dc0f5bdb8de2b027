/** Resume of an interrupted run; the result has the same bits as that of an uninterrupted one. */
import { wantedFormOf } from "../data/wanted_form.ts";
import { checkOutputFile } from "../files/output_file.ts";
import type { Parameters } from "../engine/engine.ts";
import { DEFAULT_GPU_MEMORY } from "../engine/gpu/memory.ts";
import { InputError, OptionError } from "../errors.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import { readCheckpoint } from "./read_checkpoint.ts";
import { matchClasses, nameOutputs } from "../training/class_match.ts";
import { CheckpointFolder, checkpointPaths, type FoundCheckpoint, readNewest } from "./checkpoint_folder.ts";
import { engineOf, loadDataSet, noticesInto, openEngine } from "./run.ts";
import { MODEL_OUTPUT } from "./model_output.ts";
import { lockRunFolder, reopenRunFolder } from "./run_folder.ts";
import { fitForm } from "../training/fit.ts";
import { decodeFacts, fingerprint, type RunFacts } from "./run_facts.ts";
import {
  type DataSet,
  differences,
  parseOptions,
  type RecordedOptions,
  type ResumeChanges,
} from "./run_options.ts";
import { notRun } from "./folder_kind.ts";
import { hasMetadata, readMetadata, type RunMetadata } from "./run_metadata.ts";
import type { RunObserver, RunSummary } from "./run_summary.ts";
import { carryOut } from "./session.ts";
import { splitSamples } from "../training/split.ts";
import { VERSION } from "../version.ts";
import {
  BEGINNING,
  isOver,
  isStopped,
  trainedOf,
  type TrainingProgress,
} from "../training/training_state.ts";

/**
 * Resumes a run from its newest whole checkpoint, or from the first batch if it has none.
 *
 * @param name The run's name, below `runs/`.
 * @param changes Changed options; none of them changes the bits of the original epochs.
 * @param signal As for `runTraining`; if aborted before training resumes, this throws the signal's reason.
 * @throws {InputError} when there is no such run, it is in use or damaged, or its data have changed.
 * @throws {OptionError} when nothing is left to do, or a change conflicts with the finished part.
 * @throws What `runTraining` throws.
 */
export async function resumeTraining(
  name: string,
  changes: ResumeChanges,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunSummary> {
  if (changes.out !== undefined) await checkOutputFile(changes.out, MODEL_OUTPUT);
  using lock = await lockRunFolder(name);
  const { directory } = lock;
  const { found, metadata, options: recorded, facts, notices } = await readRun(directory, name);
  const progress = found?.checkpoint.progress ?? BEGINNING;
  checkEpochs(directory, recorded, changes.epochs, progress, metadata?.state === "finished");
  const command = metadata?.command && changes.epochs !== undefined && changes.epochs !== recorded.epochs
    ? withEpochs(metadata.command, changes.epochs, recorded)
    : metadata?.command;
  const options = { ...recorded, ...changes, ...(command && { command }) };
  const best = await readBest(directory, options, progress);
  const loaded = options.samples ?? await loadDataSet(options.data, wantedFormOf(options.spec));
  const { data, classes, notices: matching } = matchData(directory, options, found?.checkpoint, loaded);
  checkData(directory, facts, await fingerprint(data.train));
  signal?.throwIfAborted();
  const said: string[] = [];
  notices.push(...matching);
  using engine = await openEngine(options, noticesInto(said, observer));
  signal?.throwIfAborted();
  notices.push(...versionNotices(facts, engine.kernels), ...memoryNotices(recorded, options));
  const split = splitSamples(data.train.count, options);
  const batches = Math.ceil(split.training.length / options.batchSize);
  const reopened = await reopenRunFolder(name, lock, {
    batch: (progress.epoch - 1) * batches + progress.batch,
    epoch: progress.epoch - 1,
    batches,
  });
  using folder = reopened.folder;
  for (const notice of [...notices, ...reopened.notices]) observer.onNotice?.(notice);
  return await carryOut({
    options: { ...options, engine: engineOf(engine) },
    data,
    ...(classes && { classes }),
    split,
    engine,
    observer,
    notices: said,
    signal,
    folder,
    checkpoints: await CheckpointFolder.open(directory, found?.fault === undefined),
    ...(found && { from: { ...found.checkpoint, ...(best && { best }) } }),
    ...(metadata && { metadata }),
    ...(facts && { peakRssMiB: facts.peakRssMiB }),
  });
}

/** The stored state of a run. */
interface LeftRun {
  readonly found: FoundCheckpoint | undefined;
  readonly metadata: RunMetadata | undefined;
  readonly options: RecordedOptions;
  readonly facts: RunFacts | undefined;
  readonly notices: string[];
}

async function readRun(directory: string, name: string): Promise<LeftRun> {
  const notices: string[] = [];
  const found = await readNewest(directory);
  const facts = found && decodeFacts(found.checkpoint);
  if (found?.fault !== undefined) {
    const { epoch, batch } = found.checkpoint.progress;
    notices.push(
      found.fault,
      `${found.path} is whole: resuming from there, after batch ${batch} of epoch ${epoch}`,
    );
  }
  let metadata: RunMetadata | undefined;
  try {
    metadata = await readMetadata(directory);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (!facts) {
      throw await hasMetadata(directory)
        ? new InputError(`${error.message}; and there is no checkpoint: train it anew under another --name`)
        : await notRun(directory, name);
    }
    notices.push(error.message, `${directory}: its options are taken from its checkpoint`);
  }
  const kept = facts && parseOptions(facts.options, `${found!.path}: options`);
  const written = metadata && parseOptions(metadata.options, `${directory}/run.json: options`);
  const different = kept && written ? differences(kept, written) : [];
  if (different.length > 0) {
    throw new InputError(
      `${directory}/run.json: options: ${
        different.join(", ")
      }: other than when the run began: put back what was there`,
    );
  }
  return { found, metadata, options: written ?? kept!, facts, notices };
}

function checkEpochs(
  directory: string,
  { epochs, schedule, patience }: RecordedOptions,
  wanted: number | undefined,
  progress: TrainingProgress,
  finished: boolean,
): void {
  if (wanted !== undefined && wanted < epochs) {
    throw new OptionError(`--epochs ${wanted}: the run was begun with ${epochs}: expected as many or more`);
  }
  if (wanted !== undefined && wanted !== epochs && schedule?.kind === "cosine") {
    throw new OptionError(
      `--epochs ${wanted}: the run's --schedule cosine has led the learning rate down to nothing over ${epochs} epochs: leave it out`,
    );
  }
  if (!finished || !isOver(progress, wanted ?? epochs, patience)) return;
  throw new OptionError(
    isStopped(progress, patience)
      ? `${directory}: the run is finished: --patience ${patience} ended it after epoch ${progress.epoch - 1}`
      : `${directory}: the run is finished: give more --epochs than ${epochs} to train on`,
  );
}

/** The command of a run that is extended by further epochs. */
function withEpochs(command: readonly string[], epochs: number, { schedule }: RecordedOptions): string[] {
  const at = command.indexOf("--epochs");
  const rest = at < 0 ? command : command.toSpliced(at, 2);
  // Options that would follow from the number of epochs keep their former values.
  const drops = schedule?.kind === "step" && !command.includes("--drop-every")
    ? ["--drop-every", String(schedule.every)]
    : [];
  return [...rest, "--epochs", String(epochs), ...drops];
}

/** Reads the best epoch's weights, with which a run with patience ends. */
async function readBest(
  directory: string,
  { patience }: RecordedOptions,
  { epoch, best }: TrainingProgress,
): Promise<Parameters | undefined> {
  if (patience === undefined || best === null) return undefined;
  const path = checkpointPaths(directory).best;
  let checkpoint: Checkpoint;
  try {
    checkpoint = await readCheckpoint(path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${error.message}\n${directory}: with --patience the model is that of the best epoch, ${best.epoch}, which this was: ` +
        "put it back, or train anew under another name",
    );
  }
  const { progress, state } = checkpoint;
  // The best checkpoint is written before the newest: a run killed in between repeats that epoch, with the same bits.
  if (progress.last !== null && progress.last.epoch >= epoch) return undefined;
  if (progress.last?.epoch !== best.epoch) {
    throw new InputError(
      `${path}: it is epoch ${progress.last?.epoch}'s, expected the best one's, ${best.epoch}: put back what was there`,
    );
  }
  return trainedOf(state);
}

/** The data with the labels that the run had for their classes when it began. */
function matchData(
  directory: string,
  { spec }: RecordedOptions,
  checkpoint: Checkpoint | undefined,
  loaded: DataSet,
): {
  readonly data: DataSet;
  readonly classes: readonly string[] | undefined;
  readonly notices: readonly string[];
} {
  const advice = "name the data that the run began with (--data)";
  const data = {
    train: fitForm(spec, directory, loaded.train, advice),
    test: fitForm(spec, directory, loaded.test, advice),
  };
  if (!checkpoint?.classes) {
    return { data, classes: nameOutputs(spec, directory, data, advice), notices: [] };
  }
  const [train, test] = [data.train, data.test].map((part) =>
    matchClasses(checkpoint, directory, part, advice)
  );
  return {
    data: { train: train!.samples, test: test!.samples },
    classes: checkpoint.classes,
    notices: [...new Set([train!, test!].flatMap(({ notice = [] }) => notice))],
  };
}

function checkData(
  directory: string,
  facts: RunFacts | undefined,
  { samples, labelsSha256 }: RunFacts["data"],
): void {
  if (!facts || facts.data.samples === samples && facts.data.labelsSha256 === labelsSha256) return;
  throw new InputError(
    `${directory}: these are not the data that the run began with: ${samples} training samples, then ${facts.data.samples}` +
      `${samples === facts.data.samples ? " with other labels" : ""}: name its folder with --data`,
  );
}

function memoryNotices(
  { gpuMemory: before = DEFAULT_GPU_MEMORY }: RecordedOptions,
  { gpuMemory: now = DEFAULT_GPU_MEMORY }: RecordedOptions,
): string[] {
  if (before === now) return [];
  return [
    `the run was begun with ${before} MiB of the GPU's memory, this is ${now}: on a GPU its bits may be others from here on`,
  ];
}

function versionNotices(facts: RunFacts | undefined, kernels: string): string[] {
  if (!facts) return [];
  const now = { spikelet: VERSION, kernels };
  return (["spikelet", "kernels"] as const)
    .filter((key) => facts.versions[key] !== now[key])
    .map((key) =>
      `the run was begun with ${key} ${facts.versions[key]}, this is ${
        now[key]
      }: from here on its bits may be others`
    );
}
