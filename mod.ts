/**
 * Spikelet: spiking neural networks, trained and run from TypeScript.
 *
 * A network is data ({@linkcode NetworkSpec}); an {@linkcode Engine} computes with it; {@linkcode train} and
 * {@linkcode evaluate} put batches to an engine.
 *
 * @example Train the notebook's network on a few hundred digits
 * ```ts
 * import { createEngine, initialParameters, loadMnist, notebookNetwork, train } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ steps: 32 });
 * const samples = await loadMnist(undefined, "train");
 * using engine = await createEngine({ spec, threads: 1, batchSize: 100 });
 * await engine.setParameters(initialParameters(spec, 0));
 * const step = { learningRate: 0.1, momentum: 0.5 };
 * const { score } = await train(engine, { samples, epochs: 1, batchSize: 100, step, seed: 0, limit: 300 });
 * console.log(score.total); // 300
 * ```
 *
 * @module
 */
export * from "./src/portable.ts";
export * from "./src/network/model_file.ts";
export * from "./src/data/data_source.ts";
export * from "./src/data/mnist.ts";
export { loadCifar10 } from "./src/data/cifar.ts";
export { loadPictures } from "./src/data/picture_folder.ts";
export { readTensors } from "./src/data/tensor_file.ts";
export * from "./src/data/fetch.ts";
export * from "./src/engine/create_engine.ts";
export * from "./src/engine/wasm/load.ts";
export {
  createHybridEngine,
  type HybridEngine,
  type HybridEngineOptions,
} from "./src/engine/hybrid/hybrid_engine.ts";
export {
  createWebGpuEngine,
  type WebGpuEngine,
  type WebGpuEngineOptions,
} from "./src/engine/webgpu/webgpu_engine.ts";
export type * from "./src/engine/gpu/adapter.ts";
export type { DeviceCounts, DeviceMemory } from "./src/engine/gpu/backend.ts";
export type { DenseFrom } from "./src/engine/wasm/matrix_product.ts";
export { encodeOnnx, type OnnxFile, type OnnxForm, type OnnxOptions } from "./src/onnx/onnx_model.ts";
export { encodeNir, type EncodeNirOptions, type NirFile } from "./src/nir/write_nir.ts";
export { startFromData, type StartOptions } from "./src/training/default_start.ts";
export * from "./src/runs/read_checkpoint.ts";
