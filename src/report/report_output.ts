/**
 * What `report` writes: an HTML page, recognized by its generator mark, which never overwrites a file of another kind.
 *
 * @module
 */
import type { OutputKind } from "../files/output_file.ts";
import { readBeginning } from "../files/file_access.ts";

/** What a page's `meta` element of the name `generator` says, up to the version. */
export const GENERATOR = "Spikelet";

/** The mark stands in a page's first bytes. */
const HEAD_BYTES = 4096;

/** A page. */
export const REPORT_OUTPUT: OutputKind = {
  what: "a report",
  suffix: ".html",
  async isOurs(path) {
    const head = new TextDecoder().decode(await readBeginning(path, HEAD_BYTES));
    return head.includes(`<meta name="generator" content="${GENERATOR} `);
  },
};
