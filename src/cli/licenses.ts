/** `licenses`: whose code this program has in it, and on what terms. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { ownNotices } from "../licenses/own_notices.ts";
import { writeText } from "../text/print.ts";
import { createCommand } from "./command.ts";

/** Makes the command. */
export function licensesCommand(): CommandUnknownOpts {
  return createCommand(
    "licenses",
    "Print the licences of Spikelet and of all packages in it",
    "Each bundle has a file of its own, LICENSES.txt: dist/page, dist/edge and dist/npm.",
    "> LICENSES.txt",
  ).action(async () => {
    writeText(Deno.stdout, await ownNotices());
  });
}
