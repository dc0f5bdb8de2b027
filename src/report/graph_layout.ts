/**
 * The places of a graph's nodes in a picture, in layers from top to bottom: the method of Sugiyama et al. (1981). A node's layer is the
 * length of the longest path to it; an edge that skips layers has a cell in each; cells are ordered so that few edges cross; then
 * each cell moves as near to its neighbours as their widths allow.
 */

/** An edge between places of nodes. It leads back where `to` is not after `from`; those edges do not count for the layout. */
export interface LayoutEdge {
  readonly from: number;
  readonly to: number;
  /** Room at the right of its bends, in pixels. */
  readonly room: number;
}

/** A node or a bend of an edge: the middle of its cell. */
export interface Point {
  readonly x: number;
  /** From 0 at the top. */
  readonly layer: number;
}

/** Where nodes are, and through which cells their edges pass. */
export interface GraphLayout {
  readonly nodes: readonly Point[];
  /** The bends of each edge, from top to bottom; none for one that leads back. */
  readonly bends: readonly (readonly Point[])[];
  /** From the leftmost to the rightmost cell's side. */
  readonly width: number;
  readonly layers: number;
}

/** A place in a layer, of a node or of a bend. */
interface Cell {
  readonly layer: number;
  readonly width: number;
  readonly isBend: boolean;
  readonly above: Cell[];
  readonly below: Cell[];
  /** Its middle. */
  x: number;
}

/** Width of a bend's cell, and space between two cells, in pixels. */
const BEND = 28, GAP = 18;
const SWEEPS = 8;

/**
 * Places a graph. Nodes stand after those from which an edge leads to them, but for edges that lead back.
 *
 * @param nodes How many nodes there are.
 * @param width Of a node, in pixels.
 */
export function layOutGraph(nodes: number, width: number, edges: readonly LayoutEdge[]): GraphLayout {
  const forward = edges.filter(({ from, to }) => from < to), layerOf = layersOf(nodes, forward);
  const create = (layer: number, width: number, isBend: boolean): Cell => ({
    layer,
    width,
    isBend,
    above: [],
    below: [],
    x: 0,
  });
  const cells = layerOf.map((layer) => create(layer, width, false));
  const bends = edges.map(({ from, to, room }) => {
    if (from >= to) return [];
    const passed: Cell[] = [];
    for (let layer = layerOf[from]! + 1; layer < layerOf[to]!; layer++) {
      passed.push(create(layer, BEND + room, true));
    }
    [cells[from]!, ...passed].forEach((cell, i) => {
      const next = passed[i] ?? cells[to]!;
      cell.below.push(next);
      next.above.push(cell);
    });
    return passed;
  });
  const count = 1 + Math.max(0, ...layerOf);
  const inOrder = [...cells.filter((cell) => !isAside(cell)), ...bends.flat(), ...cells.filter(isAside)];
  const layers = Array.from({ length: count }, (_, i) => inOrder.filter(({ layer }) => layer === i));
  const ordered = untangle(layers);
  straighten(ordered);
  const all = ordered.flat(), left = Math.min(...all.map(({ x, width }) => x - width / 2));
  const pointOf = ({ x, layer }: Cell): Point => ({ x: x - left, layer });
  return {
    nodes: cells.map(pointOf),
    bends: bends.map((passed, edge) =>
      passed.map(pointOf).map(({ x, layer }) => ({ x: x - edges[edge]!.room / 2, layer }))
    ),
    width: Math.max(...all.map(({ x, width }) => x + width / 2)) - left,
    layers: count,
  };
}

/** Whether only edges that lead back reach a node, or only such edges leave it: it stands at the right, beside the lines of these. */
function isAside({ isBend, above, below, layer }: Cell): boolean {
  return !isBend && (above.length === 0 && layer > 0 || below.length === 0);
}

/** Each node's layer. One that only edges leading back reach stands just above the first that takes its output. */
function layersOf(count: number, forward: readonly LayoutEdge[]): number[] {
  const layers: number[] = [], isReached = (node: number) => forward.some(({ to }) => to === node);
  for (let node = 0; node < count; node++) {
    const sources = forward.filter(({ to }) => to === node).map(({ from }) => layers[from]! + 1);
    layers.push(Math.max(0, ...sources));
  }
  for (let node = count - 1; node > 0; node--) {
    const takers = forward.filter(({ from }) => from === node).map(({ to }) => layers[to]! - 1);
    if (!isReached(node)) layers[node] = Math.max(0, Math.min(...takers, layers[0]! + count));
  }
  return layers;
}

/** The layers in an order with few crossings; the given one where none is better. */
function untangle(layers: readonly (readonly Cell[])[]): readonly (readonly Cell[])[] {
  let best = layers, fewest = crossingsOf(layers), now = layers;
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0, next = [...now];
    const order = isDown ? [...next.keys()] : [...next.keys()].reverse();
    for (const layer of order) {
      const beside = next[isDown ? layer - 1 : layer + 1];
      if (!beside) continue;
      const places = new Map(beside.map((cell, place) => [cell, place]));
      const wish = (cell: Cell, place: number) =>
        mean((isDown ? cell.above : cell.below).map((each) => places.get(each)!)) ?? place;
      next[layer] = next[layer]!.map((cell, place) => ({ cell, at: wish(cell, place) }))
        .toSorted((a, b) => a.at - b.at).map(({ cell }) => cell);
    }
    now = next;
    const crossings = crossingsOf(now);
    if (crossings < fewest) [best, fewest] = [now, crossings];
  }
  return best;
}

/** How many pairs of edges between neighbouring layers cross. */
function crossingsOf(layers: readonly (readonly Cell[])[]): number {
  let crossings = 0;
  layers.forEach((layer, i) => {
    const places = new Map(layers[i + 1]?.map((cell, place) => [cell, place]));
    const ends = layer.map(({ below }) => below.map((cell) => places.get(cell)!));
    ends.forEach((own, left) =>
      ends.slice(left + 1).forEach((others) => {
        for (const a of own) for (const b of others) if (a > b) crossings++;
      })
    );
  });
  return crossings;
}

/** Moves cells near to their neighbours above and below, in turns. Chains of nodes become straight before the bends beside them. */
function straighten(layers: readonly (readonly Cell[])[]): void {
  for (const layer of layers) spread(layer, layer.map(() => 0));
  for (let sweep = 0; sweep <= 2 * SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : layers.toReversed()) {
      spread(layer, layer.map((cell) => wishOf(cell, isDown)));
    }
  }
}

/** The middle of a cell's neighbours on one side: of the nodes among them that are part of a path down, if there are any. */
function wishOf(cell: Cell, isDown: boolean): number {
  const neighbours = isDown ? cell.above : cell.below;
  const main = neighbours.filter((each) => !each.isBend && !isAside(each));
  return mean((main.length > 0 ? main : neighbours).map(({ x }) => x)) ?? cell.x;
}

/** What a cell's wish counts. */
function weightOf(cell: Cell): number {
  return cell.isBend || isAside(cell) ? 1e-4 : 1;
}

/**
 * Places a layer's cells, in their order, with the least squares from their wishes: neighbours that would overlap become a block, whose
 * wish is the mean of theirs (pool adjacent violators).
 */
function spread(cells: readonly Cell[], wishes: readonly number[]): void {
  let offset = 0;
  const offsets = cells.map(({ width }, i) => {
    if (i > 0) offset += cells[i - 1]!.width / 2 + GAP + width / 2;
    return offset;
  });
  const blocks: { wish: number; weight: number; length: number }[] = [];
  cells.forEach((cell, i) => {
    let block = { wish: wishes[i]! - offsets[i]!, weight: weightOf(cell), length: 1 };
    for (let before; (before = blocks.at(-1)) && before.wish >= block.wish;) {
      blocks.pop();
      const weight = before.weight + block.weight;
      block = {
        wish: (before.wish * before.weight + block.wish * block.weight) / weight,
        weight,
        length: before.length + block.length,
      };
    }
    blocks.push(block);
  });
  const starts = blocks.flatMap(({ wish, length }) => Array<number>(length).fill(wish));
  cells.forEach((cell, i) => cell.x = starts[i]! + offsets[i]!);
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
