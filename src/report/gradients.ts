/**
 * Gradient norms, layer by layer, during training: they show where gradients explode or vanish in the backward pass.
 */
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { shortLayerName } from "../network/words.ts";
import { count, short } from "../text/figures.ts";
import { figure, html, legend, type Markup, type Table } from "./markup.ts";
import { axis, line, SERIES } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import type { BatchMetrics } from "./recorded_run.ts";

/** Gradient norms of one layer. */
interface GradientCurve {
  /** In the order of the description, from 1. */
  readonly layer: number;
  /** The median over each batch and those before it; without those of 0 or not finite, which no logarithmic scale can show. */
  readonly points: readonly { readonly seen: number; readonly norm: number }[];
  /** In order, without those that are not finite. */
  readonly norms: readonly number[];
}

const MOST_POINTS = 400;

/** The layers that are drawn, from 1: all where there are colours for them, else evenly from the first to the last one. */
export function drawnLayers(layers: number): number[] {
  const drawn = Math.min(layers, SERIES.length);
  return Array.from(
    { length: drawn },
    (_, i) => drawn < 2 ? 1 : 1 + Math.round(i * (layers - 1) / (drawn - 1)),
  );
}

/** The number of layers whose norms were recorded. */
function layersIn(metrics: readonly BatchMetrics[]): number {
  return metrics.reduce((most, { gradientNorms }) => Math.max(most, gradientNorms?.length ?? 0), 0);
}

/** The curves of the layers that are drawn. @param width Batches that a point is the median of. */
export function gradientCurves(metrics: readonly BatchMetrics[], width: number): GradientCurve[] {
  return drawnLayers(layersIn(metrics)).map((layer) => {
    const norms = metrics.map(({ gradientNorms }) => gradientNorms?.[layer - 1] ?? NaN);
    let seen = 0;
    const points = metrics.flatMap(({ samples }, i) => {
      seen += samples;
      const window = norms.slice(Math.max(0, i + 1 - width), i + 1).filter(Number.isFinite).sort((a, b) =>
        a - b
      );
      const norm = window[Math.floor(window.length / 2)] ?? 0;
      return norm > 0 ? [{ seen, norm }] : [];
    });
    return { layer, points, norms: norms.filter(Number.isFinite) };
  });
}

/**
 * The picture, where norms were recorded.
 *
 * @param width Batches that a point is the median of.
 * @param spec The network; where it is not known, the last layer is taken for the output layer, as in a chain of layers.
 */
export function gradientFigure(
  metrics: readonly BatchMetrics[],
  width: number,
  spec?: NetworkSpec,
): Markup | undefined {
  const curves = gradientCurves(metrics, width);
  if (curves.every(({ norms }) => norms.length === 0)) return undefined;
  const layers = layersIn(metrics), output = "output layer";
  const isKnown = spec && structureOf(spec).populations.length === layers;
  const name = (layer: number) => {
    if (isKnown) return shortLayerName(spec, layer - 1, output);
    return layer === layers ? output : `layer ${layer}`;
  };
  const values = curves.flatMap(({ points }) => points.map(({ norm }) => norm));
  const picture = draw(
    {
      height: 250,
      x: axis("training samples seen", { tickFormat: "~s", ticks: 4 }),
      y: axis("gradient's L2 norm", {
        grid: true,
        type: "log",
        ticks: ticksOf(values),
        tickFormat: shown,
        ...(values.length === 0 && { domain: [0.1, 1] }),
      }),
      marks: curves.map(({ points }, i) =>
        line(points, ["seen", "norm"], MOST_POINTS, { stroke: SERIES[i]!, strokeWidth: 1.6 })
      ),
    },
    `gradient norms over training, layer by layer: ${
      curves.map(({ layer, norms }) => `${name(layer)} ${shown(medianOf(norms))}`).join(", ")
    }`,
  );
  const key = legend(curves.map(({ layer }, i) => [SERIES[i]!, name(layer)]));
  const batches = width === 1 ? "one batch" : `${count(width)} batches`;
  const caption = html`
    ${key}The L2 norm of the gradient of a batch's mean loss by a layer's parameters; the median of ${batches}.
    Another layer's gradient explodes where its norm is a hundred times the output layer's, and vanishes where it is a fiftieth.
  `;
  return figure(picture, caption, tableOf(curves, name));
}

/** Powers of ten between some values, six at most; below two decades, also 2 and 5 times these. */
function ticksOf(values: readonly number[]): number[] {
  const [low = 0, high = 0] = [Math.min, Math.max].map((end) =>
    Math.log10(values.reduce((a, b) => end(a, b), values[0] ?? 1))
  );
  const steps = high - low < 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((high - low) / 6));
  const powers = Array.from(
    { length: Math.floor(high) - Math.floor(low) + 1 },
    (_, i) => Math.floor(low) + i,
  );
  return powers.filter((power) => power % stride === 0)
    .flatMap((power) => steps.map((step) => step * 10 ** power))
    .filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
}

function tableOf(curves: readonly GradientCurve[], name: (layer: number) => string): Table {
  return {
    caption: "Gradient norms of batches",
    head: ["layer", "first", "median", "smallest", "largest"],
    rows: curves.map(({ layer, norms }) => [
      name(layer),
      shown(norms[0] ?? NaN),
      shown(medianOf(norms)),
      shown(norms.reduce((least, norm) => Math.min(least, norm), Infinity)),
      shown(norms.reduce((most, norm) => Math.max(most, norm), -Infinity)),
    ]),
  };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function shown(norm: number): string {
  return Number.isFinite(norm) ? short(norm) : "–";
}
