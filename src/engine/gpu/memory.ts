/**
 * How many samples a device can take at a time.
 *
 * @module
 */
import { EngineError } from "../../errors.ts";
import type { AdapterDescription } from "./adapter.ts";

/** MiB of the device's memory that an engine takes where nobody says. */
export const DEFAULT_GPU_MEMORY = 1024;

/** What some samples take of a device. */
export interface MemoryNeed {
  /** Bytes of all buffers together. */
  readonly total: number;
  /** The buffers, or the largest of them, by what a message calls them. */
  readonly buffers: readonly { readonly what: string; readonly bytes: number }[];
}

/**
 * The most samples that the budget and the device's largest buffer have room for.
 *
 * @param need What a number of samples takes; more samples take more.
 * @param most More than these are not wanted.
 * @param gpuMemory The budget, in MiB.
 * @throws {EngineError} when there is no room for one.
 */
export function samplesThatFit(
  { name, limits }: AdapterDescription,
  need: (samples: number) => MemoryNeed,
  most: number,
  gpuMemory: number = DEFAULT_GPU_MEMORY,
): number {
  const largest = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const budget = gpuMemory * 2 ** 20;
  const fits = ({ total, buffers }: MemoryNeed) =>
    total <= budget && buffers.every(({ bytes }) => bytes <= largest);
  const { total, buffers } = need(1);
  const tooLarge = buffers.find(({ bytes }) => bytes > largest);
  if (tooLarge) {
    throw new EngineError(
      `${name}: ${tooLarge.what} take ${mebibytes(tooLarge.bytes)} in one buffer, but its largest has ${
        mebibytes(largest)
      }: take a smaller network, or --engine wasm`,
    );
  }
  if (total > budget) {
    throw new EngineError(
      `--gpu-memory ${gpuMemory}: this network takes ${
        mebibytes(total)
      } for one sample alone: give at least ${Math.ceil(total / 2 ** 20)}, or take --engine wasm`,
    );
  }
  let fit = 1, tooMany = most + 1;
  while (tooMany - fit > 1) {
    const middle = Math.floor((fit + tooMany) / 2);
    if (fits(need(middle))) fit = middle;
    else tooMany = middle;
  }
  return fit;
}

/** A number of bytes in words. */
export function mebibytes(bytes: number): string {
  const digits = bytes < 2 ** 20 ? 3 : 1;
  return `${(bytes / 2 ** 20).toLocaleString("en-US", { maximumFractionDigits: digits })} MiB`;
}
