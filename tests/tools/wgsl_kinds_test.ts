import assert from "node:assert/strict";
import { kindsModule } from "../../tools/wgsl_kinds.ts";

Deno.test("kindsModule() imports every WGSL file of a kind, and nothing else", () => {
  const text = kindsModule([
    "asm/operators/pool_2d.wgsl.ts",
    "asm/operators/pool_2d.ts",
    "asm/operators/parts/window.wgsl.ts",
    "asm/operator.wgsl.ts",
    "asm/neurons/lif.wgsl.ts",
  ]);
  assert.deepEqual(text.match(/^import .*$/gm), [
    'import { LIF } from "./neurons/lif.wgsl.ts";',
    'import type { NeuronCode } from "./scan.wgsl.ts";',
    'import { POOL_2D } from "./operators/pool_2d.wgsl.ts";',
    'import type { OperatorCode } from "./operator.wgsl.ts";',
  ]);
  assert.deepEqual(text.match(/^ {2}\w+: \w+,$/gm), ["  Lif: LIF,", "  Pool2d: POOL_2D,"]);
});
