/** How many samples fit a device's memory at a time. */
import { EngineError } from "../../errors.ts";
import { mebibytes } from "../../text/figures.ts";
import type { AdapterDescription } from "./adapter.ts";

/** MiB of the device's memory that an engine takes by default. */
export const DEFAULT_GPU_MEMORY = 1024;

/** Device memory for a number of samples. */
export interface MemoryNeed {
  /** Bytes of all buffers together. */
  readonly total: number;
  /** The largest buffers, by their names in messages. */
  readonly buffers: readonly { readonly what: string; readonly bytes: number }[];
}

/**
 * The most samples that fit the budget and the device's largest buffer.
 *
 * @param need Memory for a number of samples; it increases with the number.
 * @param most Upper bound of the result.
 * @param gpuMemory The budget, in MiB.
 * @throws {EngineError} when one sample does not fit.
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
