/**
 * Measures which tile is the fastest on this machine; it depends on the processor and on the runtime's compiler.
 *
 * All tiles of a precision give the same bits; a wrong choice costs only time.
 */
import { initialParameters } from "../../network/initialise.ts";
import { notebookNetwork } from "../../network/presets.ts";
import { sampleSize } from "../../network/spec.ts";
import { compilePlan } from "../plan/compile.ts";
import { Core } from "./core.ts";
import { type Precision, type Tile, TILES } from "./precision.ts";
import type { KernelModule } from "./kernels.ts";
import { toLayout } from "./layout.ts";

/** The tiles' times for the same work. */
export interface Tuning {
  /** The fastest. */
  readonly tile: Tile;
  /** By tile, the least of all rounds for the product of 32 steps with 40 units of 784 inputs. */
  readonly microseconds: Readonly<Record<string, number>>;
}

const ROUNDS = 12;
const MATMULS = 3;
/** Enough calls for V8 to have compiled a kernel with all its optimisations. */
const WARM_UP = 30;

/** Times a precision's tiles against each other; some milliseconds each. */
export function timeTiles(kernels: KernelModule, precision: Precision): Tuning {
  const spec = notebookNetwork({ hidden: 40, steps: 32 });
  const plan = compilePlan(spec, { skip: false });
  const size = sampleSize(spec), features = Uint8Array.from({ length: size }, (_, i) => i);
  const samples = {
    name: "tuning",
    count: 1,
    size,
    features,
    labels: new Uint8Array(1),
  };
  const matmul = plan.forward.findIndex(({ kind }) => kind === "inputMatmul");
  const candidates = TILES[precision].map((tile) => {
    const core = new Core(kernels, { plan, seed: 0, shards: 1, skipBound: 0, precision, tile });
    core.parameters.set(toLayout(core.memory.layout, initialParameters(spec, 0)));
    core.load(samples, 0, 0, 0);
    core.forward();
    for (let i = 0; i < WARM_UP; i++) core.execute(matmul);
    return { tile, core, least: Infinity };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const candidate of candidates) {
      const started = performance.now();
      for (let i = 0; i < MATMULS; i++) candidate.core.execute(matmul);
      candidate.least = Math.min(candidate.least, 1000 * (performance.now() - started) / MATMULS);
    }
  }
  const fastest = candidates.reduce((best, candidate) => candidate.least < best.least ? candidate : best);
  const microseconds = candidates.map(({ tile, least }) => [tile, Math.round(least * 10) / 10]);
  return { tile: fastest.tile, microseconds: Object.fromEntries(microseconds) };
}
