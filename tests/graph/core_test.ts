import fc from "fast-check";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { isNeuronNode } from "../../src/network/graph.ts";
import { compareCore } from "./compare_core.ts";
import { runReference } from "./compare_with_reference.ts";
import { type DrawnGraph, drawnGraphs, isTelling } from "./drawn_graphs.ts";
import { ownConstantsOf } from "./reference_structure.ts";

const SEED = 3;

/** Kernels read these constants as one number for all units. */
const ONE_FOR_ALL = ["penalty", "synapticDecay", "adaptation", "adaptationDecay", "resetTo"];

function isKnown({ spec }: DrawnGraph): boolean {
  return spec.nodes.every((node) =>
    !isNeuronNode(node) ||
    ownConstantsOf(node).fixed.every((name) => !ONE_FOR_ALL.includes(name)) &&
      (node.kind !== "lif" || node.resetTo === 0)
  );
}

Deno.test("a core's states, logits, losses and gradients are the reference's, of any graph", async () => {
  const kernels = await loadKernels();
  fc.assert(
    fc.property(drawnGraphs({ samples: 3 }).filter(isKnown), fc.boolean(), (drawn, recordStates) => {
      const run = runReference(drawn, SEED);
      fc.pre(isTelling(drawn.spec, run));
      compareCore(kernels, drawn, run, SEED, { recordStates });
    }),
    { seed: 17, numRuns: 400 },
  );
});
