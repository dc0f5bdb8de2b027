/** `info`: what Spikelet finds on this machine. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { mnistDirectory, verifyMnist } from "../data/mnist.ts";
import { type Choice, chooseByAdapter } from "../engine/auto.ts";
import { readChoices } from "../engine/auto_file.ts";
import {
  createEngine,
  type EngineName,
  ENGINES,
  sizeOfEngine,
  thisMachine,
} from "../engine/create_engine.ts";
import { type AdapterDescription, findAdapters, runtimeGpu } from "../engine/gpu/adapter.ts";
import { type Precision, PRECISIONS } from "../engine/wasm/precision.ts";
import { bestVariant, instantiate, type Variant } from "../engine/wasm/kernels.ts";
import { loadKernels } from "../engine/wasm/load.ts";
import type { Tuning } from "../engine/wasm/tuning.ts";
import { readTuning } from "../engine/wasm/tuning_file.ts";
import { SpikeletError } from "../errors.ts";
import { notebookNetwork } from "../network/presets.ts";
import { VERSION } from "../version.ts";
import { alignColumns } from "../text/columns.ts";
import { createCommand, INVOCATION } from "./command.ts";
import { count, mebibytes } from "../text/figures.ts";
import { jsonOption, openOutput } from "./output.ts";

/** A part of the machine that is there, or the reason why it is not. */
type Found<Facts> = ({ readonly available: true } & Facts) | {
  readonly available: false;
  readonly reason: string;
};

/** Makes the command. */
export function infoCommand(): CommandUnknownOpts {
  return createCommand(
    "info",
    "Print what is found here: versions, engines, SIMD, threads, data",
    "",
    "--json",
  )
    .addOption(jsonOption)
    .action(async (given) => {
      const { say, result } = openOutput(given);
      const info = await inspect();
      for (const line of describe(info)) say(line);
      result(info);
    });
}

type Info = Awaited<ReturnType<typeof inspect>>;

async function inspect() {
  const { deno, v8 } = Deno.version;
  const engines: ({ readonly name: string } & Found<{ readonly description: string }>)[] = [];
  for (const name of ENGINES) if (name !== "auto") engines.push({ name, ...await inspectEngine(name) });
  const gpu = await inspectGpu();
  const builds: ({ readonly variant: Variant } & Found<{ readonly fuses: boolean }>)[] = [];
  for (const variant of ["relaxed", "plain"] as const) {
    builds.push({ variant, ...await inspectKernels(variant) });
  }
  return {
    version: VERSION,
    deno,
    v8,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    engines,
    gpu,
    ...inspectAuto(gpu.available ? gpu.adapters[0] : undefined),
    simd: { best: bestVariant(), builds },
    tuning: await inspectTuning(),
    mnist: await inspectMnist(),
  };
}

/** Opens an engine, and closes it again. */
async function inspectEngine(
  name: EngineName,
): Promise<Found<{ readonly name: string; readonly description: string }>> {
  return await found(async () => {
    const spec = notebookNetwork({ inputs: 4, hidden: 4, classes: 2, steps: 2 });
    using engine = await createEngine({ spec, engine: name });
    return { name: engine.name, description: engine.description };
  });
}

/** Every adapter, the one that engines take first. */
async function inspectGpu(): Promise<Found<{ readonly adapters: readonly AdapterDescription[] }>> {
  const gpu = runtimeGpu();
  if (!gpu) {
    return {
      available: false,
      reason: "this runtime has no WebGPU that works: Deno has it from 2.9",
    };
  }
  const adapters = (await findAdapters(gpu)).map(({ description }) => description);
  if (adapters.length > 0) return { available: true, adapters };
  return {
    available: false,
    reason: "no adapter is found: a GPU needs its driver, on Linux the part for Vulkan",
  };
}

/** What `auto` is for the notebook's network, and why; and what `tune` has found for others. */
function inspectAuto(adapter: AdapterDescription | undefined) {
  const choices = readChoices(thisMachine())?.choices ?? {};
  const { engine, reason }: Choice = choices[sizeOfEngine({ spec: notebookNetwork() })] ??
    chooseByAdapter(adapter) ??
    {
      engine: "wasm",
      reason: `${adapter?.name ?? "the GPU"} is untried: \`${INVOCATION} tune\` times the engines`,
    };
  return { auto: engine, autoReason: reason, measured: choices };
}

async function inspectKernels(variant: Variant): Promise<Found<{ readonly fuses: boolean }>> {
  if (variant === "relaxed" && bestVariant() !== "relaxed") {
    return { available: false, reason: "this runtime has no relaxed SIMD" };
  }
  return await found(async () => {
    const { module } = await loadKernels(variant);
    return { fuses: variant === "relaxed" && instantiate(module).fuses() !== 0 };
  });
}

/** What is remembered of this machine's fastest kernels. */
async function inspectTuning(): Promise<Found<{ readonly tiles: Partial<Record<Precision, Tuning>> }>> {
  const kernels = await found(async () => ({ kernels: await loadKernels() }));
  if (!kernels.available) return kernels;
  const cache = readTuning(kernels.kernels);
  if (!cache) return { available: false, reason: "nothing measured yet: train does, at its first use here" };
  return {
    available: true,
    tiles: Object.fromEntries(PRECISIONS.flatMap((p) => cache[p] ? [[p, cache[p]]] : [])),
  };
}

async function inspectMnist(): Promise<Found<{ readonly folder: string }>> {
  return await found(async () => {
    const folder = mnistDirectory();
    await verifyMnist(folder);
    return { folder };
  });
}

/** What `look` finds, or what our own error says; a bug stays a bug. */
async function found<Facts>(look: () => Promise<Facts>): Promise<Found<Facts>> {
  try {
    return { available: true, ...await look() };
  } catch (error) {
    if (!(error instanceof SpikeletError)) throw error;
    return { available: false, reason: error.message };
  }
}

function describe(
  { version, deno, v8, os, arch, cores, engines, gpu, auto, autoReason, measured, simd, tuning, mnist }: Info,
): string[] {
  const rows: string[][] = [
    ["Spikelet", version],
    ["Deno", `${deno}, V8 ${v8}`],
    ["System", `${os} on ${arch}`],
    ["Cores", `${cores}; --threads takes as many`],
  ];
  engines.forEach((engine, i) => {
    const what = engine.available ? engine.description : `not here: ${engine.reason}`;
    rows.push([i === 0 ? "Engines" : "", `${engine.name}: ${what}`]);
  });
  rows.push(["", `auto takes ${auto}: ${autoReason}`]);
  for (const [size, { engine }] of Object.entries(measured)) rows.push(["", `${size}: ${engine}`]);
  if (gpu.available) gpu.adapters.forEach((adapter, i) => rows.push(...describeAdapter(adapter, i === 0)));
  else rows.push(["GPU", gpu.reason]);
  simd.builds.forEach((build, i) => {
    const what = build.available
      ? build.fuses ? "multiply-adds are fused" : "multiply-adds round twice"
      : `not here: ${build.reason}`;
    rows.push([
      i === 0 ? "SIMD" : "",
      `${build.variant}: ${what}${build.available && build.variant === simd.best ? "; the best here" : ""}`,
    ]);
  });
  if (tuning.available) {
    Object.entries(tuning.tiles).forEach(([precision, { tile, microseconds }], i) => {
      const times = Object.entries(microseconds).map(([name, time]) => `${name} ${time} µs`).join(", ");
      rows.push([i === 0 ? "Tuning" : "", `${precision} takes ${tile} (${times})`]);
    });
  } else rows.push(["Tuning", tuning.reason]);
  rows.push(["MNIST", mnist.available ? mnist.folder : mnist.reason]);
  if (mnist.available) rows.push(["", "its four files have the official MD5s and SHA-256s"]);
  return alignColumns(rows);
}

/** Its name and maker, and the limits by which work is cut up. */
function describeAdapter(
  { name, vendor, architecture, isSoftware, limits }: AdapterDescription,
  isFirst: boolean,
): string[][] {
  const maker = [vendor, architecture].filter((word) => word !== "").join(", ");
  const where = isSoftware ? ": it computes on the CPU, for correctness only" : "";
  const [buffer, binding] = [limits.maxBufferSize, limits.maxStorageBufferBindingSize].map(mebibytes);
  const [calls, bytes, groups] = [
    limits.maxComputeInvocationsPerWorkgroup,
    limits.maxComputeWorkgroupStorageSize,
    limits.maxComputeWorkgroupsPerDimension,
  ].map(count);
  return [
    [isFirst ? "GPU" : "", `${[name, maker].filter(Boolean).join(", ")}${where}`],
    ["", `buffers of ${buffer}, of which a kernel sees ${binding}`],
    ["", `groups of ${calls} calls that share ${bytes} bytes, ${groups} along a dimension`],
  ];
}
