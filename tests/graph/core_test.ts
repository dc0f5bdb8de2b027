import fc from "fast-check";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { compareCore } from "./compare_core.ts";
import { runReference } from "./compare_with_reference.ts";
import { drawnGraphs, isTelling } from "./drawn_graphs.ts";

const SEED = 3;

Deno.test("a core's states, logits, losses and gradients are the reference's, of any graph", async () => {
  const kernels = await loadKernels();
  fc.assert(
    fc.property(drawnGraphs({ samples: 3 }), fc.boolean(), (drawn, recordStates) => {
      // Where samples meet in the midst of training, it takes an engine.
      fc.pre(!drawn.spec.nodes.some(({ kind }) => kind === "batchNorm"));
      const run = runReference(drawn, SEED);
      fc.pre(isTelling(drawn.spec, run));
      for (const small of [0, undefined]) compareCore(kernels, drawn, run, SEED, { recordStates }, small);
    }),
    { seed: 17, numRuns: 400 },
  );
});
