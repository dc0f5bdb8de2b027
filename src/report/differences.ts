/** In what runs that stand side by side differ, in words. */
import { count, counted } from "../text/figures.ts";
import { networkOf } from "../runs/recorded_network.ts";
import { sizesOf } from "../network/words.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { optionInWords } from "./option_words.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { dataOf, flatten, optionsOf } from "./run_facts.ts";

/** A setting in which runs differ: its value in each of them, `–` where it is not known. */
export interface Difference {
  readonly name: string;
  readonly values: readonly string[];
}

/** Options that change no result. */
const MACHINE = ["threads", "engine", "gpuMemory", "skip", "tune", "checkpointEvery", "out", "name"];
/** Options that say the most, in this order, before all others. */
const FIRST = ["data", "epochs", "limit", "model"];
/** The value of a run that says nothing. */
const NOTHING = "–";

/** The settings in which runs differ, those of most weight first. */
export function differencesOf(runs: readonly RecordedRun[]): Difference[] {
  const settings = runs.map(settingsOf);
  const keys = [...new Set([...FIRST, ...settings.flatMap((each) => [...each.keys()])])];
  const options = keys.flatMap((key): Difference[] => {
    const known = settings.filter(({ size }) => size > 0).map((each) => each.get(key));
    if (new Set(known).size <= 1) return [];
    const said = settings.map((each) => optionInWords([key, valueIn(each, key)]));
    // Names of presets tell them apart without what they are.
    const values = key === "model"
      ? settings.map((each) => valueIn(each, key))
      : said.map(([, value]) => value);
    return [{ name: said[0]![0], values }];
  });
  const specs = runs.map((run) => networkOf(run) ?? run.model?.spec);
  return [...options, ...networkDifferences(specs, options.some(({ name }) => name === NETWORK))];
}

/** What `model` is called. */
const [NETWORK] = optionInWords(["model", ""]);

/** An option's value; what it means that there is none. */
function valueIn(settings: ReadonlyMap<string, string>, key: string): string {
  return settings.get(key) ?? (settings.size === 0 ? NOTHING : key === "limit" ? "all" : "none");
}

/** A run's options but those that change no result, with the data that it takes where they name none; empty without metadata. */
function settingsOf({ metadata }: RecordedRun): ReadonlyMap<string, string> {
  if (!metadata) return new Map();
  const options = optionsOf(metadata).filter(([name]) => !MACHINE.includes(name));
  return new Map([...options, ["data", dataOf(metadata)]]);
}

/**
 * Sizes, else the kinds of nodes; and the settings of nodes that several networks have.
 *
 * @param areNamed The networks are of several presets, whose names are said: their kinds of nodes follow.
 */
function networkDifferences(specs: readonly (NetworkSpec | undefined)[], areNamed: boolean): Difference[] {
  const settings = specs.map((spec) => spec && new Map(networkSettings(spec)));
  const names = [...new Set(settings.flatMap((each) => [...each?.keys() ?? []]))];
  const sizes = differenceIn("sizes", specs.map((spec) => spec && sizesOf(spec)));
  const kinds = differenceIn(
    "kinds of layers",
    specs.map((spec) => spec?.nodes.map(({ kind }) => kind).join(", ")),
  );
  return [
    ...(sizes.length > 0 || areNamed ? sizes : kinds),
    ...names.flatMap((name) => differenceIn(name, settings.map((each) => each?.get(name)))),
  ];
}

/** A setting whose values differ among those that have one. */
function differenceIn(name: string, values: readonly (string | undefined)[]): Difference[] {
  const differ = new Set(values.filter((value) => value !== undefined)).size > 1;
  return differ ? [{ name, values: values.map((value) => value ?? NOTHING) }] : [];
}

/** Every number and word of a description, by its name: `threshold of neuron1`. */
function networkSettings({ nodes, input, ...rest }: NetworkSpec): [name: string, value: string][] {
  return [
    ...flatten(rest).map(([name, value]) => [name.replace(".", "'s "), value] as [string, string]),
    ...flatten(input.encoder).map(([name, value]) => [`encoder's ${name}`, value] as [string, string]),
    ...nodes.flatMap(({ id, from: _from, ...node }) =>
      flatten(node).map(([name, value]) => [`${name} of ${id}`, value] as [string, string])
    ),
  ];
}

/** What tells a run apart whose data, epochs or number of samples are its own: `3 epochs`, `on fashion`. Empty where they are the same. */
export function marksOf(runs: readonly RecordedRun[]): string[] {
  const settings = runs.map(settingsOf);
  const isOwn = (key: string) =>
    new Set(settings.filter(({ size }) => size > 0).map((each) => each.get(key))).size > 1;
  const write = {
    data: (value: string) => `on ${value}`,
    epochs: (value: string) => counted(Number(value), "epoch"),
    limit: (value: string) => value === "all" ? "all samples" : `${count(Number(value))} samples`,
  };
  return settings.map((each) =>
    (["data", "epochs", "limit"] as const).filter(isOwn).flatMap((key) => {
      const value = valueIn(each, key);
      return value === NOTHING ? [] : [write[key](value)];
    }).join(", ")
  );
}
