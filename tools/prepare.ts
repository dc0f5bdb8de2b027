/**
 * `deno task prepare`: what `train` and `compare` begin with, the kernels and the answer to which GPU there is.
 *
 * It is asked for once a day, and here because a driver that has answered stays in its process's memory: Mesa's with some 90 MiB,
 * half of what training takes.
 */
import { askForAdapter } from "../src/engine/auto_file.ts";
import { runtimeGpu } from "../src/engine/gpu/adapter.ts";
import { bestVariant } from "../src/engine/wasm/kernels.ts";
import { machineOf } from "../src/engine/wasm/tuning_file.ts";

if (Deno.args.length > 0) await (await import("./build_help.ts")).helpWith("prepare");

await import("./build.ts");
await askForAdapter({ machine: machineOf({ variant: bestVariant() }), gpu: runtimeGpu() });
