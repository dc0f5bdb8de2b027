import assert from "node:assert/strict";
import { NEURON_CODES, OPERATOR_CODES } from "../../asm/kinds.wgsl.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { kindOf, NEURONS } from "../../src/network/neurons.ts";
import { OPERATORS } from "../../src/network/operators.ts";

const { module } = await loadKernels();
const kernels = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
const capitalised = (kind: string) => `${kind[0]!.toUpperCase()}${kind.slice(1)}`;

Deno.test("every kind of neuron has its kernels, in AssemblyScript and in WGSL", () => {
  for (const { defaults } of Object.values(NEURONS)) {
    const kind = capitalised(defaults.kind), code = NEURON_CODES[kind];
    for (const name of [`step${kind}`, `stepBack${kind}`]) {
      for (const kernel of [name, `${name}PerUnit`]) assert.ok(kernels.has(kernel), kernel);
    }
    assert.ok(code, `${kind} in WGSL`);
    assert.equal(code.settings.length, kindOf(defaults).settings(defaults).length, `${kind}: settings`);
  }
});

Deno.test("every kind of operator that is no product has its kernels, in AssemblyScript and in WGSL", () => {
  for (const [name, { lowering }] of Object.entries(OPERATORS)) {
    if (lowering === "matmul") continue;
    const kind = capitalised(name), code = OPERATOR_CODES[kind];
    for (const kernel of [`forward${kind}`, `backward${kind}`]) assert.ok(kernels.has(kernel), kernel);
    assert.ok(code, `${kind} in WGSL`);
    const hasGradient = kernels.has(`weightGradient${kind}`);
    assert.equal(code.gradients !== undefined, hasGradient, `${kind}: gradients of tensors in both`);
  }
});
