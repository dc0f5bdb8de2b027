/**
 * Finds the engine that `auto` stands for: times a training batch on each engine of this machine, and remembers the fastest.
 *
 * @module
 */
import { EngineError, SpikeletError } from "../errors.ts";
import { parseNetworkSpec } from "../network/spec.ts";
import { type Choice, chooseByAdapter, chooseByTime, type Measurement } from "./auto.ts";
import { readChoices, writeChoices } from "./auto_file.ts";
import {
  createEngine,
  type EngineOptions,
  sizeOfEngine,
  thisMachine,
  usualBatchSizeOf,
} from "./create_engine.ts";
import type { ComputingEngine } from "./engine_name.ts";
import { findAdapters, type Gpu, runtimeGpu } from "./gpu/adapter.ts";
import { timeTraining } from "./measure.ts";

/** Where what was found lies, and how it is found. */
export interface TuneOptions {
  /** @default {this machine} */
  readonly machine?: string;
  /** @default {CHOICES_FILE} */
  readonly file?: string | undefined;
  /** Seconds of a batch on an engine; why there are none, where it fails. @default {a training batch of the options} */
  readonly time?: (engine: ComputingEngine) => Promise<number | string>;
  /** Called with each measurement as it is made. */
  readonly onMeasurement?: (measurement: Measurement) => void;
}

/**
 * Times every engine where there is a GPU that computes by itself, and remembers the fastest for networks and batches like these.
 *
 * @throws {InputError} when it cannot be written.
 */
export async function tuneEngines(options: EngineOptions, tune: TuneOptions = {}): Promise<Choice> {
  const { gpu = runtimeGpu(), precision = "f32" } = options;
  const { machine = thisMachine(), file, time = (engine) => timeEngine({ ...options, engine }) } = tune;
  if (precision !== "f32") {
    return { engine: "wasm", reason: `the GPU engines do not compute in ${precision}` };
  }
  const [found] = await findAdapters(gpu);
  let choice = chooseByAdapter(found?.description);
  if (!choice && found) {
    const measurements: Measurement[] = [];
    for (const engine of ["wasm", "hybrid", "webgpu"] as const) {
      const measurement = { engine, seconds: await time(engine) };
      measurements.push(measurement);
      tune.onMeasurement?.(measurement);
    }
    choice = chooseByTime(found.description, measurements);
  }
  if (!choice) throw new Error("no adapter, and no choice");
  const known = readChoices(machine, file)?.choices;
  await writeChoices({ machine, choices: { ...known, [sizeOfEngine(options)]: choice } }, file);
  return choice;
}

/**
 * The name of a GPU on which nothing has been timed. It is looked for once on a machine: the driver that answers takes 50 to 80 ms
 * and stays in this process's memory. That it was looked for is noted first, so that a driver which ends the process does so once.
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
    return undefined; // it would be said again and again
  }
  const [found] = await findAdapters(gpu);
  return found && !found.description.isSoftware ? found.description.name : undefined;
}

async function timeEngine(options: EngineOptions): Promise<number | string> {
  try {
    using engine = await createEngine({ ...options, tune: true });
    return await timeTraining(engine, parseNetworkSpec(options.spec), usualBatchSizeOf(options));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.message;
  }
}
