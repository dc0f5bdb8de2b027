/**
 * Tests that need a GPU adapter. On Linux Mesa's software adapter will do: `apt-get install mesa-vulkan-drivers libvulkan1`.
 *
 * @module
 */
import { type Gpu, runtimeGpu } from "../../../src/engine/gpu/adapter.ts";
import type { Backend } from "../../../src/engine/gpu/backend.ts";
import { openBackend } from "../../../src/engine/gpu/tfjs_backend.ts";

const adapter = await runtimeGpu()?.requestAdapter();
if (!adapter) console.warn("no GPU adapter is found here: tests that need one are left out");

/** Registers a test that is ignored if there is no adapter. */
export function gpuTest(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: !adapter, fn: run });
}

/** Registers a test with a backend, which is closed after it. */
export function backendTest(name: string, run: (backend: Backend) => Promise<void>): void {
  gpuTest(name, async () => {
    const backend = await openBackend();
    try {
      await run(backend);
    } finally {
      backend.close();
    }
  });
}

/** The runtime's WebGPU, and the devices that it has given out, which a test can destroy. */
export function watchedGpu(): { readonly gpu: Gpu; readonly devices: readonly GPUDevice[] } {
  const devices: GPUDevice[] = [];
  return {
    devices,
    gpu: {
      async requestAdapter(options) {
        const found = await navigator.gpu.requestAdapter(options);
        if (!found) return null;
        const request = found.requestDevice.bind(found);
        Object.defineProperty(found, "requestDevice", {
          async value(descriptor?: GPUDeviceDescriptor) {
            const device = await request(descriptor);
            devices.push(device);
            return device;
          },
        });
        return found;
      },
    },
  };
}
