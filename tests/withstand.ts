/**
 * Readers and files that are not what they should be: each must end in a result or in one of our errors, and must take no more
 * memory or time than the file gives reason for.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SpikeletError } from "../src/errors.ts";

/** Of every property test here, so that a file that was found once is found again. */
const SEED = 20_240_229;
/** Bytes of buffers that a reader may make in any case. */
const SPARE_BYTES = 1 << 16;
/** Milliseconds for one file of some kilobytes; not how fast a reader is, but whether it ever ends. */
const LONGEST = 5000;

/** What to do with how many files. */
export interface Trial<Result> {
  readonly files: number;
  /** Takes the file apart. */
  readonly read: (bytes: Uint8Array) => Result | Promise<Result>;
  /** What holds for every result, such as that its data fill its shape. */
  readonly holds?: (result: Result) => void;
  /** Bytes of buffers that it may make for each byte that is really there. @default {16} */
  readonly bytesPerByte?: number;
  /** And bytes that it may make for any file, such as an inflator's window. @default {SPARE_BYTES} */
  readonly spareBytes?: number;
}

/** Gives damaged files to a reader and holds it to what every reader owes. */
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
          // Names and values of the file must not reach a terminal as they are, nor fill it.
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
 * Counts the bytes of all buffers that are made meanwhile by name, whether they are kept or not.
 *
 * The constructors stand in for themselves as globals, so every `new Float32Array(n)` of a module goes through here. Parts
 * that are copied with `slice` do not; they cannot be larger than what they are copied from.
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
