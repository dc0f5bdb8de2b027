/**
 * `deno task coverage`: runs tests, and prints the lines of Spikelet's own that none of them reaches.
 *
 * Deno counts what runs in the tests' own process, workers included. What a test starts as a process of its own, such as each
 * command of tests/cli/, counts with `--processes`.
 */
import { join, relative } from "node:path";
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { callDeno, ROOT } from "./steps.ts";
import { runTests } from "./test.ts";

const FOLDER = join(ROOT, "dist", "coverage");

/** How often each line of a file ran. */
interface FileCoverage {
  readonly path: string;
  readonly lines: ReadonlyMap<number, number>;
}

/** Reads a report in LCOV's format: `SF:` begins a file, `DA:line,count` is a line of it. */
export function parseLcov(text: string): FileCoverage[] {
  return text.split("end_of_record").flatMap((record) => {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) return [];
    const counts = record.matchAll(/^DA:(\d+),(\d+)/gm);
    return [{ path, lines: new Map(Array.from(counts, ([, line, count]) => [Number(line), Number(count)])) }];
  });
}

/** The lines that never ran, as `12` or `12-15`; those between them that cannot run are theirs. */
export function unreachedOf({ lines }: FileCoverage): string[] {
  const ranges: { first: number; last: number }[] = [];
  let isOpen = false;
  for (const [line, count] of [...lines].toSorted(([a], [b]) => a - b)) {
    if (count > 0) {
      isOpen = false;
      continue;
    }
    const range = isOpen ? ranges.at(-1) : undefined;
    if (range) range.last = line;
    else ranges.push({ first: line, last: line });
    isOpen = true;
  }
  return ranges.map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`);
}

/** Prints each file with lines that no test reaches, and how many of all are reached. */
function printReport(files: readonly FileCoverage[]): void {
  let all = 0, reached = 0;
  for (const file of files.toSorted((a, b) => a.path < b.path ? -1 : 1)) {
    all += file.lines.size;
    reached += [...file.lines.values()].filter((count) => count > 0).length;
    const unreached = unreachedOf(file);
    if (unreached.length > 0) console.log(`${relative(ROOT, file.path)}: ${unreached.join(", ")}`);
  }
  console.log(`${reached} of ${all} lines of ${files.length} files are reached`);
}

const command = createCommand(
  "coverage",
  "Print the lines that no test reaches",
  "Runs every test, or those of some files. Files that no test imports are not in the list.",
  "tests/network tests/data",
)
  .usage("[options] [file...]")
  .argument("[file...]", "files or folders of tests")
  .option("--processes", "count what runs in processes that tests start, too: it takes far longer")
  .action(async (files, { processes }) => {
    await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
    const profiles = join(FOLDER, "profiles"), report = join(FOLDER, "lcov.info");
    const options = ["--no-check", `--coverage=${profiles}`];
    const failure = await runTests(files, options, processes ? { DENO_COVERAGE_DIR: profiles } : {})
      .then(() => undefined, (error: unknown) => error);
    await callDeno([
      "coverage",
      "--quiet",
      profiles,
      "--lcov",
      `--output=${report}`,
      `--include=^file://${ROOT}(src|asm|playground|tools|mod.ts|main.ts)`,
      "--exclude=tests/",
    ]);
    printReport(parseLcov(await Deno.readTextFile(report)));
    if (failure) throw failure;
  });

if (import.meta.main) await runCommandLine(["coverage", ...Deno.args], [command]);
