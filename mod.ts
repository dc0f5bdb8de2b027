/**
 * Spikelet: spiking neural networks, trained and run from TypeScript.
 *
 * @module
 */
export * from "./src/errors.ts";
export * from "./src/random.ts";
export * from "./src/network/spec.ts";
export * from "./src/network/presets.ts";
export * from "./src/network/initialise.ts";
export * from "./src/engine/engine.ts";
export * from "./src/engine/wasm/load.ts";
export { createWasmEngine, type WasmEngineOptions } from "./src/engine/wasm/wasm_engine.ts";
