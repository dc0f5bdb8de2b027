/**
 * Writes files of the form of CIFAR-10's binary version for tests.
 *
 * @module
 */
import { join } from "node:path";

/** The names of the files of pictures. */
export const BATCHES = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"];
/** The names of the classes, in the order of the labels. */
export const CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/** Writes the seven files: pictures are 0 but for a few, which `recordAt` gives. */
export async function writeCifar(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [batch, name] of BATCHES.entries()) {
    using file = await Deno.create(join(folder, name));
    await file.truncate(10_000 * 3073);
    for (const at of [0, 1, 9999]) {
      await file.seek(at * 3073, Deno.SeekMode.Start);
      await file.write(recordAt(batch, at));
    }
  }
  await Deno.writeTextFile(join(folder, "batches.meta.txt"), `${CLASSES.join("\n")}\n\n`);
}

/** A label and its picture, whose bytes tell their place. */
export function recordAt(batch: number, at: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    { length: 3073 },
    (_, i) => i === 0 ? (batch + at) % 10 : (7 * batch + at + i + (i >> 8)) % 256,
  );
}
