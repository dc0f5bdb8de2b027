/**
 * Spikelet's command line: `deno task train --help`, or `deno run --allow-read --allow-write=runs,.spikelet main.ts --help`.
 *
 * @module
 */
import { runCommandLine } from "./src/cli/command_line.ts";
import { compareCommand } from "./src/cli/compare.ts";
import { dataCommand } from "./src/cli/data.ts";
import { evaluateCommand } from "./src/cli/evaluate.ts";
import { infoCommand } from "./src/cli/info.ts";
import { licensesCommand } from "./src/cli/licenses.ts";
import { reportCommand } from "./src/cli/report.ts";
import { runsCommand } from "./src/cli/runs.ts";
import { serveCommand } from "./src/cli/serve.ts";
import { trainCommand } from "./src/cli/train.ts";
import { verifyCommand } from "./src/cli/verify.ts";

await runCommandLine(Deno.args, [
  trainCommand(),
  compareCommand(),
  evaluateCommand(),
  reportCommand(),
  runsCommand(),
  verifyCommand(),
  dataCommand(),
  serveCommand(),
  infoCommand(),
  licensesCommand(),
]);
