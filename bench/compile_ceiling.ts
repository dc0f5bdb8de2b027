/** Compiles ceiling.ts, the machine's ceiling, with the options that the kernels are built with. */
import { bestVariant } from "../src/engine/wasm/kernels.ts";

/** The exports of ceiling.ts. */
export interface Ceiling {
  readonly memory: WebAssembly.Memory;
  readonly MADD_FLOPS: { readonly value: number };
  readonly DOT_OPS: { readonly value: number };
  readonly BYTE_OPS: { readonly value: number };
  maddCeiling(data: number, turns: number, out: number): void;
  dotCeiling(data: number, turns: number, out: number): void;
  byteCeiling(data: number, turns: number, out: number): void;
}

/** Where {@linkcode compileCeiling} puts the operands, and where results may go. */
export const CEILING_DATA = 1024;
export const CEILING_OUT = 2048;

/** Compiles and instantiates; operands are in place. @throws {Error} when the compiler finds a fault. */
export async function compileCeiling(): Promise<Ceiling> {
  const { compile } = await import("../tools/assemblyscript.ts"); // half a second: only when it is wanted
  const source = await Deno.readTextFile(new URL("ceiling.ts", import.meta.url));
  const relaxed = bestVariant() === "relaxed" ? ["--enable", "relaxed-simd"] : [];
  const options = ["--initialMemory", "1", ...relaxed];
  const binary = await compile(["ceiling.ts"], new Map([["ceiling.ts", source]]), options);
  const { instance } = await WebAssembly.instantiate(binary);
  const ceiling = instance.exports as unknown as Ceiling; // the compiler's promise; see ceiling.ts
  const data = new Float32Array(ceiling.memory.buffer, CEILING_DATA, 14 * 4);
  data.forEach((_, i) => data[i] = 1 + i / 64);
  return ceiling;
}
