/**
 * Which room of the code may import from which; `check_imports.ts` refuses every other arrow.
 *
 * A room is a folder without those below it, or a file. {@linkcode COMMON} are for every room but the kernels'. Tests, benches
 * and tools may import from anywhere; no room may import from them.
 */

/** The engine's rooms: its interface, and those that compute. */
const ENGINE = [
  "src/engine",
  "src/engine/plan",
  "src/engine/wasm",
  "src/engine/gpu",
  "src/engine/hybrid",
  "src/engine/webgpu",
];
const ASM = ["asm", "asm/encoders", "asm/neurons", "asm/operators", "asm/optimizers"];

/** Every room, from the lowest up, with those that it may import from. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "src": [],
  "src/text": ["src"],
  "src/files": ["src", "src/text"],

  // Kernels: AssemblyScript, and the WGSL beside it.
  "asm": ASM,
  "asm/encoders": ASM,
  "asm/neurons": ASM,
  "asm/operators": ASM,
  "asm/optimizers": ASM,

  // Networks, data, and engines.
  "src/network": ["src/files"],
  "src/data": ["src/files", "src/network"],
  "src/engine": ["src/files", "src/network", "src/data", ...ENGINE],
  "src/engine/plan": ["src/network"],
  "src/engine/wasm": ["src/files", "src/network", "src/data", "src/engine", "src/engine/plan"],
  "src/engine/gpu": ["src/network", "src/data", "src/engine", ...ASM],
  "src/engine/webgpu": ["src/network", "src/data", "src/engine", "src/engine/plan", "src/engine/gpu", ...ASM],
  "src/engine/hybrid": ["src/network", "src/data", ...ENGINE, ...ASM],

  // Networks of other frameworks.
  "src/nir": ["src/network", "src/nir/hdf5", "src/nir/writing"],
  "src/nir/writing": ["src/network", "src/nir", "src/nir/hdf5"],
  "src/nir/hdf5": ["src/data"],

  // Uses of a network.
  "src/training": ["src/network", "src/data", ...ENGINE],
  "src/runs": ["src/files", "src/network", "src/data", ...ENGINE, "src/training"],
  "src/verify": ["src/files", "src/network", "src/data", ...ENGINE, "src/nir"],
  "src/classify": ["src/network", "src/data", ...ENGINE],
  "src/report": ["src/files", "src/network", "src/data", ...ENGINE, "src/training", "src/runs"],
  "src/serve": ["src/network", "src/data", ...ENGINE, "src/classify"],
  "src/licenses": ["src/files"],
  "src/onnx": ["src/network", "src/engine"],

  // The library, the command line, the page.
  "src/portable.ts": [
    ...["src/network", "src/data", ...ENGINE, "src/training", "src/classify", "src/serve", "src/nir"],
  ],
  "mod.ts": [
    ...["src/network", "src/data", ...ENGINE, "src/training", "src/runs", "src/onnx", "src/nir"],
    "src/portable.ts",
  ],
  "src/cli": [
    ...["src/files", "src/network", "src/data", ...ENGINE, "src/training", "src/runs", "src/verify"],
    ...["src/classify", "src/report", "src/serve", "src/licenses", "src/onnx", "src/nir"],
  ],
  "main.ts": ["src/cli"],
  "playground/logic": ["src/network", "src/data", ...ENGINE, "src/training", "src/classify"],
  "playground": [
    ...["src/network", "src/data", ...ENGINE, "src/training", "src/classify", "src/report"],
    "playground/logic",
  ],
};

/** Rooms for every other but the kernels': errors, checks, randomness; how text is written. */
export const COMMON = ["src", "src/text"];

/** Rooms that may import from anywhere, with all that is below them. */
export const FREE = ["tests", "bench", "tools"];
