/**
 * A graph as a picture: a box a node from the input at the top to the readout, edges with their delays, and dashed edges that lead
 * back.
 */
import { type GraphLayout, layOutGraph } from "./graph_layout.ts";
import { html, type Markup } from "./markup.ts";
import { COLOURS } from "./plot_parts.ts";

/** A box. */
export interface Box {
  readonly name: string;
  /** Beside the name. */
  readonly kind: string;
  /** At the right of the first line. */
  readonly shape: string;
  /** The second line. */
  readonly text: string;
  readonly role: "input" | "operator" | "neurons" | "readout";
  /** The share of a bar along its foot. */
  readonly rate?: number;
}

/** An edge between places of boxes. */
export interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly delay: number;
}

/** A picture, with its natural width in pixels. */
export interface NetworkPicture {
  readonly width: number;
  readonly markup: Markup;
}

/** What is drawn, and where. */
interface Drawing {
  readonly boxWidth: number;
  readonly layout: GraphLayout;
  readonly arrows: readonly Arrow[];
  /** The sources of edges that lead back, from the inner to the outer line at the side. */
  readonly tracks: readonly number[];
}

type XY = readonly [x: number, y: number];

/** Of boxes and texts, in pixels; letters are of 12 pixels. */
const HEIGHT = 46, GAP = 36, PADDING = 12, LETTER = 6.3, LEAST_WIDTH = 150;
const MARGIN = 4;
/** Between the ends of edges at one box, and between dashed lines at the side. */
const PORT = 20, TRACK = 16;
const LONGEST_NAME = 24;
const STROKES = {
  input: COLOURS.faint,
  operator: COLOURS.faint,
  neurons: COLOURS.blue,
  readout: COLOURS.vermillion,
} as const satisfies Record<Box["role"], string>;

/** Draws a graph. @param label Name for screen readers. @param description What it shows, in sentences. */
export function drawGraph(
  boxes: readonly Box[],
  arrows: readonly Arrow[],
  label: string,
  description: string,
): NetworkPicture {
  const boxWidth = Math.max(...boxes.map(widthOf)),
    layout = layOutGraph(
      boxes.length,
      boxWidth,
      arrows.map((arrow) => ({ ...arrow, room: arrow.delay > 0 ? LETTER * wordsOf(arrow).length : 0 })),
    );
  const tracks = [...new Set(arrows.filter(leadsBack).map(({ from }) => from))];
  const drawing = { boxWidth, layout, arrows, tracks };
  const labels = arrows.map((arrow, i) => arrow.delay > 0 ? labelOf(drawing, arrow, i) : undefined);
  const right = Math.max(
    layout.width,
    trackAt(drawing, tracks.length - 1),
    ...labels.map((each) => each ? each.at[0] + LETTER * each.text.length : 0),
  );
  const width = Math.ceil(right + 2 * MARGIN), height = topOf(layout.layers) - GAP + 2 * MARGIN;
  const markup = html`
    <svg class="plot graph" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" role="img"
      aria-label="${label}">
    <desc>${description}</desc>
    <defs>
    <marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8"
      markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5Z" style="fill:var(--soft)" /></marker>
    </defs>
    ${arrows.map((arrow, i) => drawArrow(leadsBack(arrow), pathOf(drawing, arrow, i)))}
    ${boxes.map((box, i) => drawBox(box, boxWidth, layout.nodes[i]!.x, topOf(layout.nodes[i]!.layer)))}
    ${labels.map((each) => each ? drawLabel(each) : "")}
    </svg>
  `;
  return { width, markup };
}

function widthOf({ name, kind, shape, text }: Box): number {
  const letters = Math.max(cut(name).length + kind.length + shape.length + 5, text.length);
  return Math.max(LEAST_WIDTH, Math.ceil(LETTER * letters + 2 * PADDING));
}

function cut(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

function drawBox(
  { name, kind, shape, text, role, rate }: Box,
  width: number,
  x: number,
  top: number,
): Markup {
  const left = px(x - width / 2 + PADDING), inner = width - 2 * PADDING, foot = top + HEIGHT - 7;
  const head = top + (text === "" ? HEIGHT / 2 + 4 : 18);
  const bar = rate === undefined ? "" : html`
    <rect x="${left}" y="${foot}" width="${inner}" height="3" rx="1.5" style="fill:var(--line)" />
    <rect x="${left}" y="${foot}" width="${px(
      Math.min(1, rate) * inner,
    )}" height="3" rx="1.5" style="fill:var(--blue)" />
  `;
  const radius = role === "operator" ? 3 : 12;
  return html`
    <rect x="${px(x - width / 2)}" y="${top}" width="${width}" height="${HEIGHT}" rx="${radius}"
      style="fill:var(--card);stroke:${STROKES[role]}" />
    ${bar}
    <text x="${left}" y="${head}">
      <tspan font-weight="600">${cut(name)}</tspan>
      <tspan class="soft" dx="3">${kind}</tspan>
    </text>
    <text x="${px(x + width / 2 - PADDING)}" y="${head}" text-anchor="end">${shape}</text>
    <text class="soft small" x="${left}" y="${top + 34}">${text}</text>
  `;
}

function drawArrow(isBack: boolean, path: string): Markup {
  return html`<path class="${isBack ? "edge back" : "edge"}" d="${path}" marker-end="url(#arrow)" />`;
}

/** The delay of an edge, on a rim of the page's colour, since lines may pass below. */
function drawLabel({ at: [x, y], text }: { readonly at: XY; readonly text: string }): Markup {
  return html`<text class="small rim" x="${px(x)}" y="${px(y)}">${text}</text>`;
}

function leadsBack({ from, to }: Arrow): boolean {
  return to <= from;
}

function pathOf(drawing: Drawing, arrow: Arrow, index: number): string {
  return leadsBack(arrow) ? backPath(drawing, arrow, index) : forwardPath(drawing, arrow, index);
}

/** From the foot of one box, straight through the bends' layers, to the head of the other. */
function forwardPath({ layout, arrows }: Drawing, { from, to }: Arrow, index: number): string {
  const source = layout.nodes[from]!, target = layout.nodes[to]!;
  let path = `M${px(source.x)} ${topOf(source.layer) + HEIGHT}`,
    [x, y] = [source.x, topOf(source.layer) + HEIGHT];
  const reach = (toX: number, toY: number) => {
    const middle = (y + toY) / 2;
    path += Math.abs(toX - x) < 0.5
      ? `V${toY}`
      : `C${px(x)} ${middle} ${px(toX)} ${middle} ${px(toX)} ${toY}`;
    [x, y] = [toX, toY];
  };
  for (const bend of layout.bends[index]!) {
    reach(bend.x, topOf(bend.layer));
    reach(bend.x, topOf(bend.layer) + HEIGHT);
  }
  reach(portOf(layout, arrows, index), topOf(target.layer));
  return path;
}

/** From a box to the dashed line at the side, up, and to the other box: at their sides, or past the boxes at their right. */
function backPath(drawing: Drawing, { from, to }: Arrow, index: number): string {
  const { layout, boxWidth, arrows, tracks } = drawing, track = trackAt(drawing, tracks.indexOf(from));
  const source = layout.nodes[from]!, target = layout.nodes[to]!;
  const sourceTop = topOf(source.layer), targetTop = topOf(target.layer);
  const leave: XY[] = isRightmost(layout, from)
    ? [[source.x + boxWidth / 2, sourceTop + HEIGHT / 2 + 8], [track, sourceTop + HEIGHT / 2 + 8]]
    : [
      [source.x + PORT, sourceTop + HEIGHT],
      [source.x + PORT, sourceTop + HEIGHT + 9],
      [track, sourceTop + HEIGHT + 9],
    ];
  const port = portOf(layout, arrows, index);
  const arrive: XY[] = isRightmost(layout, to)
    ? [[track, targetTop + HEIGHT / 2 - 8], [target.x + boxWidth / 2, targetTop + HEIGHT / 2 - 8]]
    : [[track, targetTop - 12], [port, targetTop - 12], [port, targetTop]];
  return rounded([...leave, ...arrive]);
}

/** Where an edge ends at the head of its box: beside the others, in the order of what they come from; one from right above is straight. */
function portOf(layout: GraphLayout, arrows: readonly Arrow[], index: number): number {
  const { to } = arrows[index]!, { x } = layout.nodes[to]!;
  const comesFrom = (i: number) =>
    leadsBack(arrows[i]!) ? Infinity : (layout.bends[i]!.at(-1) ?? layout.nodes[arrows[i]!.from]!).x;
  const ends = arrows.keys().filter((i) => {
    const arrow = arrows[i]!;
    return arrow.to === to && !(leadsBack(arrow) && isRightmost(layout, to));
  }).toArray().sort((a, b) => comesFrom(a) - comesFrom(b) || a - b);
  const straight = ends.findIndex((i) => Math.abs(comesFrom(i) - x) < 2);
  return x + PORT * (ends.indexOf(index) - (straight < 0 ? (ends.length - 1) / 2 : straight));
}

/** The delay beside an edge: at its first bend, in its middle, or outside of all lines where it leads back. */
function labelOf(
  drawing: Drawing,
  arrow: Arrow,
  index: number,
): { readonly at: XY; readonly text: string } {
  const { layout, arrows, tracks } = drawing, { from, to } = arrow, text = wordsOf(arrow);
  const source = layout.nodes[from]!, target = layout.nodes[to]!, [bend] = layout.bends[index]!;
  if (leadsBack(arrow)) {
    const y = topOf(target.layer) + (isRightmost(layout, to) ? HEIGHT / 2 - 8 : -12);
    return { at: [trackAt(drawing, tracks.length - 1) + 7, y + 4], text };
  }
  if (bend) return { at: [bend.x + 6, topOf(bend.layer) + HEIGHT / 2 + 4], text };
  const x = (source.x + portOf(layout, arrows, index)) / 2;
  return { at: [x + 6, topOf(target.layer) - GAP / 2 + 3], text };
}

function wordsOf({ delay }: Arrow): string {
  return `delay ${delay}`;
}

/** A dashed line's place at the side. */
function trackAt({ layout }: Drawing, track: number): number {
  return track < 0 ? 0 : layout.width + TRACK * (track + 1);
}

function isRightmost({ nodes, bends }: GraphLayout, node: number): boolean {
  const { x, layer } = nodes[node]!;
  return [...nodes, ...bends.flat()].every((other) => other.layer !== layer || other.x <= x);
}

/** The upper side of a layer's boxes. */
function topOf(layer: number): number {
  return layer * (HEIGHT + GAP);
}

/** A line along points, with round corners. */
function rounded(points: readonly XY[]): string {
  const towards = ([x, y]: XY, [toX, toY]: XY) => {
    const length = Math.hypot(toX - x, toY - y), part = length === 0 ? 0 : Math.min(0.5, 7 / length);
    return `${px(x + part * (toX - x))} ${px(y + part * (toY - y))}`;
  };
  const corners = points.slice(1, -1).map((corner, i) =>
    `L${towards(corner, points[i]!)}Q${px(corner[0])} ${px(corner[1])} ${towards(corner, points[i + 2]!)}`
  );
  const [begin, end] = [points[0]!, points.at(-1)!].map(([x, y]) => `${px(x)} ${px(y)}`);
  return `M${begin}${corners.join("")}L${end}`;
}

/** Pixels with one digit behind the point. */
function px(value: number): string {
  return String(Number(value.toFixed(1)));
}
