/**
 * What engines are called.
 *
 * @module
 */

/** The engines of the command line; `auto` takes the one that is fastest here. */
export const ENGINES = ["auto", "wasm", "hybrid", "webgpu"] as const;

/** One of {@linkcode ENGINES}. */
export type EngineName = typeof ENGINES[number];

/** An engine that computes. */
export type ComputingEngine = Exclude<EngineName, "auto">;
