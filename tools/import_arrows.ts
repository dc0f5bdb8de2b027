/**
 * Which room of the code may import from which; `check_imports.ts` refuses every other arrow.
 *
 * A room is a folder without those below it, or a file. The files of `src/` itself, such as errors, figures and randomness, are
 * for every room but the kernels', and know none. Tests, benches and tools may import from anywhere, and nobody else from them.
 *
 * @module
 */

/** The engine's rooms: what names one to a caller, and those that compute. */
const ENGINE = ["src/engine", "src/engine/wasm", "src/engine/gpu", "src/engine/hybrid", "src/engine/webgpu"];
const ASM = ["asm", "asm/encoders", "asm/neurons", "asm/optimizers"];

/** Every room, from the lowest up, with those that it may import from. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "src": [],

  // Kernels: AssemblyScript, and the WGSL beside it.
  "asm": ASM,
  "asm/encoders": ASM,
  "asm/neurons": ASM,
  "asm/optimizers": ASM,

  // What a network is, what it learns from, and what computes it.
  "src/network": [],
  "src/data": ["src/network"],
  "src/engine": ["src/network", "src/data", ...ENGINE],
  "src/engine/wasm": ["src/network", "src/data", "src/engine"],
  "src/engine/gpu": ["src/network", "src/data", "src/engine", ...ASM],
  "src/engine/webgpu": ["src/network", "src/data", "src/engine", "src/engine/gpu", ...ASM],
  "src/engine/hybrid": ["src/network", "src/data", ...ENGINE, ...ASM],

  // What is done with it.
  "src/train": ["src/network", "src/data", ...ENGINE],
  "src/classify": ["src/network", "src/data", ...ENGINE],
  "src/report": ["src/network", "src/data", ...ENGINE, "src/train", "src/classify"],
  "src/serve": ["src/network", "src/data", ...ENGINE, "src/classify"],
  "src/licenses": [],

  // Its faces: the library, the command line, the page.
  "src/portable.ts": ["src/network", "src/data", ...ENGINE, "src/train", "src/classify", "src/serve"],
  "mod.ts": ["src/network", "src/data", ...ENGINE, "src/train", "src/portable.ts"],
  "src/cli": [
    ...["src/network", "src/data", ...ENGINE, "src/train", "src/classify", "src/report", "src/serve"],
    "src/licenses",
  ],
  "main.ts": ["src/cli"],
  "playground/logic": ["src/network", "src/data", ...ENGINE, "src/train", "src/classify"],
  "playground": [
    ...["src/network", "src/data", ...ENGINE, "src/train", "src/classify", "src/report"],
    "playground/logic",
  ],
};

/** Rooms that may import from anywhere, with all that is below them. */
export const FREE = ["tests", "bench", "tools"];
