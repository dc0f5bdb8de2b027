/**
 * The engines of the page, in whichever browser it is.
 *
 * @module
 */
import type { Engine } from "../engine/engine.ts";
import { withFallback } from "../engine/fallback.ts";
import type { KernelModule } from "../engine/wasm/kernels.ts";
import { createWasmEngine } from "../engine/wasm/wasm_engine.ts";
import type { PageEngineOptions } from "./training.ts";

/**
 * Makes an engine. WASM works in the trainer's own thread: so nothing depends on headers that isolate the page. Where a GPU cannot be had, or fails in the middle, WASM goes on from the last whole batch.
 *
 * @param notice Hears of that in one line.
 */
export async function openPageEngine(
  { engine, ...options }: PageEngineOptions,
  kernels: KernelModule,
  notice: (message: string) => void,
): Promise<Engine & Disposable> {
  const wasm = () => createWasmEngine({ ...options, kernels, threads: 0 });
  switch (engine) {
    case "wasm":
      return wasm();
    case "webgpu": {
      const onFailure = (error: unknown) =>
        notice(`WASM goes on: ${error instanceof Error ? error.message : String(error)}`);
      try {
        // Its library is larger than all the rest: so it is a file of its own, loaded when it is asked for.
        const { createWebGpuEngine } = await import("../engine/webgpu/webgpu_engine.ts");
        return withFallback(await createWebGpuEngine(options), {
          open: () => Promise.resolve(wasm()),
          onFailure,
        });
      } catch (error) {
        onFailure(error);
        return wasm();
      }
    }
    default:
      return engine satisfies never;
  }
}
