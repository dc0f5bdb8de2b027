/**
 * A comparison on disk: `runs/<name>.json` holds its options and the result of each finished run, so that an interrupted
 * comparison can be resumed.
 */
import * as v from "valibot";
import { join } from "node:path";
import { writeFileAtomic } from "../files/write_file.ts";
import { INVOCATION } from "../text/invocation.ts";
import { InputError } from "../errors.ts";
import { readText, writeError } from "../files/file_access.ts";
import { presentModelName } from "../network/former_names.ts";
import { parseJson } from "../text/json.ts";
import { VERSION } from "../version.ts";
import type { ComparedOptions } from "./compare.ts";
import type { RunFacts } from "./run_facts.ts";
import { checkRunName, defaultRunName, makeRuns, RUNS } from "./run_folder.ts";
import { differences, parseOptions, recordOptions } from "./run_options.ts";
import type { RunSummary } from "./run_summary.ts";

const FORMAT = "spikelet-comparison/1";
const SUFFIX = ".json";

const score = v.object({ loss: v.number(), accuracy: v.number(), correct: v.number(), total: v.number() });
const schema = v.looseObject({
  format: v.literal(FORMAT),
  version: v.string(),
  started: v.string(),
  command: v.array(v.string()),
  seed: v.number(),
  seeds: v.number(),
  networks: v.array(v.unknown()),
  data: v.object({ samples: v.number(), labelsSha256: v.string() }),
  runs: v.array(v.looseObject({
    name: v.string(),
    dir: v.string(),
    model: v.pipe(v.string(), v.transform(presentModelName)),
    engine: v.string(),
    threads: v.number(),
    seed: v.number(),
    epochs: v.number(),
    trainedEpochs: v.number(),
    modelEpoch: v.number(),
    trainSamples: v.number(),
    seconds: v.number(),
    samplesPerSecond: v.number(),
    peakRssMiB: v.number(),
    weightsSha256: v.string(),
    train: v.object({ loss: v.number(), accuracy: v.number() }),
    validation: v.nullable(score),
    test: score,
    testWord: v.picklist(["image", "sequence", "sample"]),
    warnings: v.array(v.string()),
  })),
});

/** Options that decide the bits of a comparison's runs. */
export interface ComparisonFacts {
  /** The command that starts the same comparison. */
  readonly command: readonly string[];
  readonly networks: readonly ComparedOptions[];
  /** The first seed, and the number of seeds. */
  readonly seed: number;
  readonly seeds: number;
  readonly data: RunFacts["data"];
}

/** A stored comparison. */
export interface KeptComparison {
  readonly name: string;
  /** Path of its file. */
  readonly path: string;
  /** Version of Spikelet that started it. */
  readonly version: string;
  readonly started: string;
  readonly command: readonly string[];
  readonly seeds: number;
  /** Finished runs, in order. */
  readonly runs: readonly RunSummary[];
  /** Checks that data and networks are those it started with. @throws {InputError} when they are not. */
  check(facts: ComparisonFacts): void;
}

/** The file of a comparison, open for updates. */
export interface ComparisonFile {
  readonly name: string;
  readonly path: string;
  /** Writes the finished runs. @throws {InputError} when it cannot be written; the former content stays. */
  keep(runs: readonly RunSummary[], isFinished?: boolean): Promise<void>;
  /** Removes the file if no run is finished. */
  discard(): Promise<void>;
}

/** Gets a comparison's name from a user's argument, which may be the path of its file (shells complete it). */
export function comparisonNameOf(text: string): string {
  return text.replace(/^runs[/\\]/, "").replace(/\.json$/, "");
}

/**
 * Creates the file of a new comparison.
 *
 * @param name Below `runs/`. @default {`compare` and the time}
 * @throws {InputError} when one of this name exists, or the file cannot be created.
 */
export async function createComparison(
  name: string | undefined,
  facts: ComparisonFacts,
): Promise<ComparisonFile> {
  if (name !== undefined) checkRunName(name);
  await makeRuns();
  const base = name ?? defaultRunName("compare");
  for (let number = 1;; number++) {
    const free = number === 1 ? base : `${base}-${number}`, path = pathOf(free);
    try {
      (await Deno.open(path, { write: true, createNew: true })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw writeError(error, path, RUNS);
      if (name === undefined) continue;
      throw new InputError(
        `${path}: there is a comparison of this name already: choose another --name, or resume it: ` +
          `${INVOCATION} compare --resume ${free}`,
      );
    }
    const file = fileOf(free, new Date().toISOString(), facts);
    await file.keep([]);
    return file;
  }
}

/** Opens the file of a comparison to resume. */
export function reopenComparison({ name, started }: KeptComparison, facts: ComparisonFacts): ComparisonFile {
  return fileOf(name, started, facts);
}

function fileOf(name: string, started: string, facts: ComparisonFacts): ComparisonFile {
  const path = pathOf(name), { command, seed, seeds, data } = facts;
  return {
    name,
    path,
    async keep(runs, isFinished = false) {
      const content = {
        format: FORMAT,
        state: isFinished ? "finished" : "unfinished",
        version: VERSION,
        started,
        written: new Date().toISOString(),
        command,
        seed,
        seeds,
        networks: recordNetworks(facts),
        data,
        runs,
      };
      await writeFileAtomic(path, JSON.stringify(content, null, 2) + "\n");
    },
    async discard() {
      await Deno.remove(path).catch(() => {}); // an empty file does no harm
    },
  };
}

function recordNetworks({ networks, seed }: Pick<ComparisonFacts, "networks" | "seed">): unknown[] {
  return networks.map((options) => recordOptions({ ...options, seed }));
}

/** Reads a comparison. @throws {InputError} when there is none of this name, or its file is damaged. */
export async function readComparison(name: string): Promise<KeptComparison> {
  checkRunName(name, "--resume");
  const path = pathOf(name);
  const value = parseJson(await readText(path), path, "the file is damaged");
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new InputError(`${path}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  const { version, started, command, seed, seeds, networks, data, runs } = parsed.output;
  return {
    name,
    path,
    version,
    started,
    command,
    seeds,
    runs,
    check(facts) {
      if (data.samples !== facts.data.samples || data.labelsSha256 !== facts.data.labelsSha256) {
        throw new InputError(
          `${path}: these are not the data that the comparison began with: ${facts.data.samples} training samples, ` +
            `then ${data.samples}: name its folder with --data`,
        );
      }
      const read = (options: unknown, i: number) => parseOptions(options, `${path}: networks.${i}`);
      const before = networks.map(read);
      // A round trip through JSON gives these the form of the stored ones, so that only values are compared.
      const now: unknown[] = JSON.parse(JSON.stringify(recordNetworks({ ...facts, seed })));
      const different = before.length !== now.length
        ? ["networks"]
        : now.map(read).flatMap((options, i) => differences(options, before[i]!));
      if (seed !== facts.seed) different.push("seed");
      if (different.length === 0) return;
      throw new InputError(
        `${path}: ${
          [...new Set(different)].join(", ")
        }: other than when the comparison began: compare anew under another --name`,
      );
    },
  };
}

function pathOf(name: string): string {
  return join(RUNS, name + SUFFIX);
}
