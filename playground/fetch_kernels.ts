/** The kernels, beside the page's scripts. */
import type { KernelModule, Variant } from "../src/engine/wasm/kernels.ts";

/**
 * Fetches and compiles a build of the kernels. `compileStreaming` would need the media type `application/wasm`, which not
 * every server of static files sends.
 */
export async function fetchKernels(variant: Variant): Promise<KernelModule> {
  const response = await fetch(new URL(`kernels.${variant}.wasm`, import.meta.url));
  if (!response.ok) {
    throw new Error(`${response.url}: the server answered ${response.status}: upload the whole page again`);
  }
  return { variant, module: await WebAssembly.compile(await response.arrayBuffer()) };
}
