/** The machine and the programs that the figures were measured with. */
import { cpus } from "node:os";
import { bestVariant } from "../src/engine/wasm/kernels.ts";
import { VERSION } from "../src/version.ts";

/** The machine and the programs. */
export type Machine = ReturnType<typeof describeMachine>;

/** Reads what this process may read of them. */
export function describeMachine() {
  return {
    processor: processorName() ?? "unknown",
    cores: navigator.hardwareConcurrency,
    os: Deno.build.os,
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    spikelet: VERSION,
    /** The build of the kernels for this runtime. */
    kernels: bestVariant(),
    /** ISO 8601. */
    date: new Date().toISOString(),
  };
}

/** In one line. */
export function machineLine({ processor, cores, os, arch, deno, v8, kernels, date }: Machine): string {
  return `${processor}, ${cores} cores, ${os} ${arch}; Deno ${deno}, V8 ${v8}, ${kernels} kernels; ${date}`;
}

/** The processor's name, as the system has it. */
function processorName(): string | undefined {
  try {
    return cpus()[0]?.model.trim();
  } catch {
    return undefined; // without --allow-sys=cpus
  }
}
