/**
 * The options that say which optimizer moves the weights, and how far.
 *
 * @module
 */
import type { Update } from "../engine/engine.ts";
import { OPTIMIZER_DEFAULTS, type OptimizerName, OPTIMIZERS } from "../engine/optimizer.ts";
import { OptionError } from "../errors.ts";
import { choiceOption, numberOption, numbers } from "./option_values.ts";

const TRAINING = "Training:";

const shares = numbers("0 to less than 1", (value) => value >= 0 && value < 1);

/** `--optimizer` */
export const optimizerOption = choiceOption("--optimizer <name>", "how a batch moves weights", OPTIMIZERS)
  .default("sgd" as OptimizerName, "sgd").helpGroup(TRAINING);
/** `--learning-rate` */
export const learningRateOption = numberOption(
  "--learning-rate <number>",
  "how far a batch moves weights",
  numbers("above 0, at most 1,000", (value) => value > 0 && value <= 1000),
  `${OPTIMIZER_DEFAULTS.sgd.learningRate}; adam and adamw ${OPTIMIZER_DEFAULTS.adam.learningRate}`,
).helpGroup(TRAINING);
/** `--momentum` */
export const momentumOption = numberOption(
  "--momentum <number>",
  "sgd: what a batch keeps of the last one's move",
  shares,
  String(OPTIMIZER_DEFAULTS.sgd.momentum),
).helpGroup(TRAINING);
/** `--beta1` */
export const beta1Option = numberOption(
  "--beta1 <number>",
  "adam, adamw: what a batch keeps of the gradient's mean",
  shares,
  String(OPTIMIZER_DEFAULTS.adam.beta1),
).helpGroup(TRAINING);
/** `--beta2` */
export const beta2Option = numberOption(
  "--beta2 <number>",
  "adam, adamw: what a batch keeps of the squared gradient's mean",
  shares,
  String(OPTIMIZER_DEFAULTS.adam.beta2),
).helpGroup(TRAINING);
/** `--weight-decay` */
export const weightDecayOption = numberOption(
  "--weight-decay <number>",
  "how strongly weights and biases are drawn to 0; learned constants are not",
  numbers("0 or more", (value) => value >= 0),
  `0; adamw ${OPTIMIZER_DEFAULTS.adamw.weightDecay}`,
).helpGroup(TRAINING);
/** `--clip` */
export const clipOption = numberOption(
  "--clip <number>",
  "the largest norm of a batch's gradient; longer ones are scaled down to it",
  numbers("above 0", (value) => value > 0),
  "none",
).helpGroup(TRAINING);

/** What the options come to. */
export interface OptimizerOptions {
  readonly optimizer: OptimizerName;
  readonly learningRate?: number | undefined;
  readonly momentum?: number | undefined;
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly clip?: number | undefined;
}

/** Makes an optimizer's constants of options. @throws {OptionError} when one was given that the optimizer has no use for. */
export function updateOf(options: OptimizerOptions): Update {
  const { optimizer, learningRate, momentum, beta1, beta2, weightDecay, clip } = options;
  const defaults = OPTIMIZER_DEFAULTS[optimizer];
  const common = {
    learningRate: learningRate ?? defaults.learningRate,
    weightDecay: weightDecay ?? defaults.weightDecay,
    ...(clip !== undefined && { clip }),
  };
  switch (optimizer) {
    case "sgd":
      refuse("--beta1", beta1, optimizer, "which has --momentum");
      refuse("--beta2", beta2, optimizer, "which has --momentum");
      return { kind: optimizer, momentum: momentum ?? OPTIMIZER_DEFAULTS.sgd.momentum, ...common };
    case "adam":
    case "adamw":
      refuse("--momentum", momentum, optimizer, "which has --beta1");
      return {
        kind: optimizer,
        beta1: beta1 ?? OPTIMIZER_DEFAULTS[optimizer].beta1,
        beta2: beta2 ?? OPTIMIZER_DEFAULTS[optimizer].beta2,
        ...common,
      };
    default:
      return optimizer satisfies never;
  }
}

function refuse(option: string, value: number | undefined, optimizer: OptimizerName, instead: string): void {
  if (value === undefined) return;
  throw new OptionError(`${option}: means nothing for --optimizer ${optimizer}, ${instead}: leave it out`);
}
