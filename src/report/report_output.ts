/** The file that `report` writes: a page with a generator mark, without which `report` does not overwrite a file. */
import type { OutputKind } from "../files/output_file.ts";
import { readBeginning } from "../files/file_access.ts";

/** Content of a page's `<meta name="generator">`, before the version. */
export const GENERATOR = "Spikelet";

/** A page's first bytes contain the mark. */
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
