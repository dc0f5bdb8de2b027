/** The page's engines. */
import { sharedBuffer } from "../../src/data/shared_memory.ts";
import type { Samples } from "../../src/data/samples.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { withFallback } from "../../src/engine/fallback.ts";
import type { KernelModule } from "../../src/engine/wasm/kernels.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import type { PageEngineOptions } from "./training.ts";

/** Whether threads can share memory: in a browser, only a page sent with cross-origin isolation headers can. */
const SHARES = typeof SharedArrayBuffer === "function";

/** Worker threads of the WASM engine; 0, the trainer's own thread, where memory cannot be shared. */
export const THREADS: number = SHARES ? Math.max(1, navigator.hardwareConcurrency) : 0;

/**
 * Creates an engine. If a GPU is unavailable or fails during training, WASM resumes from the last whole batch.
 *
 * @param notice Called with one line about the fallback.
 */
export async function openPageEngine(
  { engine, ...options }: PageEngineOptions,
  kernels: KernelModule,
  notice: (message: string) => void,
): Promise<Engine & Disposable> {
  const wasm = () => createWasmEngine({ ...options, kernels, threads: options.recordStates ? 0 : THREADS });
  switch (engine) {
    case "wasm":
      return wasm();
    case "webgpu": {
      const onFailure = (error: unknown) =>
        notice(`WASM continues: ${error instanceof Error ? error.message : String(error)}`);
      try {
        // The GPU library is larger than the rest of the page: it is a separate file, loaded on demand.
        const { createWebGpuEngine } = await import("../../src/engine/webgpu/webgpu_engine.ts");
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

/** Copies samples into memory that the engine's threads share, if threads can. */
export function shareSamples(samples: Samples): Samples {
  const { features, labels } = samples;
  if (!SHARES || !(features instanceof Uint8Array)) return samples;
  const shared = (bytes: Uint8Array) => {
    const copy = new Uint8Array(sharedBuffer(bytes.length));
    copy.set(bytes);
    return copy;
  };
  return { ...samples, features: shared(features), labels: shared(labels) };
}
