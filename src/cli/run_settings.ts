/** A run's settings, by the names of the command line's options, for filtering and sorting lists of runs. */
import { OptionError } from "../errors.ts";
import { duration, percent } from "../text/figures.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { networkOf } from "../runs/recorded_network.ts";
import type { RunEntry } from "../runs/runs.ts";
import { structureOf } from "../network/structure.ts";
import { sizesOf } from "../network/words.ts";
import { quotedValue } from "../text/one_line.ts";

/** Names of options in `run.json` that differ from the kebab-case option. */
const NAMES: Readonly<Record<string, string>> = {
  "step.kind": "optimizer",
  "schedule.kind": "schedule",
  "schedule.every": "drop-every",
  "schedule.factor": "drop-factor",
  augmentation: "augment",
  startRate: "init-rate",
  startFrom: "from",
};
/** Recorded options that are shown elsewhere. */
const APART = ["spec", "model", "out"];
/** Options that do not affect results, and have no column. */
const MACHINE = ["threads", "engine", "gpu-memory", "skip", "tune", "checkpoint-every"];

/** How many numbers a network learns. */
export function parametersOf(spec: NetworkSpec): number {
  return structureOf(spec).parameters;
}

/** The settings of a run, as `--where` takes them: `learning-rate` → `0.1`. Empty without metadata. */
export function settingsOf(run: RunEntry): ReadonlyMap<string, string> {
  const { metadata } = run;
  if (!metadata) return new Map();
  const spec = networkOf(run);
  const hidden = spec ? structureOf(spec).hidden : [];
  return new Map([
    ...spec ? [["network", sizesOf(spec)], ["steps", String(spec.steps)]] as const : [],
    ...hidden.length > 0
      ? [["neuron", [...new Set(hidden.map(({ neuron }) => neuron.kind))].join(",")]] as const
      : [],
    ...Object.entries(metadata.options).filter(([key]) => !APART.includes(key)).flatMap(([key, value]) =>
      settingsIn(key, value)
    ),
  ]);
}

function settingsIn(key: string, value: unknown): [name: string, value: string][] {
  if (value === null || value === undefined) return [];
  const name = NAMES[key] ??
    key.replace(/^\w+\./, "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (typeof value !== "object") return [[name, String(value)]];
  if (name === "augment") {
    return [[name, Object.entries(value).map((size) => size.join("=")).join(",") || "none"]];
  }
  return Object.entries(value).flatMap(([inner, each]) => settingsIn(`${key}.${inner}`, each));
}

/** The settings in which runs differ, in their order; those of the machine and of the data's place left out. */
export function differingSettings(runs: readonly RunEntry[]): string[] {
  const all = runs.map(settingsOf).filter(({ size }) => size > 0);
  const names = [...new Set(all.flatMap((settings) => [...settings.keys()]))];
  return names.filter((name) =>
    !MACHINE.includes(name) && new Set(all.map((settings) => settings.get(name) ?? "")).size > 1
  );
}

/** A figure that runs are sorted by: what is shown of it, and what is compared. */
interface Figure {
  readonly show: (run: RunEntry) => string;
  readonly value: (run: RunEntry) => number | string | undefined;
  /** The largest comes first. */
  readonly isDescending?: true;
}

/** What every run has, or may come to have; in the order of columns. */
export const FIGURES = {
  name: { show: ({ name }) => name, value: ({ name }) => name },
  model: {
    show: ({ metadata }) => metadata?.options.model ?? "",
    value: ({ metadata }) => metadata?.options.model,
  },
  state: { show: ({ state }) => state, value: ({ state }) => state },
  epochs: { show: epochsOf, value: ({ metadata, reached }) => reached?.epoch ?? metadata?.options.epochs },
  accuracy: {
    show: ({ metadata }) => metadata?.result ? percent(metadata.result.test.accuracy) : "",
    value: ({ metadata }) => metadata?.result?.test.accuracy,
    isDescending: true,
  },
  loss: {
    show: ({ metadata }) => metadata?.result ? metadata.result.test.loss.toFixed(4) : "",
    value: ({ metadata }) => metadata?.result?.test.loss,
  },
  time: {
    show: (run) => {
      const seconds = secondsOf(run);
      return seconds === undefined ? "" : duration(seconds);
    },
    value: secondsOf,
  },
  begun: {
    show: ({ metadata }) => metadata?.started?.slice(0, 16).replace("T", " ") ?? "",
    value: ({ metadata }) => metadata?.started,
  },
} as const satisfies Readonly<Record<string, Figure>>;

/** Filters runs by their figures and settings, each given as `key=value`. */
export function filterRuns(runs: readonly RunEntry[], conditions: readonly string[]): RunEntry[] {
  const wanted = conditions.map((condition) => {
    const at = condition.indexOf("=");
    if (at < 1) {
      throw new OptionError(`--where ${JSON.stringify(condition)}: expected key=value, such as model=lif`);
    }
    const key = condition.slice(0, at);
    checkKey("--where", key, runs);
    return { key, value: condition.slice(at + 1) };
  });
  return runs.filter((run) => wanted.every(({ key, value }) => isSame(textOf(run, key), value)));
}

/** Sorts runs by a figure or a setting: the highest accuracy first, else the least value; those that have none come last. */
export function sortRuns(runs: readonly RunEntry[], key: string): RunEntry[] {
  checkKey("--sort", key, runs);
  const figure = figureOf(key);
  const direction = figure?.isDescending ? -1 : 1;
  const valueOf = (run: RunEntry) => {
    const value = figure ? figure.value(run) : settingsOf(run).get(key);
    return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))
      ? Number(value)
      : value;
  };
  return runs.toSorted((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    if (typeof a === "number" && typeof b === "number") return direction * (a - b);
    return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
  });
}

function textOf(run: RunEntry, key: string): string | undefined {
  const figure = figureOf(key);
  const value = figure ? figure.value(run) : settingsOf(run).get(key);
  return value === undefined ? undefined : String(value);
}

function figureOf(key: string): Figure | undefined {
  return Object.entries(FIGURES).find(([name]) => name === key)?.[1];
}

/** The same text, or the same number: `1e-3` is `0.001`. */
function isSame(found: string | undefined, wanted: string): boolean {
  if (found === undefined) return wanted === "" || wanted === "none";
  return found === wanted || (wanted.trim() !== "" && Number(found) === Number(wanted));
}

function checkKey(option: string, key: string, runs: readonly RunEntry[]): void {
  const settings = new Set(runs.flatMap((run) => [...settingsOf(run).keys()]));
  const known = [...Object.keys(FIGURES), ...settings];
  if (known.includes(key) || runs.length === 0) return;
  throw new OptionError(`${option} ${quotedValue(key)}: expected one of ${known.join(", ")}`);
}

function epochsOf({ state, metadata, reached }: RunEntry): string {
  if (!metadata) return "";
  const { epochs } = metadata.options;
  return state === "finished" ? `${reached?.epoch ?? epochs}` : `${reached?.epoch ?? 0} of ${epochs}`;
}

function secondsOf({ metadata, reached }: RunEntry): number | undefined {
  return metadata?.result?.seconds ?? reached?.seconds;
}
