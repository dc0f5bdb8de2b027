import assert from "node:assert/strict";
import { NEURON_CODES, OPERATOR_CODES } from "../../asm/kinds.wgsl.ts";
import { compilePlan } from "../../src/engine/plan/compile.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import {
  affine,
  avgPool2d,
  batchNorm,
  conv2d,
  delay,
  dropout,
  flatten,
  integrator,
  lif,
  maxPool2d,
  network,
  scale,
  sumPool2d,
} from "../../src/network/builder.ts";
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

Deno.test("every kind of operator has in WGSL a name for each of its numbers and tensors, as far as it reads them", () => {
  const pools = [avgPool2d(2, { stride: 1 }), sumPool2d(2, { stride: 1 }), maxPool2d(2, { stride: 1 })];
  const { operators } = compilePlan(
    network({
      steps: 3,
      input: { shape: [2, 7, 7], encoder: { kind: "direct" } },
      nodes: [
        conv2d(2, 3),
        lif(),
        ...pools,
        batchNorm(),
        dropout(0.5),
        scale(),
        delay(),
        flatten(),
        lif(),
        affine(2),
        integrator(),
      ],
    }),
    { target: { events: false } },
  );
  assert.deepEqual(
    operators.map(({ kernel }) => kernel).toSorted(),
    Object.keys(OPERATOR_CODES).toSorted(),
  );
  for (const { kernel, geometry, settings, tensors } of operators) {
    const code = OPERATOR_CODES[kernel]!;
    if (code.geometry) assert.equal(code.geometry.length, geometry.length, `${kernel}: geometry`);
    assert.equal(code.settings?.length ?? 0, settings.length, `${kernel}: settings`);
    assert.deepEqual(code.tensors ?? [], tensors.map((name) => name.split(".")[1]), `${kernel}: tensors`);
    for (
      const name of [
        ...Object.keys(code.gradients ?? {}),
        ...(code.statistics ?? []).map(({ tensor }) => tensor),
      ]
    ) {
      assert.ok(code.tensors?.includes(name), `${kernel}: ${name}`);
    }
  }
});
