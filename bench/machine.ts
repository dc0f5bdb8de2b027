/** What the figures were measured on, as far as this process may know it. */
import { bestVariant } from "../src/engine/wasm/kernels.ts";
import { VERSION } from "../src/version.ts";

/** The machine and the programs. */
export type Machine = ReturnType<typeof describeMachine>;

/** Looks around. */
export function describeMachine() {
  return {
    processor: processorName() ?? "unknown",
    cores: navigator.hardwareConcurrency,
    os: Deno.build.os,
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    spikelet: VERSION,
    /** Which build of the kernels this runtime gets. */
    kernels: bestVariant(),
    /** ISO 8601. */
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
