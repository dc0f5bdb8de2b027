/**
 * Tests readers with damaged files: each call must end in a result or in an error of Spikelet's, with memory and time bounded by
 * the size of the file.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SpikeletError } from "../src/errors.ts";

/** The seed of the property tests, so that a failure is reproducible. */
const SEED = 20_240_229;
/** Bytes that a reader may allocate for any file. */
const SPARE_BYTES = 1 << 16;
/** Milliseconds for one file of some kilobytes, so many that only a reader that does not end exceeds them. */
const LONGEST = 5000;

/** A reader, and the number of files for it. */
export interface Trial<Result> {
  readonly files: number;
  /** Reads the file. */
  readonly read: (bytes: Uint8Array) => Result | Promise<Result>;
  /** Asserts the invariants of every result, such as that its data fill its shape. */
  readonly holds?: (result: Result) => void;
  /** Bytes that the reader may allocate per byte of the file. @default {16} */
  readonly bytesPerByte?: number;
  /** Bytes that it may allocate besides, such as an inflator's window. @default {SPARE_BYTES} */
  readonly spareBytes?: number;
}

/** Gives damaged files to a reader and checks its result, error, memory and time. */
export async function assertWithstands<Result>(
  damaged: fc.Arbitrary<Uint8Array>,
  { files, read, holds, bytesPerByte = 16, spareBytes = SPARE_BYTES }: Trial<Result>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      const started = performance.now();
      const allocated = await countAllocations(async () => {
        try {
          const result = await read(bytes);
          holds?.(result);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          assert.ok(error instanceof SpikeletError, String(error instanceof Error ? error.stack : error));
          // Names and values of the file must be escaped and shortened.
          assert.ok(
            !/\p{C}/u.test(error.message) && error.message.length < 1000,
            JSON.stringify(error.message),
          );
        }
      });
      const allowed = spareBytes + bytesPerByte * bytes.length;
      assert.ok(allocated <= allowed, `${allocated} bytes for a file of ${bytes.length}`);
      assert.ok(performance.now() - started < LONGEST, `a file of ${bytes.length} bytes took too long`);
    }),
    { numRuns: files, seed: SEED },
  );
}

const CONSTRUCTORS = [
  "ArrayBuffer",
  "SharedArrayBuffer",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const;

/**
 * Counts the bytes of all buffers that `work` allocates by their constructors, kept or not.
 *
 * It replaces the global constructors, so it counts every `new Float32Array(n)` of a module. It does not count copies by
 * `slice`, which cannot be larger than their source.
 */
export async function countAllocations(work: () => unknown): Promise<number> {
  let bytes = 0;
  const originals = CONSTRUCTORS.map((name) => [name, globalThis[name]] as const);
  for (const [name, original] of originals) {
    const counting = new Proxy<typeof original>(original, {
      construct(target, args, newTarget) {
        const made: { readonly byteLength: number } = Reflect.construct(target, args, newTarget);
        const view = args[0] instanceof ArrayBuffer || args[0] instanceof SharedArrayBuffer;
        if (!view) bytes += made.byteLength;
        return made;
      },
    });
    Object.defineProperty(globalThis, name, { value: counting, configurable: true, writable: true });
  }
  try {
    await work();
  } finally {
    for (const [name, value] of originals) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }
  return bytes;
}
