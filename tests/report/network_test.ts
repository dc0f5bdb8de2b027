import assert from "node:assert/strict";
import { DOMParser } from "linkedom";
import fc from "fast-check";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { wideNetwork } from "../../src/network/presets.ts";
import { layOutGraph } from "../../src/report/graph_layout.ts";
import { networkSection } from "../../src/report/network.ts";
import { renderPage } from "../../src/report/page.ts";
import { drawnGraphs } from "../graph/drawn_graphs.ts";
import { assertSelfContained } from "./self_contained.ts";

const WIDTH = 200;

/** The layout of edges, each from one place to another. */
function layOut(nodes: number, edges: readonly (readonly [from: number, to: number])[]) {
  return layOutGraph(nodes, WIDTH, edges.map(([from, to]) => ({ from, to, room: 0 })));
}

Deno.test("layOutGraph() leads edges down, and keeps boxes apart", () => {
  fc.assert(fc.property(drawnGraphs({ nodes: 20 }), ({ spec: { nodes } }) => {
    const places = new Map(["input", ...nodes.map(({ id }) => id)].map((id, place) => [id, place]));
    const edges = nodes.flatMap(({ from }, i) => from.map(({ node }) => [places.get(node)!, i + 1] as const));
    const { nodes: points, bends, width, layers } = layOut(nodes.length + 1, edges);
    edges.forEach(([from, to], edge) => {
      const above = points[from]!.layer, below = points[to]!.layer;
      const passed = from < to ? Array.from({ length: below - above - 1 }, (_, i) => above + 1 + i) : [];
      assert.ok(from >= to || above < below);
      assert.deepEqual(bends[edge]!.map(({ layer }) => layer), passed);
    });
    points.forEach((one, i) => {
      assert.ok(one.layer >= 0 && one.layer < layers);
      assert.ok(one.x >= WIDTH / 2 - 1e-6 && one.x <= width - WIDTH / 2 + 1e-6);
      for (const other of points.slice(i + 1)) {
        assert.ok(one.layer !== other.layer || Math.abs(one.x - other.x) > WIDTH);
      }
      for (const bend of bends.flat()) {
        assert.ok(one.layer !== bend.layer || Math.abs(one.x - bend.x) > WIDTH / 2);
      }
    });
  }));
});

Deno.test("layOutGraph() keeps a path straight beside its skip edge and its loop, and branches on both sides", () => {
  const skip = layOut(4, [[0, 1], [1, 2], [0, 2], [2, 3]]);
  assert.deepEqual(skip.nodes.map(({ x }) => Math.round(x)), Array(4).fill(WIDTH / 2));
  assert.equal(skip.bends[2]!.length, 1);
  // 1 takes what 2 gave a step before, as the recurrent weights of a layer do.
  const loop = layOut(4, [[0, 2], [1, 2], [2, 1], [2, 3]]);
  assert.deepEqual(loop.nodes.map(({ layer }) => layer), [0, 0, 1, 2]);
  const branches = layOut(4, [[0, 1], [0, 2], [1, 3], [2, 3]]), [top, left, right, foot] = branches.nodes;
  assert.deepEqual(branches.nodes.map(({ layer }) => layer), [0, 1, 1, 2]);
  assert.ok(Math.abs((left!.x + right!.x) / 2 - top!.x) < 1 && Math.abs(top!.x - foot!.x) < 1);
  // Edges that would cross change places.
  const crossed = layOut(5, [[0, 1], [0, 2], [1, 4], [2, 3]]).nodes;
  assert.equal(crossed[1]!.x < crossed[2]!.x, crossed[4]!.x < crossed[3]!.x);
});

Deno.test("networkSection() shows each node with its sizes and rate, delays, and edges that lead back", async () => {
  const spec = parseNetworkSpec({
    steps: 9,
    input: { shape: [784], encoder: { kind: "constant" } },
    nodes: [
      { id: "fc1", kind: "affine", units: 64 },
      { id: "back", kind: "affine", units: 64, bias: false, from: { node: "lif1", delay: 3 } },
      { id: "lif1", kind: "lif", from: ["fc1", "back"] },
      { id: "fc2", kind: "affine", units: 10 },
      { id: "out", kind: "integrator", from: "fc2" },
    ],
    readout: { delay: 2 },
  });
  const section = networkSection(spec, new Map([["lif1", 0.25]]), "the first 500 test images");
  const document = new DOMParser().parseFromString(String(await section), "text/html");
  const words = [...document.querySelectorAll("svg text")].map(({ textContent }) =>
    textContent?.replace(/\s+/g, " ").trim()
  );
  for (
    const text of [
      ...["input constant", "784", "fc1 affine", "50,240 params · 50,176 mult-adds", "lif1 lif"],
      ...["25.0 % fire · 16 spikes a step", "readout mean of the state", "delay 3", "delay 2"],
    ]
  ) assert.ok(words.includes(text), `${text}: ${words.join(" | ")}`);
  assert.equal(document.querySelectorAll(".edge").length, 7);
  assert.equal(document.querySelectorAll(".edge.back").length, 1);
  assert.match(
    document.querySelector("desc")?.textContent ?? "",
    /lif1 takes fc1 \+ back; .*readout takes out \(delay 2\)/,
  );
  const rows = [...document.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map(({ textContent }) => textContent)
  );
  assert.deepEqual(rows[3], ["lif1", "lif", "64", "fc1 + back", "", "", "25.00\u00a0%", "16"]);
});

Deno.test("networkSection() draws any network, on pages that keep their promises", async () => {
  const page = (section: ReturnType<typeof networkSection>) =>
    renderPage({ title: "n", lead: [], tiles: [], warnings: [], sections: [["network", "n", section]] });
  await fc.assert(
    fc.asyncProperty(drawnGraphs(), async ({ spec }) => {
      assertSelfContained(await page(networkSection(spec)));
    }),
    { numRuns: 30 },
  );
  const document = assertSelfContained(await page(networkSection(wideNetwork())));
  assert.equal(document.querySelectorAll(".grid table").length, 1); // beside the picture
  const chain = (length: number) =>
    parseNetworkSpec({
      steps: 2,
      input: { shape: [4], encoder: { kind: "constant" } },
      nodes: [
        ...Array.from({ length }, (_, i) => ({ id: `n${i}`, kind: "scale" })),
        { id: "out", kind: "integrator" },
      ],
    });
  const folded = assertSelfContained(await page(networkSection(chain(150))));
  assert.equal(folded.querySelectorAll("details svg").length, 1);
  const huge = await page(networkSection(chain(1023))), large = assertSelfContained(huge);
  assert.equal(large.querySelectorAll("svg.plot").length, 0);
  assert.match(large.querySelector("main")?.textContent ?? "", /no picture of 1,024 nodes and 1,025 edges/);
  assert.ok(huge.length < 200_000, `${huge.length}`);
});
