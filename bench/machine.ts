/**
 * What the figures were measured on.
 *
 * @module
 */
import { VERSION } from "../src/version.ts";
import { bestVariant } from "../src/engine/wasm/kernels.ts";

/** The machine and the programs, as far as this process may know them. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly os: string;
  readonly arch: string;
  readonly deno: string;
  readonly v8: string;
  readonly spikelet: string;
  /** Which build of the kernels this runtime gets. */
  readonly kernels: string;
  /** ISO 8601. */
  readonly date: string;
}

/** Looks around. */
export function describeMachine(): Machine {
  return {
    processor: processorName() ?? "unknown",
    cores: navigator.hardwareConcurrency,
    os: Deno.build.os,
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    spikelet: VERSION,
    kernels: bestVariant(),
    date: new Date().toISOString(),
  };
}

/** In one line. */
export function machineLine({ processor, cores, os, arch, deno, v8, kernels, date }: Machine): string {
  return `${processor}, ${cores} cores, ${os} ${arch}; Deno ${deno}, V8 ${v8}, ${kernels} kernels; ${date}`;
}

/** What Linux calls the processor; Deno lets nobody read /proc who was not given `--allow-all`. */
function processorName(): string | undefined {
  try {
    return /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  } catch {
    return undefined;
  }
}
