/** The network: its graph as a picture, with sizes, work and firing rates, and the same as a table. */
import { count, counted, short } from "../text/figures.ts";
import type { GraphSpec } from "../network/graph.ts";
import {
  edgesInWords,
  kindInWords,
  type NodeSummary,
  readoutInWords,
  settingsInWords,
  shapeInWords,
  summariseNodes,
} from "../network/node_summary.ts";
import { type Edge, INPUT } from "../network/place.ts";
import { structureOf } from "../network/structure.ts";
import { figure, html, type Markup, section, type Table, table } from "./markup.ts";
import { type Arrow, type Box, drawGraph, type NetworkPicture } from "./network_picture.ts";
import { percent } from "./words.ts";

/** The width up to which a picture stands beside its table, in pixels; a wider one can be scrolled. */
const HALF = 480;
/** The least width of a picture, in pixels: a wider one is scaled down to it. */
const LEAST = 760;
/** Of a network with more nodes, the picture is folded. */
const MOST_UNFOLDED = 60;
/**
 * Of a network with more nodes, or with edges that pass more of them in sum, there is no picture, and the table has the first nodes
 * only: this bounds the page's bytes.
 */
const MOST_NODES = 200, MOST_PASSED = 4000;
/** Characters of a node's edges in the table. */
const MOST_LETTERS = 200;

/**
 * The section.
 *
 * @param rates The mean firing rate of each population that fires, by its node; missing where none was recorded.
 * @param ofWhat What the rates are of, such as `500 test images`.
 */
export function networkSection(
  spec: GraphSpec,
  rates: ReadonlyMap<string, number> = new Map(),
  ofWhat?: string,
): Markup {
  const { parameters, multiplyAdds } = structureOf(spec), nodes = summariseNodes(spec);
  const step = spec.steps > 1 ? "step" : "sample", numbers = tableOf(spec, nodes, rates, step);
  const edges = arrowsOf(spec), passed = edges.reduce((sum, { from, to }) => sum + Math.abs(to - from), 0);
  const isDrawn = nodes.length <= MOST_NODES && passed <= MOST_PASSED;
  return section(
    "network",
    "The network",
    html`<p>${counted(parameters, "parameter")}; ${
      counted(multiplyAdds, "multiply-add")
    } (mult-adds) a ${step}, if every input counts.${
      ofWhat === undefined ? "" : ` Firing rates are means over ${ofWhat}.`
    }</p>`,
    isDrawn
      ? pictureOf(
        spec,
        nodes,
        drawGraph(boxesOf(spec, nodes, rates, step), edges, ...describe(spec)),
        rates,
        numbers,
      )
      : figure(
        html``,
        `There is no picture of ${counted(nodes.length, "node")} and ${counted(edges.length, "edge")}.`,
        numbers,
      ),
  );
}

/** The picture with its table: beside it where there is room, else folded below. */
function pictureOf(
  spec: GraphSpec,
  nodes: readonly NodeSummary[],
  { width, markup }: NetworkPicture,
  rates: ReadonlyMap<string, number>,
  numbers: Table,
): Markup {
  const caption = captionOf(spec, nodes, rates), isFolded = nodes.length > MOST_UNFOLDED;
  // Letters keep their size: on a narrow screen the picture is scrolled.
  const whole = html`
    <div class="scroll" tabindex="0" role="group" aria-label="The network">
      <div class="drawing" style="--width:${width}px;--least:${Math.min(width, LEAST)}px">${markup}</div>
    </div>
  `;
  if (width <= HALF && !isFolded) {
    const isSpatial = nodes.some(({ shape }) => shape.length > 1);
    return html`<div class="grid ${isSpatial ? "wide beside" : "wide"}">${figure(whole, caption)}${
      table(withoutEdges(numbers))
    }</div>`;
  }
  const shown = isFolded ? html`<details><summary>The picture</summary>${whole}</details>` : whole;
  return figure(shown, caption, numbers);
}

/** A picture's name and description for screen readers. */
function describe({ nodes, readout }: GraphSpec): [label: string, description: string] {
  return [
    `The network as a graph of ${counted(nodes.length, "node")}, from the input to the readout`,
    `${nodes.map(({ id, from }) => `${id} takes ${edgesInWords(from)}`).join("; ")}; the readout takes ${
      edgesInWords([readout])
    }.`,
  ];
}

function boxesOf(
  { input, readout }: GraphSpec,
  nodes: readonly NodeSummary[],
  rates: ReadonlyMap<string, number>,
  step: string,
): Box[] {
  return [
    { name: INPUT, kind: input.encoder.kind, shape: shapeInWords(input.shape), text: "", role: "input" },
    ...nodes.map(({ node, shape, parameters, multiplyAdds, population }): Box => {
      const rate = rates.get(node.id);
      const box = { name: node.id, kind: node.kind, shape: shapeInWords(shape) };
      if (population) {
        return {
          ...box,
          role: "neurons",
          text: [
            ...(rate === undefined
              ? []
              : [`${percent(rate, 1)} fire`, `${short(rate * population.units)} spikes a ${step}`]),
            ...(parameters > 0 ? [`${count(parameters)} params`] : []),
          ].join(" · "),
          ...(rate !== undefined && { rate }),
        };
      }
      return {
        ...box,
        role: "operator",
        text: [
          ...[settingsInWords(node)].filter((words) => words !== ""),
          ...(parameters > 0 ? [`${count(parameters)} params`] : []),
          ...(multiplyAdds > 0 ? [`${count(multiplyAdds)} mult-adds`] : []),
        ].join(" · "),
      };
    }),
    { name: "readout", kind: readoutInWords(readout), shape: "", text: "", role: "readout" },
  ];
}

function arrowsOf({ nodes, readout }: GraphSpec): Arrow[] {
  const places = new Map([INPUT, ...nodes.map(({ id }) => id)].map((id, place) => [id, place]));
  return [...nodes.map(({ from }) => from), [readout]].flatMap((from, i) =>
    from.map(({ node, delay }) => ({ from: places.get(node)!, to: i + 1, delay }))
  );
}

function captionOf(
  { nodes }: GraphSpec,
  summaries: readonly NodeSummary[],
  rates: ReadonlyMap<string, number>,
): Markup {
  const isDelayed = nodes.some(({ from }) => from.some(({ delay }) => delay > 0));
  const loops = summaries.filter(({ isInLoop }) => isInLoop).map(({ node }) => node.id);
  return html`From the input to the readout; at the right of a name, the shape of the output at one step.${
    isDelayed ? " Delays are in steps." : ""
  }${
    loops.length > 0 ? ` Dashed edges lead back, a step or more later: ${loops.join(", ")} are in loops.` : ""
  }${rates.size > 0 ? " Bars show firing rates." : ""}`;
}

/** A table beside the picture, which has the edges. */
function withoutEdges({ head, rows, ...others }: Table): Table {
  const isKept = (_: unknown, column: number) => head[column] !== "from";
  return { ...others, head: head.filter(isKept), rows: rows.map((row) => row.filter(isKept)) };
}

function tableOf(
  spec: GraphSpec,
  nodes: readonly NodeSummary[],
  rates: ReadonlyMap<string, number>,
  step: string,
): Table {
  const orNone = (value: number) => value === 0 ? "" : count(value);
  const edges = (from: readonly Edge[]) => {
    const words = edgesInWords(from);
    return words.length > MOST_LETTERS ? `${words.slice(0, MOST_LETTERS)}…` : words;
  };
  const hasRates = rates.size > 0;
  const rateCells = (rate: number | undefined, units: number) =>
    !hasRates ? [] : rate === undefined ? ["", ""] : [percent(rate), short(rate * units)];
  return {
    caption: nodes.length > MOST_NODES
      ? `The first ${MOST_NODES} of the network's nodes, in the order of its description`
      : "The network's nodes, in the order of its description",
    head: [
      ...["node", "kind", "shape", "from", "parameters", "mult-adds"],
      ...(hasRates ? ["fires", `spikes a ${step}`] : []),
    ],
    rows: [
      [
        INPUT,
        spec.input.encoder.kind,
        shapeInWords(spec.input.shape),
        "",
        "",
        "",
        ...rateCells(undefined, 0),
      ],
      ...nodes.slice(0, MOST_NODES).map(({ node, shape, parameters, multiplyAdds, population }) => [
        ...[node.id, kindInWords(node), shapeInWords(shape), edges(node.from), orNone(parameters)],
        ...[orNone(multiplyAdds), ...rateCells(rates.get(node.id), population?.units ?? 0)],
      ]),
      [
        ...["readout", readoutInWords(spec.readout), "", edgesInWords([spec.readout]), "", ""],
        ...rateCells(undefined, 0),
      ],
    ],
  };
}
