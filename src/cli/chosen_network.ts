/** The network that options come to: a preset by name, a few changes to it, or a file. */
import { basename, extname } from "node:path";
import type { DataForm } from "../data/data_form.ts";
import { OptionError } from "../errors.ts";
import { count, counted } from "../text/figures.ts";
import type { Model } from "../network/model_file.ts";
import { readNetwork } from "../network/network_file.ts";
import { type CompleteNeuron, completeNeuron, type Neuron, NEURONS, TRAINABLE } from "../network/neurons.ts";
import { type PresetOptions } from "../network/presets.ts";
import { type PresetName, presetOf } from "../training/presets.ts";
import { layersOf } from "../network/short_form.ts";
import { type NetworkSpec, parseNetworkSpec, type Readout } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { FLAGS, LOSSES, type NetworkOptions } from "./network_options.ts";

/** The options that a preset itself takes. */
const OWN = ["hidden", "steps", "decay", "threshold", "penalty", "beginEval"] as const satisfies readonly (
  keyof PresetOptions
)[];
/** Of these, those that are constants of a neuron. */
const CONSTANTS = ["decay", "threshold", "penalty"] as const satisfies readonly (typeof OWN[number])[];
/** Those that say something of lif neurons alone. */
const LIF_ONLY = ["reset", "surrogate", "slope"] as const;

/** What a model that is trained on says, too, beside its network. */
const BESIDE_FROM = [
  ["network", "--network"],
  ["init", "--init"],
  ["initRate", "--init-rate"],
  ["standardize", "--standardize"],
] as const;

/** Whether the user wrote an option, by its name in {@linkcode NetworkOptions} or another. */
export type IsGiven = (option: string) => boolean;

/** A network, and what its run is called. */
export interface ChosenNetwork {
  readonly name: string;
  readonly spec: NetworkSpec;
}

/**
 * Makes the network that the options describe; a preset takes its inputs and classes from the data.
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
  const given = [...FLAGS.keys()].filter(isGiven);
  if (network !== undefined) {
    const [vain] = given;
    if (vain !== undefined) {
      throw new OptionError(
        `${
          FLAGS.get(vain)
        }: means nothing with --network, whose file says it: change ${network}, or leave the option out`,
      );
    }
    return checkPrecision({ name: nameOf(network), spec: await readNetwork(network) }, isGiven);
  }
  const changes = given.filter((option) => option !== "model" && !isOwn(option));
  const [change] = changes;
  const isLayered = layersOf(presetOf(model).network()) !== undefined;
  if ((model === "feed-forward" || !isLayered) && change !== undefined) throw means(change, model);
  // Neurons of another kind than the preset's have no constant of it; what is given is theirs.
  const isOther = options.neuron !== undefined && options.neuron !== hiddenKindOf(model);
  const isPresets: IsGiven = (option) => isGiven(option) && !(isOther && isConstant(option));
  const preset = presetNetwork(model, options, isPresets, form);
  const spec = isLayered ? changed(preset, options, isGiven) : preset;
  // A preset that other options change is called after its hidden layers' neurons.
  const name = change === undefined ? model : structureOf(spec).populations[0]!.neuron.kind;
  return checkPrecision({ name, spec }, isGiven);
}

/**
 * A preset with its own options, for data of a form.
 *
 * @throws {OptionError} when one was given that it has no use for, or they do not go together.
 */
export function presetNetwork(
  model: PresetName,
  options: Required<Pick<PresetOptions, typeof OWN[number]>>,
  isGiven: IsGiven,
  { channels, shape, classes }: DataForm,
): NetworkSpec {
  const preset = presetOf(model);
  const given = OWN.filter(isGiven), takes: readonly string[] = preset.takes;
  if (takes.includes("shape") && !shape) {
    throw new OptionError(
      `--model ${model}: needs pictures, [channels, rows, columns], but a sample has ${
        counted(channels, "number")
      } without a shape: take another model, or data with one`,
    );
  }
  const vain = given.find((option) => !preset.takes.includes(option));
  if (vain !== undefined) throw means(vain, model);
  const { beginEval = 0, ...rest }: PresetOptions = Object.fromEntries(
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
    ...(shape && { shape }),
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
  const { input, layers: own } = layersOf(spec)!; // a preset's
  const first = own[0]!, last = own.at(-1)!;
  const hidden = hiddenNeuron(first.neuron, options, isGiven);
  if (rateTarget !== undefined && hidden.kind !== "lif") {
    throw new OptionError(
      "--rate-target: means nothing for graded neurons, whose gate passes no gradient: say --neuron lif, or leave it out",
    );
  }
  const units = layers ?? own.slice(0, -1).map(({ units }) => units);
  const isOther = neuron !== undefined && neuron !== first.neuron.kind;
  const from = read ?? spec.readout.from;
  const shape = <Layer extends { delay: 0 | 1 }>(layer: Layer): Layer =>
    isOther ? { ...layer, delay: 0 } : layer;
  return parseNetworkSpec({
    inputs: structureOf(spec).inputs,
    steps: spec.steps,
    encoder: encoder === undefined
      ? input.encoder
      : { kind: encoder, offset: encoder === "noise" ? -0.5 : 0 },
    layers: [
      ...units.map((units) =>
        shape({ ...first, units, recurrent: recurrent ?? first.recurrent, neuron: hidden })
      ),
      shape({ ...last, neuron: isOther ? outputNeuron(hidden, from) : last.neuron }),
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
  const { neuron: kind = preset.kind, trainable, reset, surrogate, slope } = options;
  const vain = kind === "lif" ? isGiven("penalty") && "penalty" : LIF_ONLY.find(isGiven);
  if (vain) throw new OptionError(`${FLAGS.get(vain)}: means nothing for ${kind} neurons: leave it out`);
  const known = TRAINABLE.filter((name) => Object.hasOwn(NEURONS[kind].defaults, name));
  const strange = trainable?.find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new OptionError(
      `--trainable ${strange}: ${kind} neurons have no such constant: expected ${known.join(" or ")}`,
    );
  }
  const neuron = kind === preset.kind ? preset : NEURONS[kind].defaults;
  const own = {
    ...(isGiven("decay") && { decay: options.decay }),
    ...(isGiven("threshold") && { threshold: options.threshold }),
    ...(kind === "graded" && isGiven("penalty") && { penalty: options.penalty }),
    ...(trainable && { trainable }),
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
  if (from === "spikes") return { ...hidden, trainable: [] };
  return { ...NEURONS.integrator.defaults, decay: hidden.decay };
}

function isOwn(option: string): option is typeof OWN[number] {
  return OWN.some((own) => own === option);
}

function isConstant(option: string): boolean {
  return CONSTANTS.some((constant) => constant === option);
}

/** The kind of a preset's hidden neurons. */
function hiddenKindOf(model: PresetName): Neuron["kind"] {
  return structureOf(presetOf(model).network()).populations[0]!.neuron.kind;
}

function means(option: string, model: PresetName): OptionError {
  const { without } = presetOf(model);
  return new OptionError(
    `${FLAGS.get(option)}: means nothing for --model ${model}${
      without === "" ? "" : `, ${without}`
    }: leave it out`,
  );
}

/** A precision is one of the noise's. */
function checkPrecision(chosen: ChosenNetwork, isGiven: IsGiven): ChosenNetwork {
  if (isGiven("precision") && chosen.spec.input.encoder.kind !== "noise") {
    const whose = chosen.name === "feed-forward" ? "--model feed-forward" : "this network";
    throw new OptionError(
      `--precision: means nothing for ${whose}, whose inputs have no noise: leave it out`,
    );
  }
  return chosen;
}

/**
 * The network of a model that is trained on.
 *
 * @param from As the user wrote it.
 * @throws {OptionError} when an option says something of the network or of first weights, which are the model's.
 */
export function continuedNetwork(
  { spec, metadata }: Model,
  from: string,
  isGiven: IsGiven,
): ChosenNetwork {
  const [vain] = [...FLAGS, ...BESIDE_FROM].filter(([name]) => isGiven(name)).map((
    [, flag],
  ) => flag);
  if (vain !== undefined) {
    throw new OptionError(
      `${vain}: means nothing with --from, whose model has a network and weights: leave it out, or leave out --from`,
    );
  }
  return checkPrecision({ name: metadata.model ?? nameOf(from), spec }, isGiven);
}

/** A run's name after a file: `networks/deep lif.json` → `deep-lif`. */
function nameOf(path: string): string {
  const stem = basename(path, extname(path)).replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(
    0,
    60,
  );
  return stem === "" ? "network" : stem;
}
