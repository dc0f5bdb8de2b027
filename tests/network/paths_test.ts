import assert from "node:assert/strict";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { populationsFrom } from "../../src/network/paths.ts";

/** Two branches, a cycle, and a branch that nothing reads: in → a → b → out, a → c → out, c → a, in → d. */
const spec = parseNetworkSpec({
  steps: 5,
  input: { shape: [4] },
  nodes: [
    { id: "a", kind: "lif", from: ["input", { node: "c", delay: 1 }] },
    { id: "fc", kind: "affine", units: 4 },
    { id: "b", kind: "lif" },
    { id: "c", kind: "lif", from: "a" },
    { id: "d", kind: "lif", from: "input" },
    { id: "join", kind: "affine", units: 2, from: ["b", { node: "c", delay: 2 }] },
    { id: "out", kind: "integrator" },
  ],
});
const [A, B, C, D, OUT] = [0, 1, 2, 3, 4] as const;
const from = (
  population: number,
  closed: readonly number[] = [],
) => [...populationsFrom(spec, population, (each) => closed.includes(each))];

Deno.test("populationsFrom() follows every edge, with or without a delay", () => {
  assert.deepEqual(from(A), [A, B, C, OUT]);
  assert.deepEqual(from(B), [B, OUT]);
  assert.deepEqual(from(C), [A, B, C, OUT]);
  assert.deepEqual(from(D), [D]);
  assert.deepEqual(from(OUT), [OUT]);
});

Deno.test("populationsFrom() goes around closed populations, but not through them", () => {
  assert.deepEqual(from(A, [B]), [A, B, C, OUT]);
  assert.deepEqual(from(A, [B, C]), [A, B, C]);
  assert.deepEqual(from(B, [B]), [B]);
});
