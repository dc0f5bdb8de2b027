/**
 * Chooses the fastest engine: the one with the shortest training batch, and no GPU that computes on the CPU.
 *
 * Pure functions of an adapter and of measurements; `tune.ts` measures, `auto_file.ts` stores the choices.
 */
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { contentId } from "../random.ts";
import { canonicalJson } from "../text/json.ts";
import type { AdapterDescription } from "./gpu/adapter.ts";
import type { ComputingEngine } from "./engine_name.ts";

/** A GPU engine is chosen where it needs at most this share of WASM's time: a tie is not worth a device. */
export const WORTHWHILE = 0.9;

/** The time that one engine took. */
export interface Measurement {
  readonly engine: ComputingEngine;
  /** For one training batch, the same for all engines; or the reason why there is no figure. */
  readonly seconds: number | string;
}

/** The chosen engine, and the reason. */
export interface Choice {
  readonly engine: ComputingEngine;
  /** In words, without a full stop. */
  readonly reason: string;
}

/** The GPU engines' adapter: its name, and whether it is software. */
export type AdapterNote = Pick<AdapterDescription, "name" | "isSoftware">;

/** The choice that needs no measurement; `undefined` where the adapter (the fastest one) is worth one. */
export function chooseByAdapter(adapter: AdapterNote | undefined): Choice | undefined {
  if (!adapter) return { engine: "wasm", reason: "no GPU adapter is found here" };
  if (adapter.isSoftware) return { engine: "wasm", reason: `${adapter.name} computes on the CPU` };
  return undefined;
}

/** The fastest measured engine; `measurements` include WASM's. */
export function chooseByTime({ name }: AdapterNote, measurements: readonly Measurement[]): Choice {
  const timed = measurements.flatMap(({ engine, seconds }) =>
    typeof seconds === "number" ? [{ engine, seconds }] : []
  );
  const wasm = timed.find(({ engine }) => engine === "wasm")?.seconds ?? Infinity;
  const worthwhile = timed.filter(({ engine, seconds }) => engine === "wasm" || seconds <= WORTHWHILE * wasm);
  const engine = worthwhile.sort((a, b) => a.seconds - b.seconds)[0]?.engine ?? "wasm";
  const figures = measurements.map(({ engine, seconds }) =>
    typeof seconds === "number" ? `${engine} ${milliseconds(seconds)}` : `${engine} failed (${seconds})`
  );
  return { engine, reason: `a batch took ${figures.join(", ")} on ${name}` };
}

/** Everything on which the engines' relative speed depends. */
export interface Workload {
  /** All of it counts: neurons, constants, recurrence, delays, encoder, readout and loss decide what is computed. */
  readonly spec: NetworkSpec;
  /** Samples of a training batch. */
  readonly batchSize: number;
  readonly threads: number;
  /** In MiB. */
  readonly gpuMemory: number;
  /** The engine's other options, by name. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The key of a stored choice, one line: words for people, then a hash of the whole workload. */
export function sizeOf({ spec, batchSize, threads, gpuMemory, options }: Workload): string {
  const { steps, input: { encoder } } = spec, { inputs, populations } = structureOf(spec);
  const units = populations.map(({ units, neuron }) => `${units} ${neuron.kind}`).join(", ");
  const whole = new TextEncoder().encode(canonicalJson({ spec, options }));
  const hash = [0, 1].map((seed) => contentId(whole, seed).toString(16).padStart(8, "0")).join("");
  return `${inputs} ${encoder.kind} inputs, ${units}, ${steps} steps, batches of ${batchSize}, ` +
    `${threads} threads, ${gpuMemory} MiB, ${hash}`;
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toLocaleString("en-US", { maximumSignificantDigits: 3 })} ms`;
}
