/** Chosen samples step by step: their spikes, membrane potentials with the threshold, and the decision's course. */
import * as Plot from "@observablehq/plot";
import { decisionOf, logSoftmax } from "./decision.ts";
import { count } from "../text/figures.ts";
import { type Samples, wordOf } from "../data/samples.ts";
import type { Parameters, SampleTrace } from "../engine/engine.ts";
import { indexNames } from "../network/class_names.ts";
import { type Constant, kindOf } from "../network/neurons.ts";
import { mapsOf, unitName } from "../network/maps.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { type Population, structureOf } from "../network/structure.ts";
import { constantTensor } from "../network/tensors.ts";
import { layerName } from "../network/words.ts";
import type { TracedSample } from "./findings.ts";
import { drawMaps, picturesOfMaps } from "./feature_maps.ts";
import { colouredName } from "./class_names.ts";
import { sampleFigure } from "./images.ts";
import { figure, html, legend, type Markup, section } from "./markup.ts";
import { classColour } from "./class_colours.ts";
import { axis, COLOURS, line, thinned, thresholdLine, tickPercent } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import { drawRaster } from "./raster.ts";
import { spikingLayers } from "./recordings.ts";
import { className, probability } from "./words.ts";

/** Points of a drawn line, and marked spikes of a unit. */
const MOST_POINTS = 200;
/** Ticks of all rasters together. */
const MOST_TICKS = 60_000;
/** Classes without a colour whose lines are drawn. */
const MOST_OTHERS = 12;
/** Units in all pictures of feature maps together. */
const MOST_PIXELS = 2_000_000;
/** Layers whose rasters are drawn; of more, the first ones and the last. */
const MOST_RASTERS = 4;
/** Classes whose lines have a colour. */
const COLOURED = 3;

/** The section. */
export function samplesSection(
  spec: NetworkSpec,
  parameters: Parameters,
  samples: Samples,
  traced: readonly TracedSample[],
): Markup {
  const hasMaps = spikingLayers(spec).some((layer) => mapsOf(structureOf(spec).populations[layer]!.shape));
  return section(
    "samples",
    "Samples, step by step",
    html`<p>Each sample is shown for ${
      samples.lengths ? `as many steps as it has, ${count(spec.steps)} at most` : `${count(spec.steps)} steps`
    }. ${
      wordOf(samples) === "sequence" ? "Its picture has steps from left to right and channels upwards. " : ""
    }${
      hasMaps ? "Feature maps are pictures with a pixel a unit, blue where it fires. " : ""
    }A tick is a spike. A line shows the membrane potential after each step; a dot at a spike shows the potential before the
reset (of a graded neuron; of others, the threshold). The dashed line is the threshold.</p>`,
    ...traced.map((sample) => oneSample(spec, parameters, samples, sample, traced.length)),
  );
}

function oneSample(
  spec: NetworkSpec,
  parameters: Parameters,
  samples: Samples,
  { index, trace }: TracedSample,
  of: number,
): Markup {
  const probabilities = logSoftmax(trace.logits).map(Math.exp);
  const named = probabilities.indexOf(Math.max(...probabilities)), label = samples.labels[index]!;
  const names = samples.classes ?? indexNames(probabilities.length);
  const nameOf = (unit: number) => className(names, unit), word = wordOf(samples);
  const title = `Test ${word} ${count(index)} (${nameOf(label)})`;
  const coloured = (unit: number) => colouredName(names, unit);
  const chance = (unit: number) => probability(probabilities[unit]!);
  const verdict = named === label
    ? html`named rightly, ${coloured(named)}, with a probability of ${chance(named)}`
    : html`taken for ${coloured(named)} with a probability of ${chance(named)}; ${coloured(label)} had ${
      chance(label)
    }`;
  const { steps } = spec, { populations, hidden, readout } = structureOf(spec);
  const firing = spikingLayers(spec);
  const shown = firing.length <= MOST_RASTERS
    ? firing
    : [...firing.slice(0, MOST_RASTERS - 1), firing.at(-1)!];
  const classes = coloursOf(probabilities, label, nameOf);
  const mostTicks = Math.floor(MOST_TICKS / (of * shown.length));
  const own = samples.lengths?.[index] ?? steps;
  const mostUnits = Math.floor(MOST_PIXELS / (of * shown.length * picturesOfMaps(own)));
  const raster = (layer: number) => {
    const { units, shape, isReadout } = populations[layer]!, name = layerName(spec, layer);
    const maps = drawMaps({ spikes: trace.spikes[layer]!, steps: own, shape, name, mostUnits });
    if (maps) return maps;
    const picture = drawRaster({
      spikes: trace.spikes[layer]!,
      steps,
      units,
      name,
      mostTicks,
      classes: isReadout ? names : undefined,
    });
    return figure(picture, `Spikes of ${name}.`);
  };
  const first = hidden.find(({ isSpiking }) => isSpiking);
  const potentials = first
    ? figure(
      hiddenPotentials(spec, first, parameters, trace),
      `Potentials of three units of ${
        layerName(spec, first.index)
      }: the busiest, one of median activity, and the silent one that came the closest ` +
        "to its threshold.",
    )
    : "";
  const decisions = decisionOf(spec, trace);
  const decision = [
    legend(classes.map(({ colour, name }) => [colour, name])),
    figure(
      outputPotentials(spec, parameters, trace, classes),
      "Potentials of the output layer, from which the readout is taken.",
    ),
    decisions
      ? figure(
        decisionPlot(decisions, readout.units, classes),
        "Each class's probability if the readout ended at this step.",
      )
      : "",
  ];
  return html`
    <article class="trace" aria-labelledby="sample-${index}">
      <header>${sampleFigure(
        samples,
        index,
        title,
      )}<div><h3 id="sample-${index}">${title}</h3><p>${verdict}</p></div></header>
      <div class="grid">
        <div>${shown.filter((layer) => layer !== readout.index).toReversed().map(raster)}${potentials}</div>
        <div>${shown.filter((layer) => layer === readout.index).map(raster)}${decision}</div>
      </div>
    </article>
  `;
}

/** A class with a colour: the label, or one of its most probable rivals. */
interface ColouredClass {
  readonly unit: number;
  readonly colour: string;
  readonly name: string;
}

function coloursOf(
  probabilities: Float64Array,
  label: number,
  nameOf: (unit: number) => string,
): ColouredClass[] {
  const rivals = Array.from(probabilities.keys()).filter((unit) => unit !== label)
    .sort((a, b) => probabilities[b]! - probabilities[a]!).slice(0, COLOURED - 1);
  const rest = {
    unit: -1,
    colour: COLOURS.faint,
    name: probabilities.length > COLOURED + MOST_OTHERS ? "some of the others" : "the others",
  };
  const coloured = [label, ...rivals].map((unit) => ({
    unit,
    colour: classColour(unit),
    name: `${nameOf(unit)}${unit === label ? " (its class)" : ""}`,
  }));
  return probabilities.length > coloured.length ? [...coloured, rest] : coloured;
}

/** A value of a unit at a step. */
interface Level {
  readonly step: number;
  readonly value: number;
}

function levelsOf(values: ArrayLike<number>, units: number, unit: number): Level[] {
  return Array.from(
    { length: values.length / units },
    (_, step) => ({ step, value: values[step * units + unit]! }),
  );
}

/** A unit's constant: its own where each unit has one, else its layer's; undefined for a neuron without. */
function constantOf(
  spec: NetworkSpec,
  { index, neuron }: Population,
  constant: Constant,
  parameters: Parameters,
  unit: number,
): number | undefined {
  const own = constantTensor(spec, index, constant);
  return own ? parameters.get(own.name)?.[unit] : kindOf(neuron).values(neuron)[constant];
}

function hiddenPotentials(
  spec: NetworkSpec,
  population: Population,
  parameters: Parameters,
  trace: SampleTrace,
): Markup {
  const { index, units, shape, neuron } = population;
  const potentials = trace.potentials[index]!,
    spikes = trace.spikes[index]!,
    currents = trace.currents[index]!;
  const thresholdOfUnit = (unit: number) => constantOf(spec, population, "threshold", parameters, unit) ?? 0;
  const panels = tellingUnits(potentials, spikes, units, thresholdOfUnit).map((unit) => {
    const panel = unitName(shape, unit), threshold = thresholdOfUnit(unit);
    const decay = constantOf(spec, population, "decay", parameters, unit) ?? neuron.decay;
    const within = (levels: readonly Level[]) =>
      thinned(levels, ({ value }) => value, MOST_POINTS).map((level) => ({ ...level, panel, threshold }));
    const fired = levelsOf(spikes, units, unit).filter(({ value }) => value > 0);
    // A graded neuron's potential before the reset follows from its current: u' = i + d·u.
    const peaks = fired.map(({ step }) => {
      const at = step * units + unit, before = step === 0 ? 0 : potentials[at - units]!;
      return { step, value: neuron.kind === "graded" ? currents[at]! + decay * before : threshold };
    });
    return {
      panel,
      threshold,
      spikes: fired.reduce((sum, { value }) => sum + value, 0),
      levels: within(levelsOf(potentials, units, unit)),
      peaks: within(peaks),
    };
  });
  const peaks = panels.flatMap(({ peaks }) => peaks);
  const at = { x: "step", fy: "panel" } as const, stroke = { stroke: COLOURS.blue, strokeWidth: 1.2 };
  return draw(
    {
      height: 80 * panels.length + 60,
      marginRight: 10 + 7 * Math.max(...panels.map(({ panel }) => panel.length)),
      fy: { label: null, domain: panels.map(({ panel }) => panel) },
      x: stepAxis(spec.steps),
      y: axis("potential (dimensionless)", { ticks: 3, nice: true }),
      marks: [
        Plot.ruleY(panels, {
          y: "threshold",
          fy: "panel",
          stroke: COLOURS.vermillion,
          strokeDasharray: "5 3",
        }),
        Plot.lineY(panels.flatMap(({ levels }) => levels), { ...at, y: "value", ...stroke }),
        Plot.ruleX(peaks, { ...at, y1: "threshold", y2: "value", ...stroke }),
        Plot.dot(peaks, { ...at, y: "value", fill: COLOURS.blue, r: 2 }),
      ],
    },
    `Membrane potentials of ${
      panels.map(({ panel, spikes }) => `${panel} with ${count(spikes)} spikes`).join(", ")
    }`,
  );
}

/** The busiest unit, the median one of those that fire, and the silent one whose potential came the closest to threshold. */
export function tellingUnits(
  potentials: Float32Array,
  fired: Uint8Array,
  units: number,
  threshold: (unit: number) => number,
): number[] {
  const all = Array.from({ length: units }, (_, unit) => {
    let spikes = 0, gap = Infinity;
    for (let at = unit; at < fired.length; at += units) {
      spikes += fired[at]!;
      gap = Math.min(gap, threshold(unit) - potentials[at]!);
    }
    return { unit, spikes, gap };
  });
  const firing = all.filter(({ spikes }) => spikes > 0)
    .sort((a, b) => b.spikes - a.spikes || a.unit - b.unit);
  const silent = all.filter(({ spikes }) => spikes === 0).sort((a, b) => a.gap - b.gap || a.unit - b.unit);
  const chosen = [firing[0], firing[Math.floor(firing.length / 2)], silent[0]];
  return [...new Set(chosen.flatMap((each) => each ? [each.unit] : []))];
}

/** An axis of steps, with whole numbers alone where they are few. */
function stepAxis(steps: number) {
  const last = Math.max(1, steps - 1);
  return axis("step", { domain: [0, last], ...(last < 10 && { ticks: last, tickFormat: "d" }) });
}

function outputPotentials(
  spec: NetworkSpec,
  parameters: Parameters,
  trace: SampleTrace,
  classes: readonly ColouredClass[],
): Markup {
  const { readout } = structureOf(spec), { index, units } = readout;
  return draw({
    height: 230,
    x: stepAxis(spec.steps),
    y: axis("potential (dimensionless)", { grid: true }),
    marks: [
      ...linesOf(trace.potentials[index]!, units, classes),
      thresholdLine(constantOf(spec, readout, "threshold", parameters, 0)),
    ],
  }, "Membrane potentials of the output layer over the steps");
}

/** A line for each class, those without a colour first: of many, the first ones. */
function linesOf(values: ArrayLike<number>, units: number, classes: readonly ColouredClass[]) {
  const colours = new Map(classes.map(({ unit, colour }) => [unit, colour]));
  const all = Array.from({ length: units }, (_, unit) => unit);
  const others = all.filter((unit) => !colours.has(unit)).slice(0, MOST_OTHERS);
  return [...others, ...all.filter((unit) => colours.has(unit))]
    .map((unit) =>
      line(levelsOf(values, units, unit), ["step", "value"], MOST_POINTS, {
        stroke: colours.get(unit) ?? COLOURS.faint,
        strokeWidth: colours.has(unit) ? 2 : 1,
      })
    );
}

function decisionPlot(decisions: Float64Array, units: number, classes: readonly ColouredClass[]): Markup {
  return draw({
    height: 210,
    x: stepAxis(decisions.length / units),
    y: axis("probability", { domain: [0, 1], tickFormat: tickPercent, grid: true }),
    marks: linesOf(decisions, units, classes),
  }, "Probability of each class over the steps");
}
