/**
 * The options that describe a network: a preset by name, a few changes to it, or a file.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import { basename, extname } from "node:path";
import type { DataForm } from "../data/data_source.ts";
import { OptionError } from "../errors.ts";
import { readNetwork } from "../network/network_file.ts";
import {
  type CompleteNeuron,
  completeNeuron,
  LEARNABLE,
  type Learnable,
  type Neuron,
  NEURONS,
  RESETS,
  SURROGATES,
} from "../network/neurons.ts";
import type { Encoder } from "../network/encoders.ts";
import { type PresetName, presetOf, PRESETS, type SeedOptions } from "../network/presets.ts";
import {
  classesOf,
  LIMITS,
  type Loss,
  type NetworkSpec,
  parseNetworkSpec,
  READ_FROM,
  type Readout,
  REDUCERS,
} from "../network/spec.ts";
import { count } from "../figures.ts";
import { choiceOption, numberOption, numbers, pathOption } from "./option_values.ts";

/** The presets, by name. */
export const MODELS = Object.keys(PRESETS) as PresetName[];

const NETWORK = "Network:";
/** The encoders that take a picture, and have defaults for all of their constants. */
const ENCODERS = ["noise", "poisson", "latency", "constant"] as const satisfies readonly Encoder["kind"][];
/** The kinds of neurons that can be hidden. */
const HIDDEN = ["graded", "lif"] as const satisfies readonly Neuron["kind"][];
const LOSSES = {
  "cross-entropy": "crossEntropy",
  "squared-error": "meanSquaredError",
} as const satisfies Record<
  string,
  Loss["kind"]
>;
const LOSS_NAMES = ["cross-entropy", "squared-error"] as const satisfies readonly (keyof typeof LOSSES)[];

/** `--model` */
export const modelOption = choiceOption(
  "--model <name>",
  `a preset, which the options below change (${
    Object.entries(PRESETS).map(([name, { summary }]) => `${name}, ${summary}`).join("; ")
  })`,
  MODELS,
).default("seed" as PresetName, "seed").helpGroup(NETWORK);
/** `--models` */
export const modelsOption = listOption(
  "--models <names>",
  `presets, each trained by its own recipe: ${MODELS.join(", ")}`,
  (text) => parseWords("--models", text, MODELS),
).default(["seed", "dense"] as PresetName[], "seed,dense").helpGroup(NETWORK);
/** `--network` */
export const networkOption = pathOption(
  "--network <file>",
  "a network's description as JSON, in place of all other options of this group (docs/networks.md)",
).helpGroup(NETWORK);
/** `--layers` */
export const layersOption = listOption(
  "--layers <units>",
  "units of each hidden layer, from the inputs up, such as 512,512",
  parseUnits,
).helpGroup(NETWORK);
/** `--neuron` */
export const neuronOption = choiceOption(
  "--neuron <kind>",
  "neurons of the hidden layers; lif fires above 1 unless told otherwise, and is read by an integrator or by its spikes",
  HIDDEN,
  "the preset's",
).helpGroup(NETWORK);
/** `--recurrent` */
export const recurrentOption = new Option(
  "--recurrent",
  "hidden layers take their own outputs of the step before as inputs, too",
).helpGroup(NETWORK);
/** `--learn` */
export const learnOption = listOption(
  "--learn <constants>",
  `constants that each hidden unit learns for itself: ${LEARNABLE.join(", ")}`,
  (text) => parseWords("--learn", text, LEARNABLE),
).helpGroup(NETWORK);
/** `--reset` */
export const resetOption = choiceOption(
  "--reset <name>",
  "what a lif neuron's spike does to its potential",
  RESETS,
  "subtract",
).helpGroup(NETWORK);
/** `--surrogate` */
export const surrogateOption = choiceOption(
  "--surrogate <name>",
  "what stands for the derivative of a lif neuron's spike",
  SURROGATES,
  "atan",
).helpGroup(NETWORK);
/** `--slope` */
export const slopeOption = numberOption(
  "--slope <number>",
  "k, the surrogate's slope",
  numbers("above 0", (value) => value > 0),
  "2",
).helpGroup(NETWORK);
/** `--encoder` */
export const encoderOption = choiceOption(
  "--encoder <name>",
  "how a sample becomes the inputs of each step",
  ENCODERS,
  "the preset's",
).helpGroup(NETWORK);
/** `--read` */
export const readOption = choiceOption(
  "--read <name>",
  "what is read of the last layer",
  READ_FROM,
  "the preset's",
).helpGroup(NETWORK);
/** `--reduce` */
export const reduceOption = choiceOption(
  "--reduce <name>",
  "how steps become one number a class",
  REDUCERS,
  "the preset's",
).helpGroup(NETWORK);
/** `--loss` */
export const lossOption = choiceOption(
  "--loss <name>",
  "what training makes small",
  LOSS_NAMES,
  "cross-entropy",
)
  .helpGroup(NETWORK);
/** `--rate-target` */
export const rateTargetOption = numberOption(
  "--rate-target <number>",
  "hold each hidden layer's share of (unit, step) pairs that spike to this rate",
  numbers("0 to 1", (value) => value >= 0 && value <= 1),
  "none",
).helpGroup(NETWORK);
/** `--rate-weight` */
export const rateWeightOption = numberOption(
  "--rate-weight <number>",
  "what a rate's squared distance counts in the loss",
  numbers("0 or more", (value) => value >= 0),
  "1",
).helpGroup(NETWORK);

/** What the options come to. */
export interface NetworkOptions extends Required<Omit<SeedOptions, "inputs" | "classes">> {
  readonly model: PresetName;
  readonly network?: string | undefined;
  readonly layers?: readonly number[] | undefined;
  readonly neuron?: typeof HIDDEN[number] | undefined;
  readonly recurrent?: true | undefined;
  readonly learn?: readonly Learnable[] | undefined;
  readonly reset?: typeof RESETS[number] | undefined;
  readonly surrogate?: typeof SURROGATES[number] | undefined;
  readonly slope?: number | undefined;
  readonly encoder?: typeof ENCODERS[number] | undefined;
  readonly read?: Readout["from"] | undefined;
  readonly reduce?: Readout["reduce"] | undefined;
  readonly loss?: keyof typeof LOSSES | undefined;
  readonly rateTarget?: number | undefined;
  readonly rateWeight?: number | undefined;
}

/** How the user writes them. */
const FLAGS = {
  model: "--model",
  hidden: "--hidden",
  steps: "--steps",
  decay: "--decay",
  threshold: "--threshold",
  penalty: "--penalty",
  beginEval: "--begin-eval",
  layers: "--layers",
  neuron: "--neuron",
  recurrent: "--recurrent",
  learn: "--learn",
  reset: "--reset",
  surrogate: "--surrogate",
  slope: "--slope",
  encoder: "--encoder",
  read: "--read",
  reduce: "--reduce",
  loss: "--loss",
  rateTarget: "--rate-target",
  rateWeight: "--rate-weight",
} as const satisfies Record<Exclude<keyof NetworkOptions, "network">, string>;

/** The options that a preset itself takes. */
const OWN = ["hidden", "steps", "decay", "threshold", "penalty", "beginEval"] as const satisfies readonly (
  keyof SeedOptions
)[];
/** Those that say something of lif neurons alone. */
const LIF_ONLY = ["reset", "surrogate", "slope"] as const;

/** Whether the user wrote an option, by its name in {@linkcode NetworkOptions} or another. */
export type IsGiven = (option: string) => boolean;

/** A network, and what its run is called. */
export interface ChosenNetwork {
  readonly name: string;
  readonly spec: NetworkSpec;
}

/**
 * Makes the network that was asked for; a preset takes its inputs and classes from the data.
 *
 * @throws {OptionError} when options do not go together, or one was given in vain.
 * @throws {InputError} when the file cannot be read, or does not describe a network.
 */
export async function chooseNetwork(
  options: NetworkOptions,
  isGiven: IsGiven,
  form: DataForm,
): Promise<ChosenNetwork> {
  const { network, model } = options;
  const given = (Object.keys(FLAGS) as (keyof typeof FLAGS)[]).filter(isGiven);
  if (network !== undefined) {
    const [vain] = given;
    if (vain !== undefined) {
      throw new OptionError(`${FLAGS[vain]}: means nothing with --network, whose file says it: leave it out`);
    }
    return checkPrecision({ name: nameOf(network), spec: await readNetwork(network) }, isGiven);
  }
  const changes = given.filter((option) => option !== "model" && !isOwn(option));
  const [change] = changes;
  if (model === "dense" && change !== undefined) throw means(change, model);
  const spec = changed(presetNetwork(model, options, isGiven, form), options, isGiven);
  // A network that was made of the seed's is no seed: it goes by its hidden layers' neurons.
  const name = change === undefined ? model : spec.layers[0]!.neuron.kind;
  return checkPrecision({ name, spec }, isGiven);
}

/**
 * A preset with its own options, for data of a form.
 *
 * @throws {OptionError} when one was given that it has no use for, or they do not go together.
 */
export function presetNetwork(
  model: PresetName,
  options: Required<Pick<SeedOptions, typeof OWN[number]>>,
  isGiven: IsGiven,
  { channels, classes }: DataForm,
): NetworkSpec {
  const preset = presetOf(model);
  const given = OWN.filter(isGiven);
  const vain = given.find((option) => !preset.takes.includes(option));
  if (vain !== undefined) throw means(vain, model);
  const { beginEval = 0, ...rest }: SeedOptions = Object.fromEntries(
    given.map((option) => [option, options[option]]),
  );
  const { steps } = preset.network(rest);
  if (beginEval >= steps) {
    throw new OptionError(
      `--begin-eval ${beginEval}: expected a whole number, 0 to ${count(steps - 1)}, for there are ${
        count(steps)
      } --steps`,
    );
  }
  return preset.network({
    ...rest,
    inputs: channels,
    classes,
    ...(given.includes("beginEval") && { beginEval }),
  });
}

/** The short forms: changes to a preset's layers, encoder, readout and loss. */
function changed(spec: NetworkSpec, options: NetworkOptions, isGiven: IsGiven): NetworkSpec {
  const { layers, recurrent, encoder, read, reduce, loss, rateTarget, rateWeight, neuron } = options;
  if (layers && isGiven("hidden")) {
    throw new OptionError(
      "--hidden: means nothing with --layers, which says the same of every layer: leave it out",
    );
  }
  if (rateWeight !== undefined && rateTarget === undefined) {
    throw new OptionError("--rate-weight: means nothing without --rate-target: give both, or leave it out");
  }
  const first = spec.layers[0]!, last = spec.layers[spec.layers.length - 1]!;
  const hidden = hiddenNeuron(completeNeuron(first.neuron), options, isGiven);
  if (rateTarget !== undefined && hidden.kind !== "lif") {
    throw new OptionError(
      "--rate-target: means nothing for graded neurons, whose gate passes no gradient: say --neuron lif, or leave it out",
    );
  }
  const units = layers ?? spec.layers.slice(0, -1).map(({ units }) => units);
  const isOther = neuron !== undefined && neuron !== first.neuron.kind;
  const from = read ?? spec.readout.from;
  const shape = <Layer extends { delay: 0 | 1 }>(layer: Layer): Layer =>
    isOther ? { ...layer, delay: 0 } : layer;
  return parseNetworkSpec({
    ...spec,
    encoder: encoder === undefined ? spec.encoder : { kind: encoder, offset: encoder === "noise" ? -0.5 : 0 },
    layers: [
      ...units.map((units) =>
        shape({ ...first, units, recurrent: recurrent ?? first.recurrent, neuron: hidden })
      ),
      shape({ ...last, units: classesOf(spec), neuron: isOther ? outputNeuron(hidden, from) : last.neuron }),
    ],
    readout: { from, reduce: reduce ?? spec.readout.reduce, begin: spec.readout.begin },
    loss: {
      ...(loss === undefined ? spec.loss : { kind: LOSSES[loss] }),
      ...(rateTarget !== undefined && { rate: { target: rateTarget, weight: rateWeight ?? 1 } }),
    },
  }, "the network of these options");
}

/** The neuron of the hidden layers: the preset's, or another kind's with its own constants where none are given. */
function hiddenNeuron(preset: CompleteNeuron, options: NetworkOptions, isGiven: IsGiven): CompleteNeuron {
  const { neuron: kind = preset.kind, learn, reset, surrogate, slope } = options;
  const vain = kind === "lif" ? isGiven("penalty") && "penalty" : LIF_ONLY.find(isGiven);
  if (vain) throw new OptionError(`${FLAGS[vain]}: means nothing for ${kind} neurons: leave it out`);
  const known = kind === "lif" ? ["decay", "threshold"] : LEARNABLE;
  const strange = learn?.find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new OptionError(
      `--learn ${strange}: ${kind} neurons have no such constant: expected ${known.join(" or ")}`,
    );
  }
  const neuron = kind === preset.kind ? preset : NEURONS[kind].defaults;
  const own = {
    ...(isGiven("decay") && { decay: options.decay }),
    ...(isGiven("threshold") && { threshold: options.threshold }),
    ...(learn && { learn }),
  };
  if (neuron.kind !== "lif") return completeNeuron({ ...neuron, ...own } as Neuron);
  return completeNeuron({
    ...neuron,
    ...own,
    reset: reset ?? neuron.reset,
    surrogate: { kind: surrogate ?? neuron.surrogate.kind, slope: slope ?? neuron.surrogate.slope },
  } as Neuron);
}

/** What reads a hidden layer of another kind than the preset's: the same neuron where spikes are read, else an integrator. */
function outputNeuron(hidden: CompleteNeuron, from: Readout["from"]): Neuron {
  if (from === "spikes") return { ...hidden, learn: [] };
  return { ...NEURONS.integrator.defaults, decay: hidden.decay };
}

function isOwn(option: string): option is typeof OWN[number] {
  return OWN.some((own) => own === option);
}

function means(option: keyof typeof FLAGS, model: PresetName): OptionError {
  const { without } = presetOf(model);
  return new OptionError(
    `${FLAGS[option]}: means nothing for --model ${model}${
      without === "" ? "" : `, ${without}`
    }: leave it out`,
  );
}

/** A precision is one of the noise's. */
function checkPrecision(chosen: ChosenNetwork, isGiven: IsGiven): ChosenNetwork {
  if (isGiven("precision") && chosen.spec.encoder.kind !== "noise") {
    const whose = chosen.name === "dense" ? "--model dense" : "this network";
    throw new OptionError(
      `--precision: means nothing for ${whose}, whose inputs have no noise: leave it out`,
    );
  }
  return chosen;
}

/** A run's name after a file: `networks/deep lif.json` → `deep-lif`. */
function nameOf(path: string): string {
  const stem = basename(path, extname(path)).replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(
    0,
    60,
  );
  return stem === "" ? "network" : stem;
}

/** An option that takes words or numbers with commas between them. */
function listOption<Flags extends string, Value>(
  flags: Flags,
  description: string,
  parse: (text: string) => Value,
) {
  return new Option(flags, description).argParser(parse);
}

function parseUnits(text: string): number[] {
  const units = text.split(",").map((word) => /^\d+$/.test(word) ? Number(word) : NaN);
  const most = LIMITS.layers - 1;
  if (units.some((n) => !(n >= 1 && n <= LIMITS.units)) || units.length > most) {
    throw new OptionError(
      `--layers ${
        JSON.stringify(text.slice(0, 40))
      }: expected 1 to ${most} whole numbers with commas between them, each 1 to ${count(LIMITS.units)}`,
    );
  }
  return units;
}

function parseWords<const Word extends string>(name: string, text: string, words: readonly Word[]): Word[] {
  const chosen = text.split(",").map((word) => words.find((candidate) => candidate === word));
  const known = chosen.filter((word) => word !== undefined);
  if (known.length < chosen.length || new Set(known).size < known.length) {
    throw new OptionError(
      `${name} ${JSON.stringify(text.slice(0, 40))}: expected some of ${
        words.join(", ")
      }, each once, with commas between them`,
    );
  }
  return known;
}
