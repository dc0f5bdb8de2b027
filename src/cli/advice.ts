/**
 * Changes that a command accepts, in its own words: options, or entries of its network file.
 *
 * A remedy that the command would refuse, that it follows already, or that means nothing for its network is none.
 */
import { sampleFormOf } from "../network/encoders.ts";
import { kindOf, type Surrogate } from "../network/neurons.ts";
import { populationsFrom } from "../network/paths.ts";
import { layersOf } from "../network/short_form.ts";
import { type Population, structureOf } from "../network/structure.ts";
import { presetOf } from "../training/presets.ts";
import type { RunOptions } from "../runs/run.ts";
import { MODELS } from "./network_options.ts";

/** The options of a run on which advice depends. */
export type AdvisedOptions = Pick<
  RunOptions,
  "model" | "spec" | "epochs" | "step" | "schedule" | "startRate" | "command"
>;

/** A remedy in words, or undefined where there is none. */
export type Remedy = string | undefined;

/** Spaces within a remedy, at which no line is broken. */
export const TIED = "\u00a0";

/** The remedies of one command. Layers count from 1. */
export class Advice {
  readonly #options: AdvisedOptions;
  readonly #command: readonly string[];
  /** The file that describes the network. */
  readonly #file: string | undefined;
  readonly #isFeedForward: boolean;
  /** The command takes options that change a preset's layers. */
  readonly #takesLayers: boolean;

  /** @param options The run's. */
  constructor(options: AdvisedOptions) {
    this.#options = options;
    this.#command = options.command ?? [];
    const at = this.#command.indexOf("--network");
    this.#file = at < 0 ? undefined : this.#command[at + 1];
    const preset = MODELS.find((name) => name === options.model);
    this.#isFeedForward = this.#file === undefined && preset !== undefined &&
      !presetOf(preset).takes.includes("steps");
    this.#takesLayers = this.#file !== undefined || preset === undefined ||
      layersOf(presetOf(preset).network()) !== undefined;
  }

  /** A threshold that is reached sooner, or later. */
  threshold(layer: number, how: "lower" | "higher"): Remedy {
    return this.#constant(layer, "threshold", `a ${how}`);
  }

  /** Potentials that are kept longer, or shorter. */
  decay(layer: number, how: "higher" | "lower"): Remedy {
    const { decay } = this.#neuronOf(layer);
    const isThere = how === "higher" ? decay < 1 : decay > 0;
    return isThere ? this.#constant(layer, "decay", `a ${how}`) : undefined;
  }

  /** A spike that costs more potential. */
  penalty(layer: number): Remedy {
    return this.#neuronOf(layer).kind === "graded" ? this.#constant(layer, "penalty", "a higher") : undefined;
  }

  /** More steps, where they are not the data's. */
  steps(): Remedy {
    if (this.#isFeedForward || sampleFormOf(this.#options.spec).isSequence) return undefined;
    return this.#change("more --steps", "more steps");
  }

  /** A surrogate derivative that soon is nearly 0: gradients through many steps or layers do not grow. */
  narrowSurrogate(layer: number): Remedy {
    const neuron = this.#neuronOf(layer);
    if (neuron.kind !== "lif") return undefined;
    const { kind, slope } = neuron.surrogate;
    return this.#surrogate(layer, {
      kind: "fastSigmoid",
      slope: kind === "fastSigmoid" ? Math.max(25, 2 * slope) : 25,
    });
  }

  /** A surrogate derivative above 0 far from the threshold: gradients reach more units. */
  wideSurrogate(layer: number): Remedy {
    return this.#surrogate(layer, { kind: "atan", slope: 2 });
  }

  /** A surrogate for a layer and those between it and the output layer that have one: a gradient comes to it through them. */
  #surrogate(layer: number, { kind, slope }: Surrogate): Remedy {
    const { spec } = this.#options, { readout } = structureOf(spec);
    const above = populationsFrom(spec, layer - 1);
    const concerned = structureOf(spec).populations.flatMap((population) => {
      const { index, neuron } = population;
      const isBetween = above.has(index) && populationsFrom(spec, index).has(readout.index);
      return isBetween && neuron.kind === "lif" ? [{ population, ...neuron.surrogate }] : [];
    });
    if (!this.#takesLayers) return undefined;
    if (!concerned.some((other) => other.kind !== kind || other.slope !== slope)) return undefined;
    const entry = this.#entry(concerned.map(({ population }) => population), "surrogate");
    return this.#change(
      `--surrogate ${kind} --slope ${slope}`,
      `set ${entry} to {"kind": "${kind}", "slope": ${slope}}`,
    );
  }

  /** First weights scaled until units fire, or scaled to fire more. */
  start(): Remedy {
    if (this.#isFeedForward) return undefined;
    const { startRate } = this.#options;
    if (startRate === undefined) {
      return tied(this.#command.includes("--init") ? "--init rate in place of --init xavier" : "--init rate");
    }
    return startRate < 0.2 ? tied("--init-rate 0.25") : undefined;
  }

  /** Other first weights. */
  seed(): Remedy {
    return tied("another --seed");
  }

  /** Shorter steps. */
  lowerRate(): Remedy {
    return tied(`--learning-rate ${short(this.#options.step.learningRate / 10)}`);
  }

  /** Longer steps, within what the option takes. */
  higherRate(): Remedy {
    const rate = 3 * this.#options.step.learningRate;
    return rate <= 1000 ? tied(`--learning-rate ${short(rate)}`) : undefined;
  }

  /** Steps that stay short where a gradient is long. */
  clip(): Remedy {
    const { clip } = this.#options.step;
    return tied(`--clip ${clip === undefined || clip > 1 ? 1 : short(clip / 10)}`);
  }

  /** Steps whose length does not follow the gradient's. */
  optimizer(): Remedy {
    const { kind = "sgd" } = this.#options.step;
    if (kind !== "sgd") return undefined;
    const vain = this.#command.includes("--momentum") ? " in place of --momentum" : "";
    return tied(`--optimizer adam --learning-rate 0.001${vain}`);
  }

  /** Further training. */
  epochs(): Remedy {
    return tied("more --epochs");
  }

  /** A part of the loss that holds units to a firing rate. */
  rateTarget(layer: number): Remedy {
    if (!this.#takesLayers || this.#options.spec.loss.rate || !kindOf(this.#neuronOf(layer)).hasSurrogate) {
      return undefined;
    }
    return this.#change("--rate-target 0.1", 'set loss.rate to {"target": 0.1, "weight": 1}');
  }

  /** An end where more training makes nothing better. */
  patience(): Remedy {
    return this.#command.includes("--patience") ? undefined : tied("--validation 0.1 --patience 3");
  }

  /** Smaller weights. */
  weightDecay(): Remedy {
    return (this.#options.step.weightDecay ?? 0) > 0 ? undefined : tied("--weight-decay 0.01");
  }

  #neuronOf(layer: number) {
    return this.#populationOf(layer).neuron;
  }

  #populationOf(layer: number): Population {
    return structureOf(this.#options.spec).populations[layer - 1]!;
  }

  /** A constant of some layers, as an entry of the network's file: of layers, or of nodes. */
  #entry(populations: readonly Population[], name: string): string {
    const { spec } = this.#options, isLayered = layersOf(spec) !== undefined;
    const places = populations.map(({ id, index }) => isLayered ? `layers[${index}]` : id);
    const [first = ""] = places;
    if (isLayered && places.length === 1) return `${first}.neuron.${name}`;
    const whose = places.length === 1 ? first : `${places.slice(0, -1).join(", ")} and ${places.at(-1)}`;
    return isLayered ? `neuron.${name} of ${whose}` : `${name} of ${whose}`;
  }

  #constant(layer: number, name: "threshold" | "decay" | "penalty", how: string): Remedy {
    if (this.#isFeedForward) return undefined;
    return this.#change(`${how} --${name}`, `${how} ${this.#entry([this.#populationOf(layer)], name)}`);
  }

  /** A change to an option, or to an entry of the network's file. */
  #change(option: string, entry: string): Remedy {
    return tied(this.#file === undefined ? option : `${entry} in ${this.#file}`);
  }
}

/** A number of a few digits, as an option reads it. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Words that no line is broken between. */
function tied(text: string): string {
  return text.replaceAll(" ", TIED);
}
