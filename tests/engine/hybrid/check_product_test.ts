import assert from "node:assert/strict";
import { checkInputProduct } from "../../../src/engine/hybrid/check_product.ts";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { EngineError } from "../../../src/errors.ts";
import { affine, graphOfNodes, type GraphWords, type NodeWords } from "../plan/plan_words.ts";

const lif = { id: "lif", kind: "lif" }, out = { id: "out", kind: "integrator" };
const rest = [lif, affine("top"), out];

function check(nodes: readonly NodeWords[], graph: GraphWords = {}): void {
  const target = { events: true, external: true };
  checkInputProduct(compilePlan(graphOfNodes(nodes, graph), { skip: false, target }));
}

Deno.test("checkInputProduct() takes networks whose inputs go into one product", () => {
  for (const encoder of ["constant", "direct", "noise", "poisson"] as const) {
    check([affine("fc"), ...rest], { encoder });
    check([{ id: "flat", kind: "flatten" }, affine("fc"), ...rest], { encoder, shape: [2, 2, 3] });
  }
});

Deno.test("checkInputProduct() names the node that needs the inputs, and what to take", () => {
  const refused = (id: string, nodes: readonly NodeWords[]) => {
    for (const encoder of ["constant", "direct", "noise"] as const) {
      assert.throws(() => check(nodes, { encoder }), (error) => {
        assert.ok(error instanceof EngineError);
        assert.match(error.message, new RegExp(`^hybrid: node ${id} .*: take --engine wasm, or webgpu$`));
        return true;
      });
    }
  };
  refused("lif", [{ ...lif, from: "input" }, affine("top"), out]);
  refused("fc", [affine("fc", "input@1"), ...rest]);
  refused("fc", [affine("fc", ["input", "input"]), ...rest]);
  refused("top", [affine("fc"), lif, affine("top", ["lif", "input"]), out]);
  refused("scale", [{ id: "scale", kind: "scale" }, affine("fc"), ...rest]);
  refused("fc", [
    affine("back", "out@1"),
    affine("fc", "input"),
    { ...lif, from: ["fc", "back"] },
    affine("top"),
    out,
  ]);
});
