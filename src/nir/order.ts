/** The order in which nodes are computed, and the edges of loops that carry what was a step before. */
import { InputError } from "../errors.ts";
import { namesOf } from "../network/check_edges.ts";
import { type FlatGraph, NETWORK_INPUT } from "./flatten.ts";
import { PRIMITIVES } from "./primitives.ts";

/** An edge of a node, from another one or the network's input. */
export interface NirEdge {
  readonly from: string;
  /** It carries what its source gave in the step before. */
  readonly isLate: boolean;
}

/** A graph in order. */
export interface OrderedGraph {
  /** Each after those that it reads in the same step. */
  readonly order: readonly string[];
  readonly edges: ReadonlyMap<string, readonly NirEdge[]>;
  /** Delays whose edges are late, so that a step of them is the edges'. */
  readonly shortened: ReadonlySet<string>;
}

/**
 * Orders a graph. A loop is cut where it leaves the neuron from which it leads back to a node that the input has reached before: that
 * neuron's spikes come a step late. A loop with a delay needs no further one.
 *
 * @param canWait Whether a node delays all that it is given by a step or more.
 * @throws {InputError} when a cycle holds no such node.
 */
export function orderGraph(graph: FlatGraph, canWait: (path: string) => boolean, file: string): OrderedGraph {
  const { sources } = graph;
  const keepsState = (path: string) => PRIMITIVES.get(graph.nodes.get(path)!.type)!.keepsState === true;
  const readers = new Map<string, string[]>([...graph.nodes.keys()].map((path) => [path, []]));
  for (const [path, from] of sources) {
    for (const source of from) if (source !== NETWORK_INPUT) readers.get(source)!.push(path);
  }
  const late = new Set<string>(), shortened = new Set<string>();
  const edgeName = (from: string, to: string) => `${from}\0${to}`;
  const inputFirst = [...graph.nodes.keys()].toSorted((one, other) =>
    Number(sources.get(other)!.includes(NETWORK_INPUT)) - Number(sources.get(one)!.includes(NETWORK_INPUT)) ||
    (one < other ? -1 : 1)
  );
  const loopOf = componentsOf([...graph.nodes.keys()], readers);
  for (const [tail, head] of backEdges(inputFirst, readers)) cut(tail, head);
  const edges = new Map([...sources].map(([path, from]) => [
    path,
    from.map((source): NirEdge => ({ from: source, isLate: late.has(edgeName(source, path)) })),
  ]));
  return { order: sorted(edges, file), edges, shortened };

  /** Cuts all that leads to an edge back, where it leaves a state. */
  function cut(tail: string, head: string): void {
    const seen = new Set<string>(), open: (readonly [string, string])[] = [[tail, head]];
    for (let edge; (edge = open.pop());) {
      const [from, to] = edge;
      if (seen.has(edgeName(from, to)) || loopOf.get(from) !== loopOf.get(tail)) continue;
      seen.add(edgeName(from, to));
      const delay = [from, to].find(canWait);
      if (delay !== undefined) {
        shortened.add(delay);
        for (const source of sources.get(delay)!) late.add(edgeName(source, delay));
      } else if (keepsState(from)) {
        late.add(edgeName(from, to));
      } else {
        for (const source of sources.get(from)!) if (source !== NETWORK_INPUT) open.push([source, from]);
      }
    }
  }
}

/** The edges that lead back to a node on the path to them, as the search in depth meets them. */
function backEdges(
  roots: readonly string[],
  readers: ReadonlyMap<string, readonly string[]>,
): (readonly [string, string])[] {
  const state = new Map<string, "open" | "done">(), back: (readonly [string, string])[] = [];
  for (const root of roots) {
    if (state.has(root)) continue;
    const path = [{ node: root, next: 0, all: [...readers.get(root)!].sort() }];
    state.set(root, "open");
    for (let top; (top = path.at(-1));) {
      const reader = top.all[top.next++];
      if (reader === undefined) {
        state.set(top.node, "done");
        path.pop();
      } else if (state.get(reader) === "open") {
        back.push([top.node, reader]);
      } else if (!state.has(reader)) {
        state.set(reader, "open");
        path.push({ node: reader, next: 0, all: [...readers.get(reader)!].sort() });
      }
    }
  }
  return back;
}

/** Sorts nodes behind what they read in the same step; of several, the first in the order of the file. */
function sorted(edges: ReadonlyMap<string, readonly NirEdge[]>, file: string): string[] {
  const order: string[] = [], done = new Set<string>([NETWORK_INPUT]);
  const left = new Set(edges.keys());
  for (let before = -1; before < order.length;) {
    before = order.length;
    for (const path of left) {
      if (!edges.get(path)!.every(({ from, isLate }) => isLate || done.has(from))) continue;
      order.push(path);
      done.add(path);
      left.delete(path);
    }
  }
  if (left.size === 0) return order;
  throw new InputError(
    `${file}: a cycle leads through ${
      namesOf(cycleIn(left, edges))
    } and holds no neuron: nothing in it is a step ` +
      "old; expected an I, LI, IF, LIF, CubaLI, CubaLIF or Delay in it",
  );
}

/** A cycle among nodes that wait for one another. */
function cycleIn(left: ReadonlySet<string>, edges: ReadonlyMap<string, readonly NirEdge[]>): string[] {
  const path: string[] = [];
  let node = [...left][0]!;
  while (!path.includes(node)) {
    path.push(node);
    node = edges.get(node)!.find(({ from, isLate }) => !isLate && left.has(from))!.from;
  }
  return path.slice(path.indexOf(node)).toReversed();
}

/** The strongly connected component of each node, by Tarjan's search without recursion. */
function componentsOf(
  nodes: readonly string[],
  readers: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const index = new Map<string, number>(),
    low = new Map<string, number>(),
    component = new Map<string, number>();
  const stack: string[] = [];
  let components = 0;
  for (const root of nodes) {
    if (index.has(root)) continue;
    const path = [{ node: root, next: 0 }];
    for (let top; (top = path.at(-1));) {
      const { node } = top;
      if (top.next === 0) {
        index.set(node, index.size);
        low.set(node, index.get(node)!);
        stack.push(node);
      }
      const reader = readers.get(node)![top.next++];
      if (reader !== undefined) {
        if (!index.has(reader)) path.push({ node: reader, next: 0 });
        else if (!component.has(reader)) low.set(node, Math.min(low.get(node)!, index.get(reader)!));
        continue;
      }
      path.pop();
      const above = path.at(-1)?.node;
      if (above !== undefined) low.set(above, Math.min(low.get(above)!, low.get(node)!));
      if (low.get(node) !== index.get(node)) continue;
      let member;
      do component.set(member = stack.pop()!, components); while (member !== node);
      components++;
    }
  }
  return component;
}
