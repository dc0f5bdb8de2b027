/** Neurons that a product leads back to become graphs in the graph, which most frameworks read; other loops stay flat. */
import type { Edge } from "../../network/place.ts";
import { type Draft, type Drafts, rowsOf, sumOf } from "./draft.ts";

/** Takes recurrent products into their neurons; their biases become the neurons' currents. */
export function nestLoops(drafts: Drafts): void {
  for (const draft of drafts.nodes.values()) {
    if (!draft.wanted || draft.type === "Threshold") continue;
    const loops = draft.from.flatMap(({ node, delay }) => {
      const source = drafts.nodes.get(node);
      return delay === 0 && source && isLoopOf(source, draft, drafts) ? [source] : [];
    });
    const [loop] = loops;
    if (!loop || loops.length > 1) continue;
    draft.loop = loop;
    draft.from = draft.from.filter(({ node }) => node !== loop.id);
    drafts.nodes.delete(loop.id);
    const rows = loop.bias && rowsOf(loop.bias, loop.bias.length);
    if (rows) draft.wanted.current = sumOf(draft.wanted.current, rows);
    delete loop.bias;
  }
}

/** Whether a product reads the neuron's outputs of the step before alone, and is read by it alone. */
function isLoopOf(source: Draft, { id }: Draft, drafts: Drafts): boolean {
  const [edge, ...more] = source.from;
  return source.type === "Linear" && more.length === 0 && edge?.node === id && edge.delay === 1 &&
    drafts.isReadOnce(source.id);
}

/** The nodes of each loop that is left, by their ids: two nodes are in one loop where each leads to the other. */
export function loopsOf(drafts: Drafts): (one: string, other: string) => boolean {
  const leads = new Map<string, Set<string>>();
  const reach = (from: string) => {
    const known = leads.get(from);
    if (known) return known;
    const reached = new Set<string>(), open = [from];
    for (let node; (node = open.pop()) !== undefined;) {
      for (const { id } of drafts.readersOf(node)) if (!reached.has(id)) reached.add(id), open.push(id);
    }
    leads.set(from, reached);
    return reached;
  };
  return (one, other) => reach(one).has(other) && reach(other).has(one);
}

/** Edges that carry steps of before: within a loop the first step is the loop's own, all others are delays. */
export function delaysOf({ from, id }: Draft, isLoop: (one: string, other: string) => boolean): {
  readonly edge: Edge;
  readonly isLate: boolean;
  /** Steps of a Delay in the edge. */
  readonly steps: number;
}[] {
  return from.map((edge) => {
    const isInLoop = edge.delay > 0 && edge.node !== "input" && (edge.node === id || isLoop(edge.node, id));
    // The reader of a loop with a Delay takes the delay for the loop's own step.
    return { edge, isLate: isInLoop, steps: isInLoop && edge.delay === 1 ? 0 : edge.delay };
  });
}
