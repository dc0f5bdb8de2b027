/**
 * Which engine is the fastest: the one with the shortest batch, and no GPU that computes on the CPU.
 *
 * Pure functions of an adapter and of measurements; `tune.ts` measures, `auto_file.ts` remembers.
 *
 * @module
 */
import type { NetworkSpec } from "../network/spec.ts";
import { contentId } from "../random.ts";
import type { AdapterDescription } from "./gpu/adapter.ts";
import type { ComputingEngine } from "./engine_name.ts";

/** A GPU engine is taken where it needs at most this share of WASM's time: a tie is not worth a device. */
export const WORTHWHILE = 0.9;

/** What one engine took. */
export interface Measurement {
  /** Which. */
  readonly engine: ComputingEngine;
  /** For one training batch, the same for all engines; or why there is no figure. */
  readonly seconds: number | string;
}

/** An engine, and why. */
export interface Choice {
  /** Which. */
  readonly engine: ComputingEngine;
  /** In words, without a full stop. */
  readonly reason: string;
}

/** What a GPU engine would compute on: an adapter's name, and whether it is software. */
export type AdapterNote = Pick<AdapterDescription, "name" | "isSoftware">;

/**
 * What is clear without measuring.
 *
 * @param adapter The fastest there is.
 * @returns `undefined` where the adapter is worth a measurement.
 */
export function chooseByAdapter(adapter: AdapterNote | undefined): Choice | undefined {
  if (!adapter) return { engine: "wasm", reason: "no GPU adapter is found here" };
  if (adapter.isSoftware) return { engine: "wasm", reason: `${adapter.name} computes on the CPU` };
  return undefined;
}

/**
 * The fastest of those that were measured.
 *
 * @param adapter What the GPU engines were measured on.
 * @param measurements WASM's among them.
 */
export function chooseByTime({ name }: AdapterNote, measurements: readonly Measurement[]): Choice {
  const timed = measurements.flatMap(({ engine, seconds }) =>
    typeof seconds === "number" ? [{ engine, seconds }] : []
  );
  const wasm = timed.find(({ engine }) => engine === "wasm")?.seconds ?? Infinity;
  const worthwhile = timed.filter(({ engine, seconds }) => engine === "wasm" || seconds <= WORTHWHILE * wasm);
  const { engine } = worthwhile.reduce((best, each) => each.seconds < best.seconds ? each : best, {
    engine: "wasm",
    seconds: Infinity,
  });
  const figures = measurements.map(({ engine, seconds }) =>
    typeof seconds === "number" ? `${engine} ${milliseconds(seconds)}` : `${engine} failed (${seconds})`
  );
  return { engine, reason: `a batch took ${figures.join(", ")} on ${name}` };
}

/** All that decides how fast engines are beside each other. */
export interface Workload {
  /** The whole of it: kinds, constants, recurrence, delays, encoder, readout and loss decide what has to be computed. */
  readonly spec: NetworkSpec;
  /** Samples of the batches that are trained with. */
  readonly batchSize: number;
  readonly threads: number;
  /** In MiB. */
  readonly gpuMemory: number;
  /** The engine's other options, by name. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The key under which a choice is remembered: in words for people, and behind them a hash of everything that decides.
 *
 * @returns One line.
 */
export function sizeOf({ spec, batchSize, threads, gpuMemory, options }: Workload): string {
  const { inputs, steps, encoder, layers } = spec;
  const units = layers.map(({ units, neuron }) => `${units} ${neuron.kind}`).join(", ");
  const whole = new TextEncoder().encode(canonical({ spec, options }));
  const hash = [0, 1].map((seed) => contentId(whole, seed).toString(16).padStart(8, "0")).join("");
  return `${inputs} ${encoder.kind} inputs, ${units}, ${steps} steps, batches of ${batchSize}, ` +
    `${threads} threads, ${gpuMemory} MiB, ${hash}`;
}

/** JSON with the keys of every object in their order. */
function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_, each: unknown) =>
      typeof each === "object" && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1))
        : each,
  );
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toLocaleString("en-US", { maximumSignificantDigits: 3 })} ms`;
}
