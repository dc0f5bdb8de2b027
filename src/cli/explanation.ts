/**
 * How the layers are doing, in words: the answer to "my spiking network learns nothing".
 *
 * @module
 */
import type { LayerActivity } from "../train/activity.ts";
import { alignColumns } from "./columns.ts";
import { percent } from "../figures.ts";

/** A layer is told to be silent or saturated when more than this share of its units is. */
const MANY_SILENT = 0.3;
const MANY_SATURATED = 0.05;
/** Firing rates, as a share of steps, outside of which learning is hard in practice. */
const RARE = 0.005;
const OFTEN = 0.5;
/** Currents so many times the threshold have exploded. */
const HUGE = 1000;

/** Describes layers, and says what usually helps where something stands out. */
export function explainLayers(layers: readonly LayerActivity[]): string[] {
  const rows = layers.map((layer) => [
    String(layer.layer),
    layer.neuron,
    String(layer.units),
    layer.firingRate === null ? "–" : percent(layer.firingRate),
    layer.silent === null ? "–" : String(layer.silent),
    layer.saturated === null ? "–" : String(layer.saturated),
    `${short(layer.current.mean)} ± ${short(layer.current.deviation)}`,
    short(layer.current.largest),
    layer.threshold === null ? "–" : short(layer.threshold),
    layer.steadyCurrent === null ? "–" : short(layer.steadyCurrent),
    short(layer.largestWeight),
  ]);
  const head = [
    ...[
      "layer",
      "neuron",
      "units",
      "fires",
      "silent",
      "saturated",
      "current",
      "largest",
      "threshold",
      "reached by",
    ],
    "weight",
  ];
  const advice = layers.flatMap((layer, i) => adviseLayer(layer, i === layers.length - 1));
  return [
    `Layers, over ${layers[0]?.samples ?? 0} training samples:`,
    ...alignColumns([head, ...rows], ["left", "left", ...Array.from({ length: 9 }, () => "right" as const)])
      .map((line) => `  ${line}`),
    "  reached by: a steady current of this size reaches the threshold by the last step",
    "",
    ...(advice.length > 0 ? advice : [
      "Nothing stands out: most units fire, and not at every step. If it learns too little still: more --epochs,",
      "or a --learning-rate three times higher or lower.",
    ]),
  ];
}

/** What stands out in a layer, and what usually helps. Of the top layer it is the potentials that are read: it may be silent. */
function adviseLayer(layer: LayerActivity, isTop: boolean): string[] {
  const { firingRate, silent, saturated, threshold, steadyCurrent, units, steps, current, largestWeight } =
    layer;
  if (firingRate === null || silent === null || saturated === null || threshold === null) return [];
  const name = `Layer ${layer.layer}`;
  const lines: string[] = [];
  const exploded = !(current.largest <= HUGE * Math.max(1, Math.abs(threshold)));
  if (exploded) {
    lines.push(
      `${name}: currents of up to ${short(current.largest)} and weights of up to ${
        short(largestWeight)
      }: training has`,
      "  run away. What usually helps: a --learning-rate ten times lower, or --warm-up over the first batches.",
    );
  }
  if (isTop) {
    // Its spikes reset what is read, and are handed on to nobody.
  } else if (silent > MANY_SILENT * units) {
    lines.push(
      `${name}: ${silent} of ${units} units never fired. A unit that never fires has no gradient, so it stays silent.`,
      ...(exploded ? [] : needed(current, steadyCurrent)),
      "  What usually helps: a lower --threshold, a --decay nearer to 1, more --steps, a lower --learning-rate (one",
      "  large step can silence a unit for good), another --seed.",
    );
  } else if (firingRate < RARE) {
    lines.push(
      `${name}: units fire at ${percent(firingRate)} of the steps only, so little reaches the layer above.`,
      ...needed(current, steadyCurrent),
      "  What usually helps: a lower --threshold, a --decay nearer to 1, more --steps.",
    );
  }
  if (steps > 1 && (saturated > MANY_SATURATED * units || firingRate > OFTEN)) {
    lines.push(
      `${name}: units fire at ${
        percent(firingRate)
      } of the steps, ${saturated} of ${units} at every one: who always fires`,
      "  tells nothing. What usually helps: a higher --threshold or --penalty, a lower --decay or --learning-rate.",
    );
  }
  return lines;
}

/** How far the currents are from those that make a unit fire. */
function needed({ mean, deviation }: LayerActivity["current"], steadyCurrent: number | null): string[] {
  if (steadyCurrent === null) return [];
  return [
    `  Its currents are ${short(mean)} ± ${short(deviation)}; a steady ${
      short(steadyCurrent)
    } reaches the threshold by the last step.`,
  ];
}

/** Three digits, whatever the size. */
function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e5 || size < 1e-3)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}
