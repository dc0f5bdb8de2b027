/**
 * `deno task bench`: measures the machine's ceiling and Spikelet in one run.
 *
 * Subjects that are compared are measured in turns, round by round, and compared within the round. Figures of different runs
 * or machines are not comparable; ratios nearly are.
 */
import { createCommand } from "../src/cli/command.ts";
import { describeFailure } from "../src/cli/failure.ts";
import { numberOption, numbers, pathOption, wholeNumbers } from "../src/cli/option_values.ts";
import { checkOutputFile, type OutputKind, writeOutputFile } from "../src/files/output_file.ts";
import { readBeginning } from "../src/files/file_access.ts";
import { drawChart } from "./chart.ts";
import { measureField } from "./field.ts";
import { type Task, tasksNamed } from "./field_tasks.ts";
import { measureKernels } from "./kernels.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { measureMissedSpikes } from "./missed_spikes.ts";
import { measureOperations } from "./operations.ts";
import { measurePeers } from "./peers.ts";
import { type Section, sectionLines, sectionRecord } from "./section.ts";
import { makeSetting, trainedParameters } from "./setting.ts";
import { FULL, type Sizes, TINY } from "./sizes.ts";
import { measureEvaluation, measureTraining } from "./training.ts";

/** A kind of file that the bench writes, recognized by its beginning. */
const kind = (what: string, suffix: string, beginning: RegExp): OutputKind => ({
  what,
  suffix,
  isOurs: async (path) => beginning.test(new TextDecoder().decode(await readBeginning(path, 64))),
});
const FIGURES = kind("a bench's figures", ".json", /^\{\s*"machine": /);
const CHARTS = kind("a bench's chart", ".svg", /^<svg /);

const SECONDS = numbers("0 or more", (n) => n >= 0), SAMPLES = wholeNumbers(1, 60_000);

const command = createCommand(
  "bench",
  "Measure kernels, operations and training on this machine",
  "Leave the machine alone meanwhile. Prints a table, each figure a median with its tenth and ninetieth percentile.",
  "--json dist/bench.json --svg dist/bench.svg",
)
  .option(
    "--tiny",
    "everything but peers in a few seconds, at a size whose figures mean nothing: to see that it runs",
  )
  .option("--peers", "PyTorch beside Spikelet; `deno task bench:peers` may run it")
  .option("--tasks <names>", "with --peers, these of the field's tasks alone, such as conv,csnn", tasksNamed)
  .addOption(
    numberOption("--seconds <number>", "for the repetitions of each part", SECONDS).default(FULL.seconds),
  )
  .addOption(
    numberOption("--missed <number>", "training samples over which missed spikes are counted", SAMPLES)
      .default(FULL.missedSamples),
  )
  .addOption(pathOption("--json <file>", "write every sample there"))
  .addOption(pathOption("--svg <file>", "write charts there"));

try {
  const { tiny = false, peers, tasks, seconds, missed, json, svg } = command.parse(Deno.args, {
    from: "user",
  })
    .opts();
  if (json !== undefined) await checkOutputFile(json, FIGURES);
  if (svg !== undefined) await checkOutputFile(svg, CHARTS);
  const sizes: Sizes = tiny ? TINY : { ...FULL, seconds, missedSamples: missed };
  const machine = describeMachine();
  console.log(machineLine(machine));
  const sections: Section[] = [];
  for await (const section of measureAll(sizes, peers === true, tasks)) {
    sections.push(section);
    console.log(`\n${sectionLines(section).join("\n")}`);
  }
  // Both are always made, so that a run at tiny size tests them too.
  const figures = { machine, tiny, sizes, sections: sections.map(sectionRecord) };
  const text = `${JSON.stringify(figures, undefined, 1)}\n`;
  const chart = drawChart(sections.filter(({ key }) => key !== "kernels"), machineLine(machine));
  if (json !== undefined) await writeOutputFile(json, text, FIGURES);
  if (svg !== undefined) await writeOutputFile(svg, chart, CHARTS);
} catch (error) {
  const { message, exitCode } = describeFailure(error);
  if (message !== "") console.error(message);
  Deno.exit(exitCode);
}

/** Measures part after part. */
async function* measureAll(
  sizes: Sizes,
  withPeers: boolean,
  tasks: readonly Task[] | undefined,
): AsyncGenerator<Section> {
  const setting = await makeSetting(sizes);
  if (withPeers && tasks) return yield* measureField(setting, tasks);
  const trained = await trainedParameters(setting);
  yield await measureKernels(setting);
  yield* await measureOperations(setting, {
    "first weights": setting.parameters,
    [`after ${sizes.epochBatches} batches`]: trained,
  });
  yield await measureTraining(setting);
  yield await measureEvaluation(setting, trained);
  for (const row of setting.chosen) yield await measureMissedSpikes(row, setting);
  if (!withPeers) return;
  yield* measureField(setting);
  yield* measurePeers(setting);
}
