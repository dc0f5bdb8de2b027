import assert from "node:assert/strict";
import fc from "fast-check";
import { layersOf } from "../../src/network/layers_of.ts";
import { parseGraph } from "../../src/network/parse_graph.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { networkSpecs } from "../engine/network_cases.ts";
import { GOLDEN_GRAPHS, readGoldenGraph } from "../graph/golden_graphs.ts";

Deno.test("layersOf() is the layers that a graph was expanded from", () => {
  fc.assert(
    fc.property(networkSpecs, (description) => {
      const layers = parseNetworkSpec(description), view = layersOf(parseGraph(layers));
      assert.deepEqual(view?.spec, layers);
      const shapes = structureOf(parseGraph(layers)).tensors.map(({ name, shape }) => [name, shape]);
      const former = structureOf(layers).tensors;
      assert.deepEqual(shapes, former.map(({ shape }, i) => [view?.names[i], shape]));
    }),
    { seed: 9, numRuns: 100 },
  );
});

Deno.test("layersOf() takes any ids, and no graph that is more than a chain of layers", () => {
  const chains = GOLDEN_GRAPHS.filter((name) => layersOf(readGoldenGraph(name).spec));
  assert.deepEqual(chains, ["layers_short_form", "recurrent_affine"]);
});
