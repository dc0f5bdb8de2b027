/** Options of a run, and their stored form for resume. */
import * as v from "valibot";
import type { Augmentation } from "../data/augment.ts";
import type { Samples } from "../data/samples.ts";
import { type EngineName, ENGINES } from "../engine/create_engine.ts";
import { PRECISIONS } from "../engine/wasm/precision.ts";
import type { Update } from "../engine/engine.ts";
import type { Precision } from "../engine/wasm/precision.ts";
import { InputError } from "../errors.ts";
import type { Model } from "../network/model_file.ts";
import { presentModelName } from "../network/former_names.ts";
import { type NetworkSpec, parseNetworkSpec } from "../network/spec.ts";
import type { Schedule } from "../training/schedule.ts";

/** Training and test set. */
export interface DataSet {
  readonly train: Samples;
  readonly test: Samples;
}

/** Options that are stored with a run, among them all that decide its bits. */
export interface RecordedOptions {
  /** Name of the network: a preset's name. */
  readonly model: string;
  readonly spec: NetworkSpec;
  readonly epochs: number;
  readonly batchSize: number;
  readonly step: Update;
  /** Learning rate schedule. @default {constant} */
  readonly schedule?: Schedule;
  /** Augmentation of pictures, drawn anew each time they are presented. @default {none} */
  readonly augmentation?: Augmentation;
  /** Scale initial weights so that each hidden layer fires at this rate. @default {Xavier's scale} */
  readonly startRate?: number;
  /** The model whose weights training begins with: its run's name, or its file. @default {drawn weights} */
  readonly startFrom?: string;
  readonly seed: number;
  readonly threads: number;
  readonly engine: EngineName;
  /** Limit on the GPU's memory, in MiB. @default {1024} */
  readonly gpuMemory?: number;
  /** Number format of the product with noise-coded inputs. @default {"f32"} */
  readonly precision?: Precision;
  /** Leave out units that provably will not spike. @default {true} */
  readonly skip?: boolean;
  /** Use the kernels that are the fastest on this machine. @default {false} */
  readonly tune?: boolean;
  /** Train on the first N of the shuffled training set only. */
  readonly limit?: number;
  /** The share of these that is held back for validation after each epoch. */
  readonly validation?: number;
  /** Early stopping after this many epochs in a row without improvement; the model is the best epoch's. */
  readonly patience?: number;
  /** Keep a checkpoint every N batches, besides one each epoch. @default {every 30 s} */
  readonly checkpointEvery?: number;
  /** Folder of a data set; see `openDataSource`. @default {MNIST} */
  readonly data?: string;
  /** Also write the model to this file. */
  readonly out?: string;
}

/** Options of a run that are given at its start. */
export interface RunOptions extends RecordedOptions {
  /** The run's folder below `runs/`; `false` stores nothing. @default {the model and the time} */
  readonly name?: string | false;
  /** The model that `startFrom` names: its weights, and the names of its classes, which the data's are matched with. */
  readonly first?: Model;
  /** The data, if already loaded. */
  readonly samples?: DataSet;
  /** The command that repeats the run, for its metadata: `["train", "--seed", "3"]`. */
  readonly command?: readonly string[];
  /**
   * Standardise features by the training samples' means and deviations, which the run's `spec` then has; see `standardised`.
   * @default {false}
   */
  readonly standardize?: boolean;
  /** Measure the layers' activity and diagnose training at the end. @default {false} */
  readonly explain?: boolean;
}

/**
 * The options that a resumed run may change. They do not affect its bits, except more epochs, and another engine or GPU memory
 * limit, which allow a run to resume where its GPU is gone.
 */
export type ResumeChanges = Partial<Pick<RunOptions, typeof FREE[number] | "samples" | "explain">>;

/** Names of the recorded options that a resumed run may change. */
const FREE = [
  ...["epochs", "threads", "engine", "gpuMemory", "skip", "tune", "checkpointEvery", "data", "out"] as const,
] satisfies readonly (keyof RecordedOptions)[];

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const warmUp = v.exactOptional(whole);
const rates = {
  learningRate: v.number(),
  weightDecay: v.exactOptional(v.number()),
  clip: v.exactOptional(v.number()),
  ema: v.exactOptional(v.number()),
};

/** One entry for each option; without one for a new option this does not compile. */
const entries = {
  model: v.pipe(v.string(), v.transform(presentModelName)),
  spec: v.unknown(),
  epochs: whole,
  batchSize: whole,
  step: v.union([
    v.strictObject({ kind: v.exactOptional(v.literal("sgd")), ...rates, momentum: v.number() }),
    v.strictObject({
      kind: v.picklist(["adam", "adamw"]),
      ...rates,
      beta1: v.exactOptional(v.number()),
      beta2: v.exactOptional(v.number()),
      epsilon: v.exactOptional(v.number()),
    }),
  ]),
  schedule: v.exactOptional(v.variant("kind", [
    v.strictObject({ kind: v.literal("constant"), warmUp }),
    v.strictObject({ kind: v.literal("cosine"), warmUp }),
    v.strictObject({ kind: v.literal("step"), every: whole, factor: v.number(), warmUp }),
  ])),
  augmentation: v.exactOptional(v.strictObject(
    {
      shift: v.exactOptional(v.number()),
      rotate: v.exactOptional(v.number()),
      elastic: v.exactOptional(v.number()),
      scale: v.exactOptional(v.number()),
      flip: v.exactOptional(v.number()),
      crop: v.exactOptional(whole),
      cutout: v.exactOptional(whole),
    } satisfies Record<keyof Augmentation, v.GenericSchema>,
  )),
  startRate: v.exactOptional(v.number()),
  startFrom: v.exactOptional(v.string()),
  seed: whole,
  threads: whole,
  engine: v.picklist(ENGINES),
  gpuMemory: v.exactOptional(whole),
  precision: v.exactOptional(v.picklist(PRECISIONS)),
  skip: v.exactOptional(v.boolean()),
  tune: v.exactOptional(v.boolean()),
  limit: v.exactOptional(whole),
  validation: v.exactOptional(v.number()),
  patience: v.exactOptional(whole),
  checkpointEvery: v.exactOptional(whole),
  data: v.exactOptional(v.string()),
  out: v.exactOptional(v.string()),
} satisfies Record<keyof RecordedOptions, v.GenericSchema>;
const schema = v.strictObject(entries);

/** Stored form of the options: `null` for a default. */
export function recordOptions(options: RecordedOptions): Record<string, unknown> {
  const given: Readonly<Record<string, unknown>> = { ...options };
  return Object.fromEntries(Object.keys(entries).map((key) => [key, given[key] ?? null]));
}

/**
 * Reads options as {@linkcode recordOptions} wrote them.
 *
 * @param where The source in messages.
 * @throws {InputError} when one is missing, unknown or out of range.
 */
export function parseOptions(value: unknown, where: string): RecordedOptions {
  const parsed = v.safeParse(schema, withoutNulls(value), { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new InputError(
      `${where}: ${v.getDotPath(issue) ?? "the whole"}: ${
        issue.expected === "never" ? "another version of Spikelet wrote this" : issue.message
      }`,
    );
  }
  return { ...parsed.output, spec: parseNetworkSpec(parsed.output.spec, `${where}: spec`) };
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));
}

/** The names of the options that a resumed run may not change and that differ. */
export function differences(one: RecordedOptions, other: RecordedOptions): string[] {
  const free: readonly string[] = FREE;
  const [a, b] = [recordOptions(one), recordOptions(other)];
  return Object.keys(a).filter((key) =>
    !free.includes(key) && JSON.stringify(a[key]) !== JSON.stringify(b[key])
  );
}
