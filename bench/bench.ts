/**
 * `deno task bench`: what this machine can do, and what Spikelet makes of it, measured in one run.
 *
 * Everything that is compared is measured in turns, round by round, and compared within the round. Figures of different runs
 * or machines are not comparable; ratios nearly are.
 */
import { checkOutputFile, type OutputKind, writeOutputFile } from "../src/data/output_file.ts";
import { readBeginning } from "../src/file_access.ts";
import { createCommand } from "../src/cli/command.ts";
import { describeFailure } from "../src/cli/failure.ts";
import { numberOption, numbers, pathOption } from "../src/cli/option_values.ts";
import { drawChart } from "./chart.ts";
import { measureDevices } from "./devices.ts";
import { measureEpoch } from "./epoch.ts";
import { measureKernels } from "./kernels.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { missedSpikesSection } from "./missed_spikes.ts";
import { measureOperations } from "./operations.ts";
import { measurePeers } from "./peers.ts";
import { measureScaling } from "./scaling.ts";
import { type Section, sectionLines, sectionRecord } from "./section.ts";
import { makeSetting } from "./setting.ts";
import { fullSizes, type Sizes, tinySizes } from "./sizes.ts";
import { measureStartup } from "./startup.ts";
import { measureEvaluation, measureTraining } from "./training.ts";

/** A kind of file that the bench writes, known by how it begins. */
const kind = (what: string, suffix: string, beginning: RegExp): OutputKind => ({
  what,
  suffix,
  isOurs: async (path) => beginning.test(new TextDecoder().decode(await readBeginning(path, 64))),
});
const FIGURES = kind("a bench's figures", ".json", /^\{\s*"machine": /);
const CHARTS = kind("a bench's chart", ".svg", /^<svg /);

const command = createCommand(
  "bench",
  "Measure kernels, operations and training on this machine",
  "Leave the machine alone meanwhile. Prints a table, each figure a median with its tenth and ninetieth percentile.",
  "--scaling --json dist/bench.json --svg dist/bench.svg",
)
  .option(
    "--tiny",
    "everything but peers in a few seconds, at a size whose figures mean nothing: to see that it runs",
  )
  .option("--peers", "PyTorch and jax-js beside Spikelet; `deno task bench:peers` may run them")
  .option("--engines", "nothing but wasm, hybrid and webgpu on the same batch, on a software adapter too")
  .option("--scaling", "cost against steps, hidden units, firing rate, batch size and threads")
  .addOption(
    numberOption(
      "--seconds <number>",
      "for the repetitions of each part",
      numbers("0 or more", (n) => n >= 0),
    )
      .default(10),
  )
  .addOption(pathOption("--json <file>", "write every sample there"))
  .addOption(pathOption("--svg <file>", "write charts there"));

try {
  const options = command.parse(Deno.args, { from: "user" }).opts();
  if (options.json !== undefined) await checkOutputFile(options.json, FIGURES);
  if (options.svg !== undefined) await checkOutputFile(options.svg, CHARTS);
  const sizes = options.tiny ? tinySizes() : fullSizes(options.seconds);
  const machine = describeMachine();
  console.log(machineLine(machine));
  const sections: Section[] = [];
  for await (const section of measureAll(sizes, options)) {
    sections.push(section);
    console.log(`\n${sectionLines(section).join("\n")}`);
  }
  // At tiny size nobody reads them, but they must not rot either.
  if (options.json !== undefined || options.tiny) {
    const report = { machine, tiny: options.tiny === true, sizes, sections: sections.map(sectionRecord) };
    const text = `${JSON.stringify(report, undefined, 1)}\n`;
    if (options.json !== undefined) await writeOutputFile(options.json, text, FIGURES);
  }
  if (options.svg !== undefined || options.tiny) {
    const chart = drawChart(sections, machineLine(machine));
    if (options.svg !== undefined) await writeOutputFile(options.svg, chart, CHARTS);
  }
} catch (error) {
  const { message, exitCode } = describeFailure(error);
  if (message !== "") console.error(message);
  Deno.exit(exitCode);
}

/** Measures part after part. */
async function* measureAll(
  sizes: Sizes,
  parts: {
    readonly engines?: true;
    readonly peers?: true;
    readonly scaling?: true;
    readonly tiny?: true;
  },
): AsyncGenerator<Section> {
  const setting = await makeSetting(sizes);
  const devices = { withSoftware: parts.engines || parts.tiny, withPeers: parts.peers };
  if (parts.engines) {
    yield await measureDevices(setting, devices);
    return;
  }
  yield await measureKernels(setting);
  const { section, trained } = await measureEpoch(setting);
  yield section;
  yield* await measureOperations(setting, [
    { label: "first weights", parameters: setting.parameters },
    { label: `after ${sizes.epochBatches} batches`, parameters: trained },
  ]);
  yield await measureTraining(setting);
  yield await measureEvaluation(setting, trained);
  yield await measureStartup(setting);
  for (const row of setting.engines.chosen) yield await missedSpikesSection(row, setting);
  yield await measureDevices(setting, devices);
  if (parts.scaling || parts.tiny) yield* await measureScaling(setting);
  if (parts.peers) yield* await measurePeers(setting);
}
