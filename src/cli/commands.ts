/** All commands of the command line, in the order in which help and docs/commands.md list them. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { compareCommand } from "./compare.ts";
import { dataCommand } from "./data.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { infoCommand } from "./info.ts";
import { licensesCommand } from "./licenses.ts";
import { networkCommand } from "./network.ts";
import { reportCommand } from "./report.ts";
import { runsCommand } from "./runs.ts";
import { serveCommand } from "./serve.ts";
import { trainCommand } from "./train.ts";
import { tuneCommand } from "./tune.ts";
import { verifyCommand } from "./verify.ts";

/** Makes all commands. */
export function allCommands(): CommandUnknownOpts[] {
  return [
    trainCommand(),
    compareCommand(),
    evaluateCommand(),
    reportCommand(),
    runsCommand(),
    networkCommand(),
    verifyCommand(),
    tuneCommand(),
    dataCommand(),
    exportCommand(),
    importCommand(),
    serveCommand(),
    infoCommand(),
    licensesCommand(),
  ];
}
