/**
 * What a NIR file does not say: how its equations are stepped, and what its exporter's framework did beyond them.
 *
 * A step, node after node, x the sum of what the edges bring; a = 1 − dt/τ and g = dt/τ (`euler`), or a = e^(−dt/τ) and g = 1 − a:
 *
 *     LIF, LI      u = a·v + (1 − a)·v_leak + g·r·x
 *     IF, I        u = v + dt·r·x
 *     CubaLIF, LI  i = a_syn·i + g_syn·w_in·x, then as LIF with x = i
 *     spike        s = [u > v_threshold]
 *     loops        cut where they leave the neuron: the spikes of t − 1 go through the recurrent weights at t
 */
import * as v from "valibot";
import { OptionError } from "../errors.ts";
import { describeIssues } from "../network/issues.ts";

/** How a file is read; see the module for the equations. The names are those that notes on exporters use. */
export interface NirOptions {
  /** Of a step, in the unit of the file's τ. @default {0.0001} */
  readonly dt: number;
  /** What is left after a step: 1 − dt/τ, or e^(−dt/τ). @default {"euler"} */
  readonly method: "euler" | "exponential";
  /** What an input of a leaky membrane counts: g·r·x; dt/τ·r·x under either method; or x itself. @default {"ode"} */
  readonly gain: "ode" | "euler" | "unit";
  /** What an input of IF and I counts: dt·r·x, or x. @default {"ode"} */
  readonly gain_if: "ode" | "unit";
  /** What an input of a synapse counts: g_syn·w_in·x, or w_in·x. @default {"ode"} */
  readonly gain_syn: "ode" | "unit";
  /** After a spike: v = v_reset; v = u − v_threshold; the same in the next step, undecayed; or the next u is 0. @default {"value"} */
  readonly reset: "value" | "subtract" | "subtract-late" | "zero-late";
  /** At most one spike a step, or ⌊u/v_threshold⌋ of them. @default {"single"} */
  readonly spikes: "single" | "multi";
  /** v before the first step: 0, v_leak or v_reset. @default {"zero"} */
  readonly start: "zero" | "leak" | "reset";
}

/** What is read where nothing is said. */
export const NIR_DEFAULTS: NirOptions = {
  dt: 1e-4,
  method: "euler",
  gain: "ode",
  gain_if: "ode",
  gain_syn: "ode",
  reset: "value",
  spikes: "single",
  start: "zero",
};

/** The words of each option, for the command line. */
export const NIR_CHOICES = {
  method: ["euler", "exponential"],
  gain: ["ode", "euler", "unit"],
  gain_if: ["ode", "unit"],
  gain_syn: ["ode", "unit"],
  reset: ["value", "subtract", "subtract-late", "zero-late"],
  spikes: ["single", "multi"],
  start: ["zero", "leak", "reset"],
} as const satisfies { readonly [Name in Exclude<keyof NirOptions, "dt">]: readonly NirOptions[Name][] };

/** The habits of exporters: what their files mean where the model has the framework's defaults. */
export const NIR_EXPORTERS = {
  snntorch: { dt: 1e-4, reset: "subtract-late" },
  norse: { dt: 1e-3, gain_if: "unit", gain_syn: "unit", start: "leak" },
  spikingjelly: { dt: 1e-4, start: "reset" },
  sinabs: { dt: 1, method: "exponential", reset: "subtract", spikes: "multi" },
} as const satisfies Readonly<Record<string, Partial<NirOptions>>>;

/** A framework whose exporter's habits are known. */
export type NirExporter = keyof typeof NIR_EXPORTERS;

/** A choice of words; 0 is read as `zero`. */
const choice = <const Words extends readonly string[]>(words: Words) =>
  v.exactOptional(
    v.pipe(
      v.unknown(),
      v.transform((word) => word === 0 || word === "0" ? "zero" : word),
      v.picklist(words),
    ),
  );

const schema = v.strictObject({
  dt: v.exactOptional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  method: choice(NIR_CHOICES.method),
  gain: choice(NIR_CHOICES.gain),
  gain_if: choice(NIR_CHOICES.gain_if),
  gain_syn: choice(NIR_CHOICES.gain_syn),
  reset: choice(NIR_CHOICES.reset),
  spikes: choice(NIR_CHOICES.spikes),
  start: choice(NIR_CHOICES.start),
});

/**
 * Checks options that were given as an object, such as JSON.
 *
 * @param where Their name in messages.
 * @throws {OptionError} when one is unknown or out of its range.
 */
export function parseNirOptions(value: unknown, where = "options"): Partial<NirOptions> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const unknown = parsed.issues.find(({ expected }) => expected === "never");
  if (unknown) {
    throw new OptionError(
      `${where}: ${v.getDotPath(unknown)}: unknown: expected ${Object.keys(NIR_DEFAULTS).join(", ")}`,
    );
  }
  throw new OptionError(`${where}: ${describeIssues(parsed.issues)}`);
}
