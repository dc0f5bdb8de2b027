/**
 * The kernels that are compared with the machine's ceiling: products and gradients of the lowest layer, at the notebook's sizes.
 * operations.ts times what has no ceiling (draws, packing, scans).
 */
import { Arena, instantiate, type KernelModule, type Kernels } from "../src/engine/wasm/kernels.ts";
import { roundUp } from "../src/engine/wasm/layout.ts";
import { drawKey, STREAM, uniform } from "../src/random.ts";
import { percent } from "../src/text/figures.ts";
import { type Ceiling, CEILING_DATA, CEILING_OUT } from "./compile_ceiling.ts";

/** A kernel with its arguments. Its operands stay the same from call to call, so they stay in the caches. */
export interface KernelCase {
  readonly name: string;
  /** What `work` counts, in 10⁹ a second. */
  readonly unit: string;
  /** Units of work in one call. */
  readonly work: number;
  /** Arithmetic in one call that the ceiling counts too. */
  readonly operations: number;
  /** Which ceiling: float32 multiply-adds, dot products of 16-bit pairs, or of bytes. */
  readonly ceiling: "madd" | "dot" | "bytes";
  readonly call: () => void;
}

/** Inputs; units that are computed in a sample, and those among them that spike, as measured in the notebook's network. */
const INPUTS = 784, COMPUTED = 40, SPIKING = 25;
const DECAY = 0.9;
/** Shares of a unit's steps that spike. Of the units that spike in a sample it is 0.1 at first, 0.3 after an epoch. */
const SPIKE_SHARES = [0.03, 0.1, 0.3];
/** A wide layer of inputs that are the same at every step, the engine's groups of samples, and vectors of four inputs that are not all 0. */
const WIDE = 1000, GROUP = 8, VECTORS = 50;
/** A sum of a million of these stays finite. */
const TINY = 1e-6;
/** Turns of a ceiling's loop in one call. */
const TURNS = 10_000;

/** The pure arithmetic that the kernels are compared with. */
export function ceilingCases(c: Ceiling): KernelCase[] {
  const cases = [
    ["f32 multiply-adds", "GFLOP/s", c.MADD_FLOPS, "madd", c.maddCeiling],
    ["dot products of 16-bit pairs", "GOP/s", c.DOT_OPS, "dot", c.dotCeiling],
    ["dot products of bytes", "GOP/s", c.BYTE_OPS, "bytes", c.byteCeiling],
  ] as const;
  return cases.map(([name, unit, { value }, ceiling, loop]) => {
    const work = TURNS * value, call = () => loop(CEILING_DATA, TURNS, CEILING_OUT);
    return { name: `ceiling: ${name}`, unit, work, operations: work, ceiling, call };
  });
}

/** The kernels at a number of steps. */
export function kernelCases({ module }: KernelModule, steps: number): KernelCase[] {
  const place = new Placement(instantiate(module));
  return [
    ...matmulCases(place, steps),
    ...SPIKE_SHARES.flatMap((share) => traceCases(place, steps, share)),
    ...[1, GROUP].flatMap((samples) => rowCases(place, samples)),
  ];
}

function matmulCases(place: Placement, steps: number): KernelCase[] {
  const k = place.kernels, padded = roundUp(steps, 4);
  const x = place.floats(padded * INPUTS, 0.5), panels = place.floats(COMPUTED * INPUTS, 0.1);
  const bias = place.floats(COMPUTED, 0.1), factors = place.floats(COMPUTED, 0.1);
  const out = place.floats(COMPUTED * padded, 0), sums = place.floats(padded, 0);
  const f32 = (["matmulF32", "matmulF32Loads"] as const).flatMap((name) =>
    [COMPUTED, 8, 4].map((units): KernelCase => {
      const work = 2 * padded * INPUTS * units, float = { unit: "GFLOP/s", ceiling: "madd" } as const;
      const call = () => k[name](x, panels, bias, out, padded, INPUTS, units);
      return { ...float, name: `${name}, ${units} units`, work, operations: work, call };
    })
  );
  const work = 2 * padded * INPUTS * COMPUTED;
  const i16 = () => k.matmulI16(x, panels, bias, factors, out, padded, INPUTS, COMPUTED);
  const i8 = () => k.matmulI8(x, panels, bias, factors, out, sums, padded, INPUTS, COMPUTED);
  const integer = { unit: "GOP/s", work };
  return [
    ...f32,
    { ...integer, name: `matmulI16, ${COMPUTED} units`, operations: work, ceiling: "dot", call: i16 },
    // Two operations for each: a weight has two halves.
    { ...integer, name: `matmulI8, ${COMPUTED} units`, operations: 2 * work, ceiling: "bytes", call: i8 },
  ];
}

/** The weights' gradient from spikes that are spread evenly over the steps, shifted from unit to unit. */
function traceCases(place: Placement, steps: number, share: number): KernelCase[] {
  const k = place.kernels, padded = roundUp(steps, 4), count = Math.max(1, Math.round(share * steps));
  const rows = Array.from({ length: SPIKING }, (_, unit) => {
    const at = Array.from({ length: count }, (_, i) => (Math.floor(i * steps / count) + unit) % steps);
    return [...at.sort((a, b) => a - b), ...new Array<number>(steps - count).fill(0)];
  });
  const last = Math.max(...rows.map((row) => row[count - 1]!));
  const x = place.floats(padded * INPUTS, 0.5), features = place.floats(INPUTS, 1);
  const units = place.integers([...rows.keys()]), counts = place.integers(rows.map(() => count));
  const at = place.integers(rows.flat()), coefficients = place.floats(SPIKING * steps, TINY);
  const sums = place.floats(SPIKING, TINY), gradients = place.floats(SPIKING * INPUTS, 0);
  const scratch = place.floats(padded * 48, 0);
  const work = 2 * INPUTS * (last + 1 + SPIKING * count);
  const shared = { unit: "GFLOP/s", work, operations: work, ceiling: "madd" } as const;
  const spikes = `${SPIKING} units spike at ${percent(share, 0)} of steps`;
  // deno-fmt-ignore
  const f32 = () => k.traceGradient(features, x, INPUTS, DECAY, units, counts, at, coefficients, SPIKING, steps,
    gradients, scratch);
  // deno-fmt-ignore
  const i8 = () => k.traceGradientI8(features, x, INPUTS, DECAY, units, counts, at, coefficients, sums, SPIKING,
    steps, gradients, scratch);
  return [
    { ...shared, name: `traceGradient, ${spikes}`, call: f32 },
    { ...shared, name: `traceGradientI8, ${spikes}`, call: i8 },
  ];
}

/** Products of inputs that are the same at every step, and their weights' gradient, for the samples of a batch in groups. */
function rowCases(place: Placement, samples: number): KernelCase[] {
  const k = place.kernels, groups = GROUP / samples;
  const x = place.floats(GROUP * INPUTS, 1);
  const list = Array.from(
    { length: GROUP },
    (_, sample) => Array.from({ length: INPUTS / 4 }, (_, i) => 16 * ((i * 3 + sample) % (INPUTS / 4))),
  );
  const vectors = place.integers(list.flat()), counts = place.integers(list.map(() => VECTORS));
  const weights = place.floats((WIDE + 4) * INPUTS, 0.1), bias = place.floats(WIDE + 4, 0.1);
  const gradients = place.floats(WIDE * INPUTS, 0), sums = place.floats(GROUP * WIDE, TINY);
  const y = place.floats(GROUP * (WIDE + 4), 0), stride = 4 * (WIDE + 4);
  const work = 2 * 4 * VECTORS * WIDE * GROUP;
  const shared = { unit: "GFLOP/s", work, operations: work, ceiling: "madd" } as const;
  const each = (call: (group: number) => void) => () => {
    for (let group = 0; group < groups; group++) call(group * samples);
  };
  const what = `${WIDE} units, ${samples === 1 ? "sample by sample" : `${samples} samples at once`}`;
  return [
    {
      ...shared,
      name: `matmulRows, ${what}`,
      // deno-fmt-ignore
      call: each((at) => k.matmulRows(x + 4 * at * INPUTS, vectors + at * INPUTS, counts + 4 * at, samples, weights, bias,
        y + at * stride, stride, WIDE, INPUTS)),
    },
    {
      ...shared,
      name: `outerGradients, ${what}`,
      // deno-fmt-ignore
      call: each((at) => k.outerGradients(x + 4 * at * INPUTS, vectors + at * INPUTS, counts + 4 * at, samples,
        sums + 4 * at * WIDE, 4 * WIDE, gradients, WIDE, INPUTS)),
    },
  ];
}

/** Arguments in an instance's memory; each method returns their address. */
class Placement {
  readonly #arena: Arena;
  #filled = 0;

  constructor(readonly kernels: Kernels) {
    this.#arena = new Arena(kernels);
  }

  /** Uniform numbers in ±limit. */
  floats(count: number, limit: number): number {
    const at = this.#arena.take(4 * count), key = drawKey(0, STREAM.weights, 99, this.#filled++);
    const floats = new Float32Array(this.kernels.memory.buffer, at, count);
    floats.forEach((_, i) => floats[i] = (2 * uniform(key, i) - 1) * limit);
    return at;
  }

  /** These numbers, as 32-bit integers. */
  integers(values: readonly number[]): number {
    const at = this.#arena.take(4 * values.length);
    new Int32Array(this.kernels.memory.buffer, at, values.length).set(values);
    return at;
  }
}
