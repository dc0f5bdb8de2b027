/** `verify`: an engine, held to reference cases, and a NIR file's network to what another framework computed. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { createEngine, type EngineName } from "../engine/create_engine.ts";
import { bestVariant, type Variant } from "../engine/wasm/kernels.ts";
import { loadKernels } from "../engine/wasm/load.ts";
import { createWasmEngine } from "../engine/wasm/wasm_engine.ts";
import { EngineError, OptionError, SpikeletError } from "../errors.ts";
import { readReferenceCase } from "../verify/reference_case.ts";
import {
  type Deviation,
  isWithin,
  type OpenEngine,
  TOLERANCE,
  verifyCase,
  type VerifyOptions,
} from "../verify/verify.ts";
import { VOLTAGE_TOLERANCE } from "../verify/nir_case.ts";
import { alignColumns } from "../text/columns.ts";
import { createCommand, withOptions } from "./command.ts";
import { count, counted } from "../text/figures.ts";
import { choiceOption, pathOption } from "./option_values.ts";
import { jsonOption, openOutput } from "./output.ts";
import { engineOptions } from "./machine_options.ts";
import { givenNirFlags, nirOptions } from "./nir_options.ts";
import { verifyNir } from "./verify_nir.ts";
import { userPath } from "./user_path.ts";

const VARIANTS: readonly Variant[] = ["plain", "relaxed"];

/** What one file came to. */
interface Verdict {
  readonly file: string;
  readonly passed: boolean;
  /** In JSON, an infinite one (a NaN, or gates that disagree) is null. */
  readonly deviations: readonly Deviation[];
  /** Why it could not be compared at all. */
  readonly problem?: string;
}

/** Makes the command. */
export function verifyCommand(): CommandUnknownOpts {
  const command = createCommand(
    "verify",
    "Compare an engine with reference cases",
    "Compares states, logits, loss, gradients and two steps of training, each number to within " +
      `${TOLERANCE.relative} of the reference, or ${
        TOLERANCE.absolute.toFixed(5)
      } near zero; of a NIR file's network every spike, and potentials to within ${
        VOLTAGE_TOLERANCE.toFixed(5)
      }. Exits 1 on any miss.`,
    "tests/reference/small.safetensors --threads 1",
  )
    .argument("<file...>", "reference cases (.safetensors), or one network.nir, with --io");
  return withOptions(withOptions(command, engineOptions), nirOptions)
    .optionsGroup("What a NIR file does not say:")
    .addOption(
      pathOption(
        "--io <file>",
        "what another framework computed with the network of a NIR file: x, NODE.spikes, NODE.voltage, output, each " +
          "[steps, samples, …]",
      ),
    )
    .optionsGroup("Data and machine:")
    .addOption(
      choiceOption(
        "--variant <name>",
        "build of wasm's kernels",
        VARIANTS,
        `${bestVariant()}, the best here`,
      ),
    )
    .addOption(jsonOption)
    .action(async (files, given) => {
      const { engine, gpuMemory, threads, variant } = given;
      const { say, result } = openOutput(given);
      if (files.some((file) => file.endsWith(".nir")) || given.io !== undefined) {
        const open = openerOf(engine, variant);
        return await verifyNir(files.map(userPath), given, { engine, gpuMemory, threads }, open);
      }
      const [flag] = givenNirFlags(given);
      if (flag !== undefined) {
        throw new OptionError(`${flag}: means nothing without a NIR file: leave it out`);
      }
      let description: string = engine;
      const open: OpenEngine = async (engineOptions) => {
        const opened = await openerOf(engine, variant)(engineOptions);
        description = opened.description;
        return opened;
      };
      const verdicts: Verdict[] = [];
      for (const file of files.map(userPath)) {
        const verdict = await judge(file, { engine, gpuMemory, threads }, open);
        verdicts.push(verdict);
        for (const line of describe(verdict)) say(line);
        say();
      }
      const failed = verdicts.filter(({ passed }) => !passed).length;
      say(`${verdicts.length - failed} of ${counted(verdicts.length, "case")} passed: ${description}`);
      result({ passed: verdicts.length - failed, failed, engine: description, cases: verdicts });
      if (failed > 0) Deno.exitCode = 1;
    });
}

/** How to open the engines of a case. */
function openerOf(engine: EngineName, variant: Variant | undefined): OpenEngine {
  if (variant === undefined) return createEngine;
  if (engine !== "auto" && engine !== "wasm") {
    throw new OptionError(`--variant ${variant}: means nothing for --engine ${engine}: leave it out`);
  }
  if (variant === "relaxed" && bestVariant() !== "relaxed") {
    throw new EngineError("this runtime has no relaxed SIMD: leave --variant out, or say --variant plain");
  }
  return async ({ engine: _engine, ...rest }) =>
    createWasmEngine({ ...rest, kernels: await loadKernels(variant) });
}

/** Compares one file. What is wrong with the file itself is a failure of it, not of those after it. */
async function judge(file: string, engine: VerifyOptions, open: OpenEngine): Promise<Verdict> {
  try {
    const deviations = await verifyCase(await readReferenceCase(file), engine, open);
    return { file, passed: deviations.every(isWithin), deviations };
  } catch (error) {
    if (!(error instanceof SpikeletError)) throw error;
    return { file, passed: false, deviations: [], problem: error.message };
  }
}

function describe({ file, passed, deviations, problem }: Verdict): string[] {
  const verdict = `${passed ? "PASS" : "FAIL"}  ${file}`;
  if (problem !== undefined) return [verdict, `      ${problem}`];
  const rows = deviations.map((deviation) => [
    isWithin(deviation) ? "" : "MISS",
    deviation.tensor,
    count(deviation.values),
    deviation.absolute === 0 ? "0" : deviation.absolute.toExponential(1),
    share(deviation.ofTolerance),
  ]);
  const head = ["", "tensor", "values", "worst deviation", "of tolerance"];
  return [verdict, ...alignColumns([head, ...rows], ["left", "left", "right", "right", "right"])];
}

/** A deviation as a share of what is allowed. */
function share(ofTolerance: number): string {
  if (!Number.isFinite(ofTolerance)) return "beyond";
  return ofTolerance < 100 ? `${(100 * ofTolerance).toFixed(1)} %` : `${count(ofTolerance)} ×`;
}
