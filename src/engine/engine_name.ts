/** The names of the engines. */

/** The engines of the command line; `auto` stands for the fastest one. */
export const ENGINES = ["auto", "wasm", "hybrid", "webgpu"] as const;

/** One of {@linkcode ENGINES}. */
export type EngineName = typeof ENGINES[number];

/** An engine that computes. */
export type ComputingEngine = Exclude<EngineName, "auto">;
