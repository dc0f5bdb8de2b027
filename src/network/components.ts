/** The strongly connected components of a graph: its loops, and an order of computation. */
import type { GraphNode } from "./graph.ts";

/** Nodes each of which leads to each other one, with or without delays; most components are single nodes. */
export interface Component {
  /** Indices of nodes, in the order of the description. */
  readonly nodes: readonly number[];
  /** Its outputs return to it, a step or more later: the whole loop has to finish one step before the next. */
  readonly isLoop: boolean;
}

/**
 * The strongly connected components of a graph in topological order; ties keep the description's order.
 *
 * A component that is no loop can compute all steps at once after the components before it.
 */
export function componentsOf({ nodes }: { readonly nodes: readonly GraphNode[] }): readonly Component[] {
  const sources = sourcesOf(nodes);
  const components = stronglyConnected(sources).map((members) => members.toSorted((a, b) => a - b));
  const componentOf = new Map(components.flatMap((members) => members.map((node) => [node, members])));
  // A component waits for itself where it is a loop.
  const waitsFor = (members: readonly number[]) =>
    new Set(members.flatMap((node) => sources[node]!.map((source) => componentOf.get(source)!)));
  const open = new Map(
    components.toSorted((a, b) => a[0]! - b[0]!).map((members) => [members, waitsFor(members)]),
  );
  const order: Component[] = [];
  while (open.size > 0) {
    for (const [members, before] of open) {
      if ([...before].some((other) => other !== members && open.has(other))) continue;
      open.delete(members);
      order.push({ nodes: members, isLoop: before.has(members) });
      break;
    }
  }
  return order;
}

/** The indices of each node's sources, without the input. */
function sourcesOf(nodes: readonly GraphNode[]): readonly (readonly number[])[] {
  const places = new Map(nodes.map(({ id }, place) => [id, place]));
  return nodes.map(({ from }) => from.flatMap(({ node }) => places.get(node) ?? []));
}

/** Tarjan's algorithm (Depth-first search and linear graph algorithms, 1972), with a stack of its own: graphs may be deep. */
function stronglyConnected(next: readonly (readonly number[])[]): number[][] {
  const order = new Map<number, number>(), lowest = new Map<number, number>();
  const path: number[] = [], onPath = new Set<number>(), found: number[][] = [];
  const enter = (node: number) => {
    order.set(node, order.size);
    lowest.set(node, order.get(node)!);
    path.push(node);
    onPath.add(node);
    return { node, open: next[node]!.values() };
  };
  for (let root = 0; root < next.length; root++) {
    if (order.has(root)) continue;
    const visits = [enter(root)];
    for (let visit; (visit = visits.at(-1));) {
      const { node, open } = visit;
      const { value: other, done } = open.next();
      if (!done) {
        if (!order.has(other)) visits.push(enter(other));
        else if (onPath.has(other)) lowest.set(node, Math.min(lowest.get(node)!, order.get(other)!));
        continue;
      }
      visits.pop();
      const above = visits.at(-1);
      if (above) lowest.set(above.node, Math.min(lowest.get(above.node)!, lowest.get(node)!));
      if (lowest.get(node) !== order.get(node)) continue;
      const members = path.splice(path.indexOf(node));
      for (const member of members) onPath.delete(member);
      found.push(members);
    }
  }
  return found;
}
