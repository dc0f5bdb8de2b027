/** The notices of this program: read from the sources where it runs from them, else written when it was compiled. */
import { fileURLToPath } from "node:url";
import { readError } from "../files/file_access.ts";
import { writeNotices } from "./notices.ts";
import { readProgram } from "./program.ts";

const MAIN = new URL("../../main.ts", import.meta.url);
/** Their file in a compiled program. */
export const COMPILED_NOTICES: URL = new URL("../../build/LICENSES.txt", import.meta.url);

/**
 * The notices of Spikelet and of all packages that it needs.
 *
 * @throws {InputError} when they cannot be read, or a package has no licence.
 */
export async function ownNotices(): Promise<string> {
  if (!Deno.build.standalone) {
    const { packages } = await readProgram([fileURLToPath(MAIN)]);
    return await writeNotices(packages, ["kernels"]);
  }
  try {
    return await Deno.readTextFile(COMPILED_NOTICES);
  } catch (error) {
    throw readError(error, "LICENSES.txt");
  }
}
