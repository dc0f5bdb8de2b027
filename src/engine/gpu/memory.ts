/**
 * How many samples a device can take at a time.
 *
 * @module
 */
import { EngineError } from "../../errors.ts";
import type { AdapterDescription } from "./adapter.ts";

/** MiB of the device's memory that an engine takes where nobody says. */
export const DEFAULT_GPU_MEMORY = 1024;

/** What a network takes of a device, in bytes. */
export interface MemoryNeed {
  /** Whatever the number of samples: parameters, gradients. */
  readonly fixed: number;
  /** All buffers of one sample. */
  readonly sample: number;
  /** The largest single buffer of one sample. */
  readonly largestOfSample: number;
  /** The largest single buffer of the fixed ones. */
  readonly largestFixed: number;
}

/**
 * The most samples that the budget and the device's largest buffer have room for.
 *
 * @param gpuMemory The budget, in MiB.
 * @throws {EngineError} when there is no room for one.
 */
export function samplesThatFit(
  { name, limits }: AdapterDescription,
  need: MemoryNeed,
  gpuMemory: number = DEFAULT_GPU_MEMORY,
): number {
  const largest = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  for (
    const [what, bytes] of [["one layer's weights take", need.largestFixed], [
      "the steps of one sample take",
      need.largestOfSample,
    ]] as const
  ) {
    if (bytes > largest) {
      throw new EngineError(
        `${name}: ${what} ${mebibytes(bytes)} in one buffer, but its largest has ${
          mebibytes(largest)
        }: take a smaller network, or --engine wasm`,
      );
    }
  }
  const least = need.fixed + need.sample;
  if (least > gpuMemory * 2 ** 20) {
    throw new EngineError(
      `--gpu-memory ${gpuMemory}: this network takes ${
        mebibytes(least)
      } for one sample alone: give at least ${Math.ceil(least / 2 ** 20)}, or take --engine wasm`,
    );
  }
  return Math.floor(
    Math.min((gpuMemory * 2 ** 20 - need.fixed) / need.sample, largest / need.largestOfSample),
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 })} MiB`;
}
