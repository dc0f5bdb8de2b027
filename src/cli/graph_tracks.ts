/**
 * The lines of a graph beside a list of its nodes, as `git log --graph` draws them: from top to bottom, a column for each output that
 * a node further down still takes. Edges that lead back up are dashed, and end in an arrow.
 */

/** A node of the list. */
export interface TrackItem {
  readonly mark: string;
  /** Places in the list; one at the item's own place or further down leads back. */
  readonly sources: readonly number[];
}

/** The lines beside one item. */
export interface TrackRows {
  /** The lines above it, as they pass through. */
  readonly passing: string;
  /** Rows in which lines join or part above it. */
  readonly above: readonly string[];
  /** Its own row. */
  readonly own: string;
  /** The row below it in which a line leads back; empty where none does. */
  readonly below: readonly string[];
}

/** An output on its way. */
interface Track {
  readonly source: number;
  readonly isBack: boolean;
}

/** Draws the lines. Rows have one character a column and one between columns, without spaces at their ends. */
export function drawTracks(items: readonly TrackItem[]): TrackRows[] {
  const tracks: (Track | undefined)[] = [];
  const lastTaker = items.map(() => -1);
  items.forEach(({ sources }, taker) => {
    for (const source of sources) if (source < taker) lastTaker[source] = taker;
  });
  return items.map((item, place) => drawItem(tracks, item, place, lastTaker));
}

function drawItem(
  tracks: (Track | undefined)[],
  { mark, sources }: TrackItem,
  place: number,
  lastTaker: readonly number[],
): TrackRows {
  const passing = textOf(rowOf(tracks)), above: string[] = [];
  const forward = [...new Set(sources)].filter((source) => source < place);
  const ends = (column: number) => lastTaker[tracks[column]!.source] === place;
  let taken = forward.map((source) => columnOf(tracks, source, false)).toSorted((a, b) => a - b);
  const own = taken[0] ?? freeColumn(tracks, 0);
  if (taken.length > 0 && !ends(own)) { // the node takes its column, and the line moves to the right
    const row = rowOf(tracks), to = freeColumn(tracks, own + 1);
    connect(row, own, to, "─");
    row[2 * own] = "├";
    row[2 * to] = "╮";
    tracks[to] = tracks[own];
    above.push(textOf(row));
    taken = taken.filter((column) => column !== own);
  } else taken.shift();
  if (taken.length > 0) {
    const row = rowOf(tracks), right = taken.at(-1)!;
    connect(row, own, right, "─");
    row[2 * own] = "├";
    for (const column of taken) {
      row[2 * column] = column < right ? ends(column) ? "┴" : "┼" : ends(column) ? "╯" : "┤";
    }
    above.push(textOf(row));
    for (const column of taken) if (ends(column)) delete tracks[column];
  }
  tracks[own] = { source: place, isBack: false };
  const row = rowOf(tracks);
  row[2 * own] = mark;
  drawEntries(tracks, row, own, [...new Set(sources)].filter((source) => source >= place));
  const isTaken = lastTaker[place]! > place, below: string[] = [];
  const back = columnOf(tracks, place, true);
  if (back >= 0) {
    const exit = rowOf(tracks);
    connect(exit, own, back, "┄");
    exit[2 * own] = back > own ? isTaken ? "├" : "╰" : isTaken ? "┤" : "╯";
    exit[2 * back] = back > own ? "╯" : "╰";
    delete tracks[back];
    below.push(textOf(exit));
  }
  if (!isTaken) delete tracks[own];
  return { passing, above, own: textOf(row), below };
}

/** Draws the ends of the edges that lead back to an item, and begins the lines of those that are not there yet. */
function drawEntries(
  tracks: (Track | undefined)[],
  row: string[],
  own: number,
  sources: readonly number[],
): void {
  const entries = sources.map((source) => {
    const known = columnOf(tracks, source, true);
    if (known >= 0) return { column: known, isNew: false };
    const column = freeColumn(tracks, own + 1);
    tracks[column] = { source, isBack: true };
    return { column, isNew: true };
  });
  const columns = entries.map(({ column }) => column),
    left = Math.min(...columns),
    right = Math.max(...columns);
  if (left < own) {
    connect(row, left, own, "┄");
    row[2 * own - 1] = "▸";
  }
  if (right > own) {
    connect(row, own, right, "┄");
    row[2 * own + 1] = "◂";
  }
  for (const { column, isNew } of entries) {
    const isEnd = column === left && column < own || column === right && column > own;
    row[2 * column] = !isEnd ? isNew ? "┬" : "┼" : column < own ? "├" : isNew ? "╮" : "┤";
  }
}

function columnOf(tracks: readonly (Track | undefined)[], source: number, isBack: boolean): number {
  return tracks.findIndex((track) => track?.source === source && track.isBack === isBack);
}

function freeColumn(tracks: readonly (Track | undefined)[], from: number): number {
  let column = from;
  while (tracks[column]) column++;
  return column;
}

/** The lines as they pass through a row, as characters. */
function rowOf(tracks: readonly (Track | undefined)[]): string[] {
  return Array.from(tracks, (track) => track ? track.isBack ? "┊" : "│" : " ").flatMap((line) => [line, " "]);
}

/** Draws a horizontal line between two columns, behind the lines that it crosses. */
function connect(row: string[], one: number, other: number, line: string): void {
  for (let at = 2 * Math.min(one, other) + 1; at < 2 * Math.max(one, other); at++) {
    if ((row[at] ?? " ") === " ") row[at] = line;
  }
}

function textOf(row: readonly string[]): string {
  return Array.from(row, (character) => character ?? " ").join("").trimEnd();
}
