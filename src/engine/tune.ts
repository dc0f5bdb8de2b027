/**
 * Finds the engine that `auto` stands for: times a training batch on each engine of this machine, and stores the fastest.
 */
import { EngineError, SpikeletError } from "../errors.ts";
import { parseNetworkSpec } from "../network/spec.ts";
import { type AdapterNote, type Choice, chooseByAdapter, chooseByTime, type Measurement } from "./auto.ts";
import { readChoices, writeChoices } from "./auto_file.ts";
import { createEngine, type EngineOptions, sizeOfEngine, thisMachine } from "./create_engine.ts";
import type { ComputingEngine } from "./engine_name.ts";
import { findAdapters, type Gpu, runtimeGpu } from "./gpu/adapter.ts";
import { timeTraining } from "./measure.ts";

/** The file of the choices, and the measurement. */
export interface TuneOptions {
  /** @default {this machine} */
  readonly machine?: string;
  /** @default {CHOICES_FILE} */
  readonly file?: string | undefined;
  /** Seconds of a batch on an engine, or why it fails. @default {times a training batch of the options} */
  readonly time?: (engine: ComputingEngine) => Promise<number | string>;
  /** Called after each measurement. */
  readonly onMeasurement?: (measurement: Measurement) => void;
}

/**
 * Times every engine where there is a GPU that is not software, and stores the fastest for such a workload.
 *
 * @throws {InputError} when the choice cannot be written.
 */
export async function tuneEngines(options: EngineOptions, tune: TuneOptions = {}): Promise<Choice> {
  const { gpu = runtimeGpu(), precision = "f32" } = options;
  const { machine = thisMachine(), file, time = (engine) => timeEngine({ ...options, engine }) } = tune;
  if (precision !== "f32") {
    return { engine: "wasm", reason: `the GPU engines do not compute in ${precision}` };
  }
  const [found] = await findAdapters(gpu);
  const measure = async (adapter: AdapterNote): Promise<Choice> => {
    const measurements: Measurement[] = [];
    for (const engine of ["wasm", "hybrid", "webgpu"] as const) {
      const measurement = { engine, seconds: await time(engine) };
      measurements.push(measurement);
      tune.onMeasurement?.(measurement);
    }
    return chooseByTime(adapter, measurements);
  };
  const choice = chooseByAdapter(found?.description) ?? await measure(found!.description);
  const known = readChoices(machine, file)?.choices;
  await writeChoices({ machine, choices: { ...known, [sizeOfEngine(options)]: choice } }, file);
  return choice;
}

/**
 * The name of a GPU on which nothing has been timed. The search is made once on a machine: the driver takes 50 to 80 ms and stays in
 * this process's memory. The search is noted first, so that a driver which ends the process does so once.
 */
export async function findUntriedGpu(
  gpu: Gpu | undefined = runtimeGpu(),
  { machine = thisMachine(), file }: Pick<TuneOptions, "machine" | "file"> = {},
): Promise<string | undefined> {
  if (!gpu || readChoices(machine, file)) return undefined;
  try {
    await writeChoices({ machine, choices: {} }, file);
  } catch (error) {
    if (!(error instanceof SpikeletError)) throw error;
    return undefined; // the notice would be repeated at every start
  }
  const [found] = await findAdapters(gpu);
  return found && !found.description.isSoftware ? found.description.name : undefined;
}

async function timeEngine(options: EngineOptions): Promise<number | string> {
  try {
    using engine = await createEngine({ ...options, tune: true });
    return await timeTraining(
      engine,
      parseNetworkSpec(options.spec),
      options.usualBatchSize ?? engine.batchSize,
    );
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.message;
  }
}
