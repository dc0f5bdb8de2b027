/** The message where no run is named: the latest runs, or how to make one. */
import { OptionError } from "../errors.ts";
import { listRuns, type RunEntry } from "../runs/runs.ts";
import { INVOCATION } from "./command.ts";

/** So many runs are named. */
const MOST_NAMED = 3;

/** The error of a command that was given no run. @param isFit Whether the command can do anything with a run. */
export async function missingRun(command: string, isFit: (run: RunEntry) => boolean): Promise<OptionError> {
  const [latest, ...others] = (await listRuns()).filter(isFit).map(({ name }) => name).toReversed();
  if (latest === undefined) {
    return new OptionError(
      `${command}: expected a run, and there is none yet: ${INVOCATION} train makes one`,
    );
  }
  const before = others.slice(0, MOST_NAMED - 1);
  const more = before.length > 0 ? ` (before it ${before.join(", ")})` : "";
  return new OptionError(
    `${command}: expected a run, of which the latest is ${latest}${more}: ${INVOCATION} ${command} ${latest}`,
  );
}
