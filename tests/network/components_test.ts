import assert from "node:assert/strict";
import fc from "fast-check";
import { type Component, componentsOf } from "../../src/network/components.ts";
import type { GraphNode } from "../../src/network/graph.ts";
import { drawnGraphs } from "../graph/drawn_graphs.ts";

/** Scales, each with its sources: what a component is does not depend on kinds. */
function nodesOf(sources: Readonly<Record<string, readonly string[]>>): { nodes: GraphNode[] } {
  const nodes = Object.entries(sources).map(([id, from]): GraphNode => ({
    id,
    kind: "scale",
    from: from.map((node) => ({ node, delay: 1 })),
  }));
  return { nodes };
}

/** Components in words: `a`, or `(b c)` for a loop. */
function inWords(sources: Readonly<Record<string, readonly string[]>>): string {
  const ids = Object.keys(sources);
  return componentsOf(nodesOf(sources)).map(({ nodes, isLoop }) => {
    const names = nodes.map((node) => ids[node]).join(" ");
    return isLoop ? `(${names})` : names;
  }).join(", ");
}

Deno.test("componentsOf() keeps the order of a chain, and tells its loops", () => {
  assert.equal(inWords({ a: ["input"], b: ["a"], c: ["b"] }), "a, b, c");
  assert.equal(inWords({ a: ["input"], b: ["a", "b"], c: ["b"] }), "a, (b), c");
  assert.equal(
    inWords({ fc: ["input"], rec: ["lif"], lif: ["fc", "rec"], out: ["lif"] }),
    "fc, (rec lif), out",
  );
});

Deno.test("componentsOf() puts a node behind all that lead to it, also by a delay, else in the description's order", () => {
  assert.equal(inWords({ a: ["c"], b: ["input"], c: ["b"], d: ["b"] }), "b, c, a, d");
  assert.equal(inWords({ a: ["input"], d: ["c", "b"], b: ["a"], c: ["a"] }), "a, b, c, d");
});

Deno.test("componentsOf() makes one loop of cycles that share a node, and two of others", () => {
  assert.equal(inWords({ a: ["b", "c"], b: ["a"], c: ["a"], d: ["c"] }), "(a b c), d");
  assert.equal(inWords({ a: ["b", "input"], b: ["a"], c: ["b", "d"], d: ["c"] }), "(a b), (c d)");
});

Deno.test("componentsOf() takes a chain as deep as it may be", () => {
  const ids = Array.from({ length: 1024 }, (_, i) => `n${i}`);
  const sources = Object.fromEntries(ids.map((id, i) => [id, [ids[(i + 1) % 1024]!]]));
  assert.deepEqual(componentsOf(nodesOf(sources)).map(({ nodes }) => nodes.length), [1024]);
});

Deno.test("componentsOf() agrees with who reaches whom, for any graph", () => {
  fc.assert(
    fc.property(drawnGraphs(), ({ spec }) => {
      const components = componentsOf(spec);
      const reaches = closureOf(spec.nodes);
      const order = components.flatMap(({ nodes }) => nodes);
      assert.deepEqual(order.toSorted((a, b) => a - b), spec.nodes.map((_, i) => i));
      const placeOf = (node: number) => components.findIndex(({ nodes }: Component) => nodes.includes(node));
      for (const one of order) {
        assert.equal(components[placeOf(one)]!.isLoop, reaches[one]!.has(one));
        for (const other of order) {
          const together = reaches[one]!.has(other) && reaches[other]!.has(one);
          if (one !== other) assert.equal(placeOf(one) === placeOf(other), together);
          if (reaches[one]!.has(other)) assert.ok(placeOf(one) <= placeOf(other));
        }
      }
    }),
    { seed: 4, numRuns: 100 },
  );
});

/** Of each node all that its output gets to, by following edges until nothing is new. */
function closureOf(nodes: readonly GraphNode[]): Set<number>[] {
  const reaches = nodes.map(({ id }) =>
    new Set(nodes.flatMap(({ from }, user) => from.some(({ node }) => node === id) ? [user] : []))
  );
  for (let isNew = true; isNew;) {
    isNew = false;
    for (const reached of reaches) {
      for (const node of [...reached].flatMap((user) => [...reaches[user]!])) {
        isNew ||= !reached.has(node);
        reached.add(node);
      }
    }
  }
  return reaches;
}
