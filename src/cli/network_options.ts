/**
 * The options that describe a network: a preset by name, a few changes to it, or a file. `chosen_network.ts` says what they come
 * to.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { count } from "../text/figures.ts";
import type { Encoder } from "../network/encoders.ts";
import { type Neuron, RESETS, SURROGATES, TRAINABLE, type Trainable } from "../network/neurons.ts";
import { type PresetOptions } from "../network/presets.ts";
import { type PresetName, PRESETS } from "../training/presets.ts";
import { presentModelName } from "../network/former_names.ts";
import { LIMITS, type Loss, READ_FROM, type Readout, REDUCERS } from "../network/spec.ts";
import { choiceOption, numberOption, numbers, pathOption } from "./option_values.ts";
import { quotedValue } from "../text/one_line.ts";

/** The presets, by name. */
export const MODELS = Object.keys(PRESETS) as PresetName[];

const NETWORK = "Network:";
/** The encoders that take a picture, and have defaults for all of their constants. */
const ENCODERS = ["noise", "poisson", "latency", "constant"] as const satisfies readonly Encoder["kind"][];
/** The kinds of neurons that can be hidden. */
const HIDDEN = ["graded", "lif"] as const satisfies readonly Neuron["kind"][];
/** The losses, as the user writes them. */
export const LOSSES = {
  "cross-entropy": "crossEntropy",
  "squared-error": "meanSquaredError",
} as const satisfies Record<
  string,
  Loss["kind"]
>;
const LOSS_NAMES = ["cross-entropy", "squared-error"] as const satisfies readonly (keyof typeof LOSSES)[];

/** `--model` */
export const modelOption = presetOption(
  "--model <name>",
  `a preset, which the options below change (${
    Object.entries(PRESETS).map(([name, { summary }]) => `${name}, ${summary}`).join("; ")
  })`,
);
/** `--models` */
export const modelsOption = listOption(
  "--models <names>",
  `presets, each trained by its own recipe: ${MODELS.join(", ")}`,
  (text) => parseWords("--models", text, MODELS, presentModelName),
).default(["notebook", "feed-forward"] as PresetName[], "notebook,feed-forward").helpGroup(NETWORK);
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
  "neurons of the hidden layers; lif fires above 1 by default, and is read by an integrator or by its spikes",
  HIDDEN,
  "the preset's",
).helpGroup(NETWORK);
/** `--recurrent` */
export const recurrentOption = new Option(
  "--recurrent",
  "hidden layers take their own outputs of the step before as inputs, too",
).helpGroup(NETWORK);
/** `--trainable` */
export const learnOption = listOption(
  "--trainable <constants>",
  `constants that each hidden unit learns for itself: ${TRAINABLE.join(", ")}`,
  (text) => parseWords("--trainable", text, TRAINABLE),
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
export interface NetworkOptions extends Required<Omit<PresetOptions, "inputs" | "classes">> {
  readonly model: PresetName;
  readonly network?: string | undefined;
  readonly layers?: readonly number[] | undefined;
  readonly neuron?: typeof HIDDEN[number] | undefined;
  readonly recurrent?: true | undefined;
  readonly trainable?: readonly Trainable[] | undefined;
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
export const FLAGS = {
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
  trainable: "--trainable",
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

/** An option that takes a preset's name. */
export function presetOption<Flags extends string>(flags: Flags, description: string) {
  return choiceOption(flags, description, MODELS, undefined, presentModelName)
    .default("notebook" as PresetName, "notebook").helpGroup(NETWORK);
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
        quotedValue(text)
      }: expected 1 to ${most} whole numbers with commas between them, each 1 to ${count(LIMITS.units)}`,
    );
  }
  return units;
}

/** @param rename Gives the present name of a word that was called otherwise. */
function parseWords<const Word extends string>(
  name: string,
  text: string,
  words: readonly Word[],
  rename = (word: string) => word,
): Word[] {
  const chosen = text.split(",").map((word) => words.find((candidate) => candidate === rename(word)));
  const known = chosen.filter((word) => word !== undefined);
  if (known.length < chosen.length || new Set(known).size < known.length) {
    throw new OptionError(
      `${name} ${quotedValue(text)}: expected some of ${
        words.join(", ")
      }, each once, with commas between them`,
    );
  }
  return known;
}
