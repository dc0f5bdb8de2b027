import assert from "node:assert/strict";
import fc from "fast-check";
import { isNeuronNode } from "../../src/network/graph.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { isLearned, structureOf } from "../../src/network/structure.ts";
import { describeGraph, drawGraph, drawnGraphs, isTelling } from "./drawn_graphs.ts";
import { runReference } from "./compare_with_reference.ts";
import { ownConstantsOf, shapesOf, tensorsOf } from "./reference_structure.ts";

/** What a graph has that an engine may get wrong. */
function featuresOf({ spec, samples }: ReturnType<typeof drawGraph>): string[] {
  const { nodes, readout, loss, input } = spec, shapes = shapesOf(spec);
  const place = (id: string) => nodes.findIndex((node) => node.id === id);
  const used = new Set([readout.node, ...nodes.flatMap(({ from }) => from.map(({ node }) => node))]);
  const features = [
    `encoder ${input.encoder.kind}`,
    `readout of ${readout.from}`,
    `readout by ${readout.reduce}`,
    `loss ${loss.kind}`,
    ...(loss.rate ? ["rates"] : []),
    ...(readout.delay > 0 ? ["delayed readout"] : []),
    ...(readout.begin > 0 ? ["late readout"] : []),
    ...(samples.lengths ? ["unequal lengths"] : []),
    ...(place(readout.node) < nodes.length - 1 ? ["nodes behind the readout"] : []),
    ...(spec.steps === 1 ? ["one step"] : []),
    ...(nodes.length === 12 ? ["twelve nodes"] : []),
  ];
  nodes.forEach((node, i) => {
    features.push(node.kind, `shape of ${shapes.get(node.id)!.output.length}`);
    if (!used.has(node.id)) features.push("unread branch");
    if (node.from.length > 1) features.push("several edges");
    if (new Set(node.from.map((edge) => edge.node)).size < node.from.length) {
      features.push("two edges from one node");
    }
    for (const edge of node.from) {
      const from = place(edge.node);
      if (edge.delay > 0) features.push(edge.node === "input" ? "delayed input" : "delayed edge");
      if (from >= i) features.push(from === i ? "loop of one" : "loop of several or edge from behind");
      if (from >= i && edge.delay > 1) features.push("loop of several steps");
    }
    if (!isNeuronNode(node)) return;
    const { learned, fixed } = ownConstantsOf(node);
    features.push(...learned.map((name) => `learned ${name}`), ...fixed.map((name) => `perUnit ${name}`));
    if (node.kind === "lif") {
      features.push(
        `reset ${node.reset}`,
        `surrogate ${node.surrogate.kind}`,
        `${node.spikes} spikes a step`,
      );
    }
  });
  return [...new Set(features)];
}

Deno.test("drawGraph() draws every feature, and most graphs tell a wrong engine", () => {
  const counts = new Map<string, number>();
  let telling = 0;
  for (let seed = 0; seed < 300; seed++) {
    const drawn = drawGraph(seed, 3 + seed % 10, seed % 15 === 0 ? 1 : 2 + seed % 12);
    if (!isTelling(drawn.spec, runReference(drawn, 0))) continue;
    telling++;
    for (const feature of featuresOf(drawn)) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  }
  assert.ok(telling > 180, `${telling} of 300`);
  const rare = [...counts].filter(([, count]) => count < 4);
  assert.deepEqual(rare, []);
  assert.equal(counts.size, 68, "every feature that featuresOf() can name");
});

Deno.test("drawnGraphs() prints a graph that fails", () => {
  const [drawn] = fc.sample(drawnGraphs(), { seed: 1, numRuns: 1 });
  assert.match(fc.stringify(drawn), /^seed \d+, 2 samples:\n\{"steps"/);
  assert.ok(fc.stringify(drawn).endsWith(describeGraph(drawn!.spec)));
});

Deno.test("parseNetworkSpec() gives a drawn graph as it is, and structureOf() has the reference's tensors", () => {
  fc.assert(fc.property(drawnGraphs(), ({ spec }) => {
    assert.deepEqual(parseNetworkSpec(JSON.parse(JSON.stringify(spec))), spec);
    assert.deepEqual(
      structureOf(spec).tensors.map((tensor) => [tensor.name, [...tensor.shape], isLearned(tensor)]),
      [...tensorsOf(spec)].map(([name, tensor]) => [name, [...tensor.shape], tensor.isLearned]),
    );
  }));
});
