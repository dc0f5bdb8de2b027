/** The options that say how weights begin, and how pictures are changed while they are learned from. */
import { Command, Option } from "@commander-js/extra-typings";
import {
  type Augmentation,
  AUGMENTATION_DEFAULTS,
  AUGMENTATION_LIMITS,
  WHOLE_AUGMENTATIONS,
} from "../data/augment.ts";
import { OptionError } from "../errors.ts";
import { PRESETS } from "../training/presets.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { numberOfLayer } from "../network/words.ts";
import { DEFAULT_RATE, type LayerStart } from "../training/scaled_start.ts";
import { count, percent } from "../text/figures.ts";
import type { OptionsOf } from "./command.ts";
import { choiceOption, numberOption, numbers, parseNumber, wholeNumbers } from "./option_values.ts";
import { quotedValue } from "../text/one_line.ts";

const { shift, rotate, elastic, scale, flip, crop, cutout } = AUGMENTATION_DEFAULTS;
const STARTS = ["xavier", "rate"] as const;

/** The options of first weights and of augmentation. */
export const startOptions = new Command()
  .addOption(
    choiceOption(
      "--init <name>",
      "first weights, as drawn or scaled by the data so that each hidden layer fires at --init-rate",
      STARTS,
      "xavier for the notebook's networks, else rate",
    ),
  )
  .addOption(
    numberOption(
      "--init-rate <number>",
      "the share of a hidden layer's units that fires at a step when training begins",
      numbers("above 0, less than 1", (value) => value > 0 && value < 1),
      String(DEFAULT_RATE),
    ),
  )
  .addOption(
    new Option(
      "--augment <kinds>",
      "change pictures each time they are learned from, none or such as shift,rotate=15,elastic: each alone or " +
        `with its size (shift in pixels, ${shift}; rotate in degrees, ${rotate}; elastic in pixels, ${elastic}; ` +
        `scale as a share, ${scale}; flip as a probability, ${flip}; crop in pixels of padding, ${crop}; ` +
        `cutout in pixels of its side, ${cutout}) (default: none)`,
    ).argParser(parseAugmentation),
  );

/** The values of the options of the start. */
export type StartOptions = OptionsOf<typeof startOptions>;

/**
 * The firing rate to begin with; undefined where weights are to stay as they are drawn.
 *
 * @param fallback How weights begin where the options say nothing.
 * @throws {OptionError} when a rate was given in vain.
 */
export function startRateOf(
  { init, initRate }: StartOptions,
  fallback: typeof STARTS[number],
): number | undefined {
  if (init === "xavier" && initRate !== undefined) {
    throw new OptionError("--init-rate: means nothing for --init xavier: leave it out, or say --init rate");
  }
  const start = init ?? (initRate === undefined ? fallback : "rate");
  return start === "rate" ? initRate ?? DEFAULT_RATE : undefined;
}

/** How weights begin where nothing is said of it: as the preset of that name has it; others by their rate. */
export function startOf(model: string): typeof STARTS[number] {
  return Object.entries(PRESETS).find(([name]) => name === model)?.[1].init ?? "rate";
}

/** What the layers' starts came to, in a line. */
export function describeStart(spec: NetworkSpec, layers: readonly LayerStart[]): string {
  const scaled = layers.map(({ layer, rate, scale, reached }) =>
    `layer ${numberOfLayer(spec, layer - 1)} at ${percent(rate)}, ${
      reached || scale !== 1
        ? `weights × ${scale.toFixed(2)}${reached ? "" : " (larger ones hardly fire more)"}`
        : "whatever its weights"
    }`
  );
  return `units fire at a step: ${scaled.join("; ")}`;
}

/** Reads `shift,rotate=15`, or `none`, which changes nothing. @throws {OptionError} when a kind is unknown or comes twice, or a size is out of its range. */
function parseAugmentation(text: string): Augmentation {
  if (text === "none") return {};
  const sizes = new Map<string, number>();
  for (const part of text.split(",")) {
    const [kind = "", size, ...more] = part.split("=").map((word) => word.trim());
    const known = Object.entries(AUGMENTATION_LIMITS).find(([name]) => name === kind);
    if (!known || more.length > 0 || sizes.has(kind)) {
      throw new OptionError(
        `--augment ${quotedValue(text)}: expected none, or one or more of ` +
          `${Object.keys(AUGMENTATION_LIMITS).join(", ")}, each once, such as shift,rotate=15`,
      );
    }
    const [, most] = known;
    const range = WHOLE_AUGMENTATIONS.includes(kind)
      ? wholeNumbers(0, most)
      : numbers(`0 to ${most < 1 ? most : count(most)}`, (value) => value >= 0 && value <= most);
    const fallback = Object.entries(AUGMENTATION_DEFAULTS).find(([name]) => name === kind)?.[1] ?? 0;
    sizes.set(kind, size === undefined ? fallback : parseNumber(size, `--augment ${kind}`, range));
  }
  return Object.fromEntries(sizes);
}
