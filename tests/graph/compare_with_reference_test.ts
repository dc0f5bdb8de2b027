import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../src/engine/create_engine.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { structureOf } from "../../src/network/structure.ts";
import { networkCases } from "../engine/network_cases.ts";
import { compareWithReference, runReference } from "./compare_with_reference.ts";
import { isTelling } from "./drawn_graphs.ts";
import { tensorsOf } from "./reference_structure.ts";

Deno.test("compareWithReference() holds an engine to graphs that are chains, and finds a wrong bias", async () => {
  let compared = 0, found = 0;
  await fc.assert(
    fc.asyncProperty(networkCases({ samples: 2, unequal: true }), async ({ spec, parameters, samples }) => {
      const graph = parseNetworkSpec(spec);
      const names = [...tensorsOf(graph).keys()];
      const nameOf = (name: string) => structureOf(spec).tensors[names.indexOf(name)]!.name;
      const drawn = {
        spec: graph,
        parameters: new Map(names.map((name) => [name, parameters.get(nameOf(name))!])),
        samples,
      };
      const run = runReference(drawn, 3);
      fc.pre(isTelling(graph, run));
      using engine = await createEngine({
        spec,
        engine: "wasm",
        threads: 0,
        seed: 3,
        batchSize: 2,
        recordStates: true,
      });
      await compareWithReference(engine, drawn, run, { nameOf });
      compared++;
      const other = { ...drawn, parameters: new Map(drawn.parameters) };
      const [name, tensor] = [...other.parameters].findLast(([name]) => name.endsWith(".bias"))!;
      other.parameters.set(name, tensor.map((value) => value + 0.01));
      await compareWithReference(engine, other, run, { nameOf }).catch(() => found++);
    }),
    { seed: 4, numRuns: 60 },
  );
  assert.ok(found > 0.9 * compared, `${found} of ${compared}`);
});
