import assert from "node:assert/strict";
import { instantiate } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { NEURONS } from "../../src/network/neurons.ts";

/** Of every kind of neuron there are two, which the interface makes from its name. */
const NEURON_KERNELS = Object.keys(NEURONS).flatMap((kind) => {
  const name = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  return [[`step${name}`, 3], [`stepBack${name}`, 3]] as const;
});

const SOURCE = new URL("../../src/engine/wasm/kernels.ts", import.meta.url);

/** The functions of the Kernels interface with how many parameters each has, read from its source. */
function declaredFunctions(): Record<string, number> {
  const text = Deno.readTextFileSync(SOURCE);
  const body = text.match(/export interface Kernels extends NeuronKernels \{(.*?)\n\}/s)?.[1];
  assert.ok(body, "kernels.ts declares Kernels");
  return Object.fromEntries([
    ...NEURON_KERNELS,
    ...[...body.matchAll(/^ {2}(\w+)\((.*?)\): \w+;/gms)]
      .map(([, name, parameters]) => [name, parameters!.split(":").length - 1] as const),
  ]);
}

for (const variant of ["relaxed", "plain"] as const) {
  Deno.test(`the ${variant} build exports the members of Kernels, with as many parameters, and nothing else`, async () => {
    const { module } = await loadKernels(variant);
    const declared = declaredFunctions();
    assert.ok(Object.keys(declared).length > 20, "the interface has been read");
    const exports = WebAssembly.Module.exports(module);
    assert.deepEqual(
      exports.map(({ kind, name }) => `${kind} ${name}`).sort(),
      ["memory memory", ...Object.keys(declared).map((name) => `function ${name}`)].sort(),
    );
    const kernels = Object.entries(instantiate(module));
    for (const [name, parameters] of Object.entries(declared)) {
      const kernel: unknown = kernels.find(([key]) => key === name)?.[1];
      assert.ok(typeof kernel === "function");
      assert.equal(kernel.length, parameters, `${name}'s parameters`);
    }
  });

  Deno.test(`the ${variant} build imports nothing, and every instance owns its memory`, async () => {
    const { module } = await loadKernels(variant);
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const one = instantiate(module), other = instantiate(module);
    const at = one.heapBase();
    new Uint8Array(one.memory.buffer)[at] = 7;
    assert.equal(new Uint8Array(other.memory.buffer)[at], 0);
  });
}

Deno.test("the two builds export the same", async () => {
  const [relaxed, plain] = await Promise.all((["relaxed", "plain"] as const).map(loadKernels));
  assert.deepEqual(
    WebAssembly.Module.exports(relaxed!.module),
    WebAssembly.Module.exports(plain!.module),
  );
});
