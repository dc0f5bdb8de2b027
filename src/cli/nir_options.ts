/** The options that say what a NIR file does not: as JSON, as flags, or as the habits of an exporter. */
import { Command, Option } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import {
  NIR_CHOICES,
  NIR_DEFAULTS,
  NIR_EXPORTERS,
  type NirExporter,
  type NirOptions,
  parseNirOptions,
} from "../nir/options.ts";
import type { NirModel } from "../nir/read_nir.ts";
import { quotedValue } from "../text/one_line.ts";
import type { OptionsOf } from "./command.ts";
import { choiceOption, numberOption, numbers } from "./option_values.ts";

const EXPORTERS = Object.keys(NIR_EXPORTERS) as NirExporter[];

/** All of them. */
export const nirOptions = new Command()
  .optionsGroup("What a NIR file does not say:")
  .addOption(
    choiceOption(
      "--as <framework>",
      "whose exporter wrote it: its habits, docs/nir.md",
      EXPORTERS,
      "nobody's",
    ),
  )
  .addOption(
    numberOption(
      "--dt <number>",
      "time of a step, in the unit of the file's time constants",
      numbers("above 0", (value) => value > 0),
      `${NIR_DEFAULTS.dt}`,
    ),
  )
  .addOption(
    choiceOption("--reset <name>", "what a spike does to a potential", NIR_CHOICES.reset, NIR_DEFAULTS.reset),
  )
  .addOption(
    choiceOption(
      "--method <name>",
      "what a step leaves of a state, 1 − dt/τ or e^(−dt/τ)",
      NIR_CHOICES.method,
      NIR_DEFAULTS.method,
    ),
  )
  .addOption(
    choiceOption(
      "--gain <name>",
      "what an input of LIF, LI and their like counts: as the equation says, dt/τ·r, or as it is",
      NIR_CHOICES.gain,
      NIR_DEFAULTS.gain,
    ),
  )
  .addOption(
    choiceOption(
      "--gain-if <name>",
      "the same of IF and I: dt·r, or as it is",
      NIR_CHOICES.gain_if,
      NIR_DEFAULTS.gain_if,
    ),
  )
  .addOption(
    choiceOption("--gain-syn <name>", "the same of synapses", NIR_CHOICES.gain_syn, NIR_DEFAULTS.gain_syn),
  )
  .addOption(
    choiceOption("--spikes <name>", "of a neuron at a step", NIR_CHOICES.spikes, NIR_DEFAULTS.spikes),
  )
  .addOption(
    choiceOption(
      "--start <name>",
      "potentials before the first step: 0, v_leak or v_reset",
      NIR_CHOICES.start,
      NIR_DEFAULTS.start,
    ),
  )
  .addOption(
    new Option("--nir <json>", `the same as JSON, such as '{"dt":0.001,"start":"leak"}'; flags override it`)
      .argParser(parseJsonOption),
  );

/** The values of all of them. */
export type NirFlags = OptionsOf<typeof nirOptions>;

function parseJsonOption(text: string): Partial<NirOptions> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new OptionError(`--nir ${quotedValue(text)}: this is no JSON: expected such as '{"dt":0.0001}'`);
  }
  return parseNirOptions(value, "--nir");
}

/** What the user has said, for `readNir`. */
export function nirOptionsOf(given: NirFlags): Partial<NirOptions> & { as?: NirExporter } {
  const { as, nir, gainIf, gainSyn, dt, reset, method, gain, spikes, start } = given;
  const flags = { dt, reset, method, gain, gain_if: gainIf, gain_syn: gainSyn, spikes, start };
  const said = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...(as !== undefined && { as }), ...nir, ...parseNirOptions(Object.fromEntries(said)) };
}

/** The flags of those options that were given. */
export function givenNirFlags(given: NirFlags): string[] {
  const values: Readonly<Record<string, unknown>> = given;
  return nirOptions.options.filter((option) => values[option.attributeName()] !== undefined)
    .map(({ long }) => long ?? "");
}

/** What a user has to know of how a file was read: repairs, and what was assumed, with how to say otherwise. */
export function noticesOf({ warnings, assumed, as }: NirModel): string[] {
  const repairs = warnings.map((warning) => `warning: ${warning}`);
  if (assumed.length === 0) return repairs;
  const flags = assumed.map((each) => `--${each.split(" ")[0]!.replaceAll("_", "-")}`).join(", ");
  const why = as === undefined ? "assumed, since the file does not say it" : `as ${as} has it by default`;
  const how = as === undefined ? `${flags}, or --as ${EXPORTERS.join("|")} for all that one does` : flags;
  return [...repairs, `${why}: ${assumed.join(", ")}; to say otherwise: ${how} (docs/nir.md)`];
}
