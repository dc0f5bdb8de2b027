/** First-layer weights as pictures: each unit's receptive field. */
import { count, counted } from "../text/figures.ts";
import { shownName } from "../network/class_names.ts";
import type { Parameters } from "../engine/engine.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { layersOf } from "../network/short_form.ts";
import { weightsOfInput } from "../network/tensors.ts";
import type { Samples } from "../data/samples.ts";
import { signedImage } from "./images.ts";
import { type Layout, layOut, layoutOfWeights } from "./layout.ts";
import { html, legend, type Markup, section } from "./markup.ts";
import { COLOURS } from "./plot_parts.ts";
import { classColour } from "./class_colours.ts";
import type { LayerActivity } from "./recordings.ts";
import { orderUnits, type UnitOrder } from "./unit_order.ts";
import { percent } from "./words.ts";

/** Maximum number of units and of weights shown, which bounds the page's bytes; the busiest units are kept. */
const MOST_UNITS = 144, MOST_WEIGHTS = 160_000;
/** A picture wider than this, relative to its height, has a line of its own. */
const WIDE = 4;
/** Maximum characters of a class's name below a picture. */
const MOST_NAME = 9;
/** Quantile of the absolute weights that has the full colour. */
const FULL = 0.995;

/**
 * The section; undefined where no weights read the input.
 *
 * @param layerActivity Of the layer that the weights lead into.
 * @param first The network's parameters before training, where they are known.
 */
export function weightsSection(
  spec: NetworkSpec,
  parameters: Parameters,
  samples: Samples,
  layerActivity: LayerActivity | undefined,
  first?: Parameters,
): Markup | undefined {
  const tensor = weightsOfInput(spec), weights = tensor && parameters.get(tensor.name);
  if (!weights) return undefined;
  const { inputs } = structureOf(spec), units = weights.length / inputs;
  // A row is a unit's own where each unit of the layer has one.
  const activity = layerActivity?.units === units ? layerActivity : undefined;
  const layout = layoutOfWeights(spec, samples);
  const most = Math.max(1, Math.min(MOST_UNITS, Math.floor(MOST_WEIGHTS / inputs)));
  const order = orderUnits({ weights, units, rates: activity?.rates, first: first?.get(tensor.name) }, most);
  const scale = scaleOf(weights);
  const isWide = layout.rows === 1 || layout.columns > WIDE * layout.rows;
  const height = isWide ? Math.max(10, Math.min(60, 6 * layout.rows)) : 2 * layout.rows;
  const item = (unit: number) => {
    const cells = layOut(weights.subarray(unit * inputs, (unit + 1) * inputs), layout);
    const source = signedImage(cells, scale), about = captionOf(unit, activity, samples);
    return html`
      <li><img src="${source}" width="${2 * layout
        .columns}" height="${height}" alt="Weights of unit ${unit}"><span>${about}</span></li>
    `;
  };
  const about = activity &&
    `The unit's number, the class for which it fires the most, and its firing rate stand ${
      isWide ? "beside" : "below"
    } it.`;
  return section(
    "weights",
    "First-layer weights",
    SIGNS,
    html`<p>${describeOrder(order, units, "unit", activity !== undefined)}${
      layersOf(spec) ? "" : ` They are those of ${tensor.node}.`
    } ${describeScale(scale)} ${describeLayout(layout)} ${about}</p>`,
    ...orderedLists(
      order,
      "unit",
      (units) => html`<ul class="weights${isWide ? " rows" : ""}">${units.map(item)}</ul>`,
    ),
  );
}

/** What the colours of weights mean. */
export const SIGNS: Markup = legend([
  [COLOURS.blue, "below 0"],
  [COLOURS.vermillion, "above 0"],
]);

/** How large the weights are that have the full colour, in words. */
export function describeScale(scale: number): string {
  return `The full colour is ±${scale.toPrecision(2)}; ${percent(FULL)} of the weights are within it.`;
}

function describeLayout({ of, rows, columns }: Layout): string {
  switch (of) {
    case "picture":
      return `Each picture has a weight for each of ${count(rows)} × ${count(columns)} inputs.`;
    case "sequence":
      return `Each picture has a weight for each of ${count(rows)} channels, upwards, at each of ${
        count(columns)
      } steps, from left to right.`;
    case "channels":
      return `Each row has a weight for each of ${count(columns)} channels, the first one at the left.`;
    case "changes":
      return `Each picture has two weights for each of ${
        count(columns)
      } channels: above for its rise, below for its fall.`;
    case "list":
      return `Each row has a weight for each of ${count(columns)} inputs.`;
    default:
      return of satisfies never;
  }
}

/** Which units, or kernels, are shown, and in which order. */
export function describeOrder(
  { shown, folded }: UnitOrder,
  units: number,
  what: "unit" | "kernel",
  areRated: boolean,
): string {
  const all = shown.length + folded.length;
  const which = all === units
    ? `${units === 1 ? "The" : `All ${count(units)}`} ${what}${units === 1 ? "" : "s"}`
    : `${count(all)} of ${count(units)} ${what}s`;
  const order = all === 1 ? "" : areRated ? ", the busiest first" : ", in their order";
  return `${which}${order}${
    folded.length === 0
      ? ""
      : shown.length === 0
      ? "; there is nothing to see in any, so that they are folded below"
      : "; those with nothing to see are folded below"
  }.`;
}

/** The units with something to see, and, folded, those without. */
export function orderedLists(
  { shown, folded }: UnitOrder,
  what: "unit" | "kernel",
  list: (units: readonly number[]) => Markup,
): Markup[] {
  const parts = shown.length > 0 ? [list(shown)] : [];
  if (folded.length === 0) return parts;
  const about = `${
    counted(folded.length, what)
  } that never fired, or whose weights still are the noise that ${
    folded.length === 1 ? "it" : "they"
  } began with`;
  return [...parts, html`<details><summary>${about}</summary>${list(folded)}</details>`];
}

/** The class for which a unit fires the most; undefined if it never fires. */
function favourite({ units, ratesByClass }: LayerActivity, unit: number): number | undefined {
  let best: number | undefined, highest = 0;
  for (let label = 0; label * units < ratesByClass.length; label++) {
    const rate = ratesByClass[label * units + unit]!;
    if (rate > highest) [best, highest] = [label, rate];
  }
  return best;
}

/** A unit's number, the class for which it fires the most, and its rate. */
export function captionOf(unit: number, activity: LayerActivity | undefined, { classes }: Samples): Markup {
  if (!activity) return html`<b>${unit}</b>`;
  const best = favourite(activity, unit);
  if (best === undefined) return html`<b>${unit}</b> silent`;
  const name = shownName(classes?.[best] ?? String(best), MOST_NAME);
  const rate = activity.rates[unit]!;
  return html`<b>${unit}</b> → <b style="color:${classColour(best)}">${name}</b> <br>${
    rate < 0.001 ? "<0.1\u00a0%" : percent(rate, 1)
  }`;
}

/** The absolute weight that has the full colour. */
export function scaleOf(weights: Float32Array): number {
  const sorted = weights.map(Math.abs).sort();
  return sorted[Math.floor(FULL * (sorted.length - 1))]!;
}
