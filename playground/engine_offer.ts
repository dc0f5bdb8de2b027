/** The engines that this browser has. */
import { findAdapters } from "../src/engine/gpu/adapter.ts";
import type { WebGpuOffer } from "./training_view.ts";

/** The threads of WASM, in words. */
export function describeThreads(): string {
  const threads = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  return threads === 1 ? "1 thread" : `${threads} threads`;
}

/** Finds a WebGPU adapter. */
export async function findWebGpu(): Promise<WebGpuOffer> {
  const none = (why: string) => ({ isThere: false, note: `No WebGPU: ${why}.` });
  if (!("gpu" in navigator)) return none("this browser has none, or needs this page over https");
  const [found] = await findAdapters();
  if (!found) return none("this browser found no adapter");
  const { isSoftware, name } = found.description;
  return {
    isThere: true,
    note: isSoftware
      ? `WebGPU's adapter computes on the CPU (${name}), slower than WASM.`
      : `WebGPU works on ${name}; it is fetched when it is chosen.`,
  };
}
