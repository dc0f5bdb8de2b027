/** Texts of a report: names of layers and classes, percentages. */
import * as figures from "../text/figures.ts";
import type { Parameters } from "../engine/engine.ts";
import { shownName } from "../network/class_names.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { layerName } from "../network/words.ts";

/** A layer with its size and kind: `layer 1 (100 units, graded)`. */
export function describeLayer(spec: NetworkSpec, layer: number): string {
  const { units, neuron } = structureOf(spec).populations[layer]!;
  return `${layerName(spec, layer)} (${figures.count(units)} units, ${neuron.kind})`;
}

/** Maximum characters of a class's name in a text, and beside a plot. */
const MOST_NAME = 32, MOST_TICK = 14;
/** Approximate width of an axis's letter, in pixels. */
const LETTER = 7;

/** A class's name in a text. */
export function className(names: readonly string[], label: number): string {
  return shownName(names[label] ?? String(label), MOST_NAME);
}

/** Ticks of an axis whose values are labels as texts: their classes' names. */
export function classTicks(names: readonly string[], labels: readonly string[]): {
  readonly tickFormat: (label: string) => string;
  /** Width of the longest name, in pixels. */
  readonly room: number;
} {
  const tickFormat = (label: string) => shownName(names[Number(label)] ?? label, MOST_TICK);
  return { tickFormat, room: LETTER * Math.max(0, ...labels.map((label) => tickFormat(label).length)) };
}

/** A share as a percentage with a no-break space: `85.55 %`. */
export function percent(share: number, digits?: number): string {
  return figures.percent(share, digits).replace(" ", "\u00a0");
}

/** A probability that is never written as certain: `over 99.99 %`. */
export function probability(share: number): string {
  if (share > 0.9999) return "over 99.99\u00a0%";
  return share < 0.0001 ? "below 0.01\u00a0%" : percent(share);
}

/** The text with a capital first letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The number of a network's parameters: `79,510`. */
export function parameterCount(parameters: Parameters): string {
  return figures.count(parameters.values().reduce((sum, { length }) => sum + length, 0));
}
