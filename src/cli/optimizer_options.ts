/** The options that say which optimizer moves the weights, and how far. */
import { Command } from "@commander-js/extra-typings";
import type { Update } from "../engine/engine.ts";
import { OPTIMIZER_DEFAULTS, type OptimizerName, OPTIMIZERS } from "../engine/optimizer.ts";
import { OptionError } from "../errors.ts";
import type { OptionsOf } from "./command.ts";
import { choiceOption, numberOption, numbers } from "./option_values.ts";

const { sgd, adam, adamw } = OPTIMIZER_DEFAULTS;
const shares = numbers("0 to less than 1", (value) => value >= 0 && value < 1);

/** The options of the optimizer. */
export const optimizerOptions = new Command()
  .addOption(
    choiceOption("--optimizer <name>", "how a batch moves weights", OPTIMIZERS)
      .default("sgd" as OptimizerName, "sgd"),
  )
  .addOption(
    numberOption(
      "--learning-rate <number>",
      "how far a batch moves weights",
      numbers("above 0, at most 1,000", (value) => value > 0 && value <= 1000),
      `${sgd.learningRate}; adam and adamw ${adam.learningRate}`,
    ),
  )
  .addOption(
    numberOption(
      "--momentum <number>",
      "sgd: what a batch keeps of the last one's move",
      shares,
      String(sgd.momentum),
    ),
  )
  .addOption(
    numberOption(
      "--beta1 <number>",
      "adam, adamw: what a batch keeps of the gradient's mean",
      shares,
      String(adam.beta1),
    ),
  )
  .addOption(
    numberOption(
      "--beta2 <number>",
      "adam, adamw: what a batch keeps of the squared gradient's mean",
      shares,
      String(adam.beta2),
    ),
  )
  .addOption(
    numberOption(
      "--weight-decay <number>",
      "how strongly weights and biases are drawn to 0; learned constants are not",
      numbers("0 or more", (value) => value >= 0),
      `0; adamw ${adamw.weightDecay}`,
    ),
  )
  .addOption(
    numberOption(
      "--clip <number>",
      "the largest norm of a batch's gradient; longer ones are scaled down to it",
      numbers("above 0", (value) => value > 0),
      "none",
    ),
  )
  .addOption(
    numberOption(
      "--ema <number>",
      "measure and save the moving average of weights: what a batch keeps of it, such as 0.999",
      shares,
      "none",
    ),
  );

/** The values of the optimizer's options. */
export type OptimizerOptions = OptionsOf<typeof optimizerOptions>;

/** Makes an optimizer's constants of options. @throws {OptionError} when one was given that the optimizer has no use for. */
export function updateOf(options: OptimizerOptions): Update {
  const { optimizer, learningRate, momentum, beta1, beta2, weightDecay, clip, ema } = options;
  const defaults = OPTIMIZER_DEFAULTS[optimizer];
  const common = {
    learningRate: learningRate ?? defaults.learningRate,
    weightDecay: weightDecay ?? defaults.weightDecay,
    ...(clip !== undefined && { clip }),
    ...(ema !== undefined && ema > 0 && { ema }),
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
