/**
 * Checksums of the official files of data sets: MD5, which their makers published and which detects damage,
 * and SHA-256, which cannot be forged.
 */
import type { OfficialFile } from "./datasets.ts";

/** A file's checksums, and whether they are the official ones. */
export interface Sums {
  /** Takes the next bytes in. */
  update(piece: Uint8Array): void;
  /** Describes the checksum that differs from the official one, once the file is whole; `undefined` where none does. */
  faultOf(file: Pick<OfficialFile, "md5" | "sha256">): string | undefined;
}

/** New sums. The module is loaded on demand: that takes longer than reading MNIST, and training does not need it. */
export async function createSums(): Promise<Sums> {
  const { createHash } = await import("node:crypto");
  const sums = { md5: createHash("md5"), sha256: createHash("sha256") };
  return {
    update(piece) {
      sums.md5.update(piece);
      sums.sha256.update(piece);
    },
    faultOf(file) {
      const md5 = sums.md5.digest("hex"), sha256 = sums.sha256.digest("hex");
      if (file.md5 !== undefined && md5 !== file.md5) return `its MD5 is ${md5}, expected ${file.md5}`;
      if (file.sha256 === undefined || sha256 === file.sha256) return undefined;
      return `its SHA-256 is ${sha256}, expected ${file.sha256}`;
    },
  };
}

/** SHA-256 of a file as it lies on the disk. */
export async function sha256OfFile(path: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  for await (const piece of (await Deno.open(path)).readable) hash.update(piece);
  return hash.digest("hex");
}

/** What a file on the disk is compared with, in words; empty where nothing of it is known. */
export function namesOfSums({ bytes, md5, sha256 }: Pick<OfficialFile, "bytes" | "md5" | "sha256">): string {
  const sums = [md5 !== undefined && "MD5", sha256 !== undefined && "SHA-256"].filter((name) =>
    name !== false
  );
  return sums.length > 0 ? sums.join(" and ") : bytes === undefined ? "" : "size";
}
