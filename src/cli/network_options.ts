/**
 * The options that describe a network: a preset by name, a few changes to it, or a file. `chosen_network.ts` makes the network.
 */
import { Command, Option } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { count } from "../text/figures.ts";
import type { Encoder } from "../network/encoders.ts";
import { type Neuron, RESETS, SURROGATES, TRAINABLE } from "../network/neurons.ts";
import { NOTEBOOK_DEFAULTS } from "../network/presets.ts";
import { type PresetName, PRESETS } from "../training/presets.ts";
import { presentModelName } from "../network/former_names.ts";
import { LIMITS, type Loss, READ_FROM, REDUCERS } from "../network/spec.ts";
import { type OptionsOf, withOptions } from "./command.ts";
import { choiceOption, numberOption, numbers, pathOption, wholeNumbers } from "./option_values.ts";
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
} as const satisfies Record<string, Loss["kind"]>;
const LOSS_NAMES = ["cross-entropy", "squared-error"] as const satisfies readonly (keyof typeof LOSSES)[];

/** `--models` */
export const modelsOption = new Option(
  "--models <names>",
  `presets, each trained by its own recipe: ${MODELS.join(", ")}`,
).argParser((text) => parseWords("--models", text, MODELS, presentModelName))
  .default(["notebook", "feed-forward"] as PresetName[], "notebook,feed-forward").helpGroup(NETWORK);

/** An option that takes a preset's name. */
export function presetOption<Flags extends string>(flags: Flags, description: string) {
  return choiceOption(flags, description, MODELS, undefined, presentModelName)
    .default("notebook" as PresetName, "notebook").helpGroup(NETWORK);
}

/** The options that a preset itself takes. */
export const presetOptions = new Command()
  .optionsGroup(NETWORK)
  .addOption(
    numberOption("--hidden <number>", "units of the hidden layer", wholeNumbers(1, LIMITS.units))
      .default(NOTEBOOK_DEFAULTS.hidden),
  )
  .addOption(
    numberOption("--steps <number>", "T, time steps of a sample", wholeNumbers(1, LIMITS.steps))
      .default(NOTEBOOK_DEFAULTS.steps),
  )
  .addOption(
    numberOption(
      "--decay <number>",
      "d, what a step leaves of a membrane potential",
      numbers("0 to 1", (value) => value >= 0 && value <= 1),
    ).default(NOTEBOOK_DEFAULTS.decay),
  )
  .addOption(
    numberOption(
      "--threshold <number>",
      "θ, the potential above which a unit fires",
      numbers("any finite one", () => true),
    ).default(NOTEBOOK_DEFAULTS.threshold),
  )
  .addOption(
    numberOption(
      "--penalty <number>",
      "p: a spike leaves the potential at θ − p",
      numbers("0 or more", (value) => value >= 0),
    ).default(NOTEBOOK_DEFAULTS.penalty),
  )
  .addOption(
    numberOption("--begin-eval <number>", "the first step that is read out", {
      ...wholeNumbers(0),
      span: "0 to --steps less 1",
    }).default(NOTEBOOK_DEFAULTS.beginEval),
  );

const presets = Object.entries(PRESETS).map(([name, { summary }]) => `${name}, ${summary}`).join("; ");
const sources = new Command()
  .addOption(presetOption("--model <name>", `a preset, which the options below change (${presets})`))
  .optionsGroup(NETWORK)
  .addOption(
    pathOption(
      "--network <file>",
      "a network's description as JSON, in place of all other options of this group (docs/networks.md)",
    ),
  )
  .addOption(
    pathOption(
      "--from <run-or-file>",
      "train a model on: its network and weights, in place of all other options of this group",
    ),
  );

/** All options of a network. */
export const networkOptions = withOptions(sources, presetOptions)
  .addOption(
    new Option("--layers <units>", "units of each hidden layer, from the inputs up, such as 512,512")
      .argParser(parseUnits),
  )
  .addOption(
    choiceOption(
      "--neuron <kind>",
      "neurons of the hidden layers; lif fires above 1 by default, and is read by an integrator or by its spikes",
      HIDDEN,
      "the preset's",
    ),
  )
  .option("--recurrent", "hidden layers take their own outputs of the step before as inputs, too")
  .addOption(
    new Option(
      "--trainable <constants>",
      `constants that each hidden unit learns for itself: ${TRAINABLE.join(", ")}`,
    ).argParser((text) => parseWords("--trainable", text, TRAINABLE)),
  )
  .addOption(
    choiceOption("--reset <name>", "what a lif neuron's spike does to its potential", RESETS, "subtract"),
  )
  .addOption(
    choiceOption(
      "--surrogate <name>",
      "what stands for the derivative of a lif neuron's spike",
      SURROGATES,
      "atan",
    ),
  )
  .addOption(
    numberOption(
      "--slope <number>",
      "k, the surrogate's slope",
      numbers("above 0", (value) => value > 0),
      "2",
    ),
  )
  .addOption(
    choiceOption(
      "--encoder <name>",
      "how a sample becomes the inputs of each step",
      ENCODERS,
      "the preset's",
    ),
  )
  .addOption(choiceOption("--read <name>", "what is read of the last layer", READ_FROM, "the preset's"))
  .addOption(
    choiceOption("--reduce <name>", "how steps become one number a class", REDUCERS, "the preset's"),
  )
  .addOption(choiceOption("--loss <name>", "what training makes small", LOSS_NAMES, "cross-entropy"))
  .addOption(
    numberOption(
      "--rate-target <number>",
      "hold each hidden layer's share of (unit, step) pairs that spike to this rate",
      numbers("0 to 1", (value) => value >= 0 && value <= 1),
      "none",
    ),
  )
  .addOption(
    numberOption(
      "--rate-weight <number>",
      "what a rate's squared distance counts in the loss",
      numbers("0 or more", (value) => value >= 0),
      "1",
    ),
  );

/** The values of all options of a network. */
export type NetworkOptions = OptionsOf<typeof networkOptions>;

/** The flag of each option of a network but `--network` and `--from`, by its attribute. */
export const FLAGS: ReadonlyMap<string, string> = new Map(
  networkOptions.options.map((option) => [option.attributeName(), option.long ?? ""] as const)
    .filter(([attribute]) => attribute !== "network" && attribute !== "from"),
);

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
