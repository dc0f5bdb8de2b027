/**
 * Engines and batches for the tests of engines.
 *
 * @module
 */
import type { Samples } from "../../src/data/samples.ts";
import type { Batch, Engine, Parameters } from "../../src/engine/engine.ts";
import type { KernelModule } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine, type WasmEngineOptions } from "../../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { shuffledOrder, STREAM } from "../../src/random.ts";

let kernels: KernelModule | undefined;

/** A WASM engine of the best build, with the network's first parameters. */
export async function startEngine(options: Omit<WasmEngineOptions, "kernels">): Promise<Engine & Disposable> {
  const engine = createWasmEngine({ ...options, kernels: kernels ??= await loadKernels() });
  await engine.setParameters(initialParameters(options.spec, 0));
  return engine;
}

/** A batch of chosen samples, or of all. */
export function batchOf(samples: Samples, indices?: Iterable<number>, epoch = 1): Batch {
  const all = indices ?? Array.from({ length: samples.count }, (_, i) => i);
  return { samples, indices: Uint32Array.from(all), stream: STREAM.training, epoch };
}

/** An epoch's batches in shuffled order. The last one may be smaller. */
export function batchesOf(samples: Samples, size: number, epoch = 1): Batch[] {
  const order = shuffledOrder(samples.count, 0, epoch);
  return Array.from(
    { length: Math.ceil(samples.count / size) },
    (_, i) => batchOf(samples, order.subarray(i * size, (i + 1) * size), epoch),
  );
}

/** The bits of parameters as text. */
export function bitsOf(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(
    [...parameters].map(([name, tensor]) => [
      name,
      Array.from(new Uint32Array(Float32Array.from(tensor).buffer), (word) => word.toString(16)).join(" "),
    ]),
  );
}
