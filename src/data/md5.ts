/**
 * MD5, which the official files of data sets are told by. It tells damage from none; it is no protection from malice.
 *
 * @module
 */
import type { Hash } from "node:crypto";

/** A new sum. The module is loaded here because that takes longer than reading MNIST, and a run that trains does without. */
export async function createMd5(): Promise<Hash> {
  const { createHash } = await import("node:crypto");
  return createHash("md5");
}
