/**
 * The engines that are here, for the tests of what all of them promise.
 *
 * @module
 */
import { createEngine, type EngineName, type EngineOptions } from "../../src/engine/create_engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { gpuTest } from "./gpu/gpu.ts";

/** Opens the engine under test. Until it is given parameters it has the network's first ones. */
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

/** Registers a test for each engine, on workers and without. Those of a GPU are left out where there is no adapter. */
export function engineTest(
  name: string,
  run: (start: StartEngine, engine: EngineName) => Promise<void>,
): void {
  for (const [label, which] of Object.entries(WASM)) {
    Deno.test(`${name}, on ${label}`, () => run(startOf(which), which.engine));
  }
  gpuEngineTest(name, run);
}

/** The same for the engines of a GPU alone. */
export function gpuEngineTest(
  name: string,
  run: (start: StartEngine, engine: EngineName) => Promise<void>,
): void {
  for (const [label, which] of Object.entries(GPU)) {
    gpuTest(`${name}, on ${label}`, () => run(startOf(which), which.engine));
  }
}
