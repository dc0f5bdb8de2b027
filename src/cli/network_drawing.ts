/** A network as text: its nodes in the order of the description, with lines for the edges, and a table of sizes. */
import type { GraphNode, GraphSpec } from "../network/graph.ts";
import {
  edgesInWords,
  type NodeSummary,
  readoutInWords,
  settingsInWords,
  shapeInWords,
  summariseNodes,
} from "../network/node_summary.ts";
import { INPUT } from "../network/place.ts";
import { structureOf } from "../network/structure.ts";
import { alignColumns } from "../text/columns.ts";
import { count, percent } from "../text/figures.ts";
import { drawTracks } from "./graph_tracks.ts";
import { wrapLine } from "./output.ts";

/** Columns that lines take at most, so that the table beside them stays readable. */
const WIDEST_TRACKS = 24;
/** The columns of the table, those first that are left out where a line is too narrow for all. */
const LEFT_OUT = ["mult-adds", "parameters", "shape"];
const MARKS = { input: "○", operator: "□", neurons: "●", readout: "◆" } as const;

/** A line of the list: the input, a node, or the readout. */
interface Line {
  readonly mark: string;
  /** Places in the list. */
  readonly sources: readonly number[];
  /** Its edges, where they are others than one without a delay from the line before. */
  readonly edges: string;
  readonly cells: readonly string[];
  /** In place of the cells after the name. */
  readonly words?: string;
  /** A window and the like, which stand behind the kind, or, where there is no room, above it. */
  readonly settings?: string;
}

/**
 * Draws a network. Where its lines would take more than {@linkcode WIDEST_TRACKS} columns, the edges are given in words alone.
 *
 * @param rates The firing rate of each population, where it is known.
 * @param columns Characters of a line at most.
 */
export function drawNetwork(
  spec: GraphSpec,
  columns: number,
  rates: ReadonlyMap<string, number> = new Map(),
): string[] {
  const lines = linesOf(spec, rates), head = ["node", "kind", "shape", "parameters", "mult-adds", "fires"];
  const tracks = drawTracks(lines);
  const width = Math.max(
    ...tracks.flatMap(({ above, own, below }) => [...above, own, ...below]).map(lengthOf),
  );
  const isDrawn = width <= Math.min(WIDEST_TRACKS, columns / 3), indent = isDrawn ? width + 2 : 0;
  const hasRates = rates.size > 0, room = columns - indent;
  const wide = table(head, lines, room, hasRates, true);
  const cells = wide ?? table(head, lines, room, hasRates, false)!;
  const beside = (track: string, text: string) => (isDrawn ? track.padEnd(indent) : "") + text;
  return [
    beside("", cells[0]!),
    ...lines.flatMap(({ edges, settings = "" }, place) => {
      const { passing, above, own, below } = tracks[place]!;
      const words = [
        ...(edges === "" ? [] : wrapLine(`from ${edges}`, room)),
        ...(wide || settings === "" ? [] : wrapLine(settings, room)),
      ];
      const rows = isDrawn
        ? [...Array(Math.max(0, words.length - above.length)).fill(passing), ...above]
        : words;
      return [
        ...rows.map((row, i) => beside(row, words[i - rows.length + words.length] ?? "")),
        beside(own, cells[place + 1]!),
        ...(isDrawn ? below : []),
      ];
    }),
  ].map((line) => line.trimEnd());
}

/** A network's totals, as rows of a name and a text. */
export function totalsOf(spec: GraphSpec): string[][] {
  const { parameters, multiplyAdds, populations } = structureOf(spec);
  const loops = summariseNodes(spec).filter(({ isInLoop }) => isInLoop).map(({ node }) => node.id);
  const units = populations.reduce((sum, population) => sum + population.units, 0);
  return [
    ["Steps", count(spec.steps)],
    [
      "Neurons",
      `${count(units)} in ${populations.length === 1 ? "one node" : `${populations.length} nodes`}`,
    ],
    ["Parameters", count(parameters)],
    ["Multiply-adds", `${count(multiplyAdds)} a step, if every input counts`],
    ...(loops.length > 0 ? [["In loops", `${loops.join(", ")}: dashed lines lead back`]] : []),
  ];
}

function linesOf(spec: GraphSpec, rates: ReadonlyMap<string, number>): Line[] {
  const { input, nodes, readout } = spec;
  const places = new Map([INPUT, ...nodes.map(({ id }) => id)].map((id, place) => [id, place]));
  const sourcesOf = (from: GraphNode["from"]) => from.map(({ node }) => places.get(node)!);
  const wordsOf = (from: GraphNode["from"], before: string) =>
    from.length === 1 && from[0]!.node === before && from[0]!.delay === 0 ? "" : edgesInWords(from);
  const read = [{ node: readout.node, delay: readout.delay }];
  return [
    {
      mark: MARKS.input,
      sources: [],
      edges: "",
      cells: [INPUT, input.encoder.kind, shapeInWords(input.shape)],
    },
    ...summariseNodes(spec).map((summary, i): Line => {
      const { node, population } = summary;
      return {
        mark: population ? MARKS.neurons : MARKS.operator,
        sources: sourcesOf(node.from),
        edges: wordsOf(node.from, nodes[i - 1]?.id ?? INPUT),
        cells: cellsOf(summary, rates),
        settings: settingsInWords(node),
      };
    }),
    {
      mark: MARKS.readout,
      sources: sourcesOf(read),
      edges: wordsOf(read, nodes.at(-1)!.id),
      cells: ["readout"],
      words: readoutInWords(readout),
    },
  ];
}

function cellsOf({ node, shape, parameters, multiplyAdds }: NodeSummary, rates: ReadonlyMap<string, number>) {
  const orNone = (value: number) => value === 0 ? "" : count(value), rate = rates.get(node.id);
  return [
    node.id,
    node.kind,
    shapeInWords(shape),
    orNone(parameters),
    orNone(multiplyAdds),
    rate === undefined ? "" : percent(rate),
  ];
}

/**
 * The table, without columns for which there is no room, and with long names cut.
 *
 * @param withSettings They stand behind the kind, and shapes stay; `undefined` where there is no room for that.
 */
function table(
  head: readonly string[],
  lines: readonly Line[],
  columns: number,
  hasRates: boolean,
  withSettings: boolean,
): string[] | undefined {
  const rows = [
    head,
    ...lines.map(({ cells: [name = "", kind = "", ...others], settings = "" }) => [
      ...[name, withSettings && settings !== "" ? `${kind} ${settings}` : kind],
      ...others,
    ]),
  ];
  const most = withSettings ? LEFT_OUT.indexOf("shape") : LEFT_OUT.length;
  for (let left = 0; left <= most; left++) {
    const kept = [...head.keys()].filter((column) =>
      !LEFT_OUT.slice(0, left).includes(head[column]!) && (hasRates || head[column] !== "fires")
    );
    const text = alignColumns(
      rows.map((row) => kept.map((column) => row[column] ?? "")),
      kept.map((column) => column < 2 ? "left" : "right"),
    );
    const isLast = left === LEFT_OUT.length;
    if (!isLast && text.some((line) => line.length > columns)) continue;
    const at = text[0]!.indexOf("kind");
    return text.map((line, i) => {
      const words = lines[i - 1]?.words;
      return (words === undefined ? line : line.padEnd(at) + words).slice(0, columns);
    });
  }
  return undefined;
}

function lengthOf({ length }: string): number {
  return length;
}
