/**
 * The engines of this machine, for tests of what every engine promises.
 *
 * @module
 */
import { createEngine, type EngineName, type EngineOptions } from "../../src/engine/create_engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { gpuTest } from "./gpu/gpu.ts";

/** Opens the engine under test, with the network's first parameters. */
export type StartEngine = (
  options: Omit<EngineOptions, "engine" | "threads">,
) => Promise<Engine & Disposable>;

const WASM = {
  "wasm on 0 threads": { engine: "wasm", threads: 0 },
  "wasm on 3 threads": { engine: "wasm", threads: 3 },
} as const;
const GPU = {
  "hybrid on 0 threads": { engine: "hybrid", threads: 0 },
  "hybrid on 2 threads": { engine: "hybrid", threads: 2 },
  webgpu: { engine: "webgpu", threads: 1 },
} as const;

const startOf = (which: { engine: EngineName; threads: number }): StartEngine => (options) =>
  createEngine({ ...options, ...which });

/** Registers a test for each engine, with and without workers. Without an adapter, those of a GPU are ignored. */
export function engineTest(
  name: string,
  run: (start: StartEngine, engine: EngineName) => Promise<void>,
): void {
  for (const [label, which] of Object.entries(WASM)) {
    Deno.test(`${name}, on ${label}`, () => run(startOf(which), which.engine));
  }
  gpuEngineTest(name, run);
}

/** Registers a test for each engine of a GPU. */
export function gpuEngineTest(
  name: string,
  run: (start: StartEngine, engine: EngineName) => Promise<void>,
): void {
  for (const [label, which] of Object.entries(GPU)) {
    gpuTest(`${name}, on ${label}`, () => run(startOf(which), which.engine));
  }
}
