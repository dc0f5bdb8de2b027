/**
 * The kernels that are compared with the machine's ceiling: products and gradients of the lowest layer, at the notebook's sizes.
 * operations.ts times what has no ceiling (draws, packing, scans).
 */
import {
  Arena,
  instantiate,
  type KernelModule,
  type Kernels,
  workspaceOf,
} from "../src/engine/wasm/kernels.ts";
import { LAYER_FIELDS } from "../src/engine/wasm/layer_descriptor.ts";
import { roundUp } from "../src/engine/wasm/layout.ts";
import { OPERATOR_FIELDS } from "../src/engine/wasm/operator_descriptor.ts";
import { type Operator, operatorKindOf } from "../src/network/operators.ts";
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
  /** Arithmetic in one call that the ceiling counts too; 0 where there is nothing to compare. */
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
/** A wide layer of inputs that are the same at every step, in panels, the engine's groups of samples, and inputs that are not 0. */
const WIDE = 1024, PANEL = 32, GROUP = 8, THERE = 150;
/** Samples that a gradient over the batch sums at a time. */
const BATCH = 64;
/** Units and steps of neurons; units of a recurrent layer. */
const NEURONS = 1024, NEURON_STEPS = 25, RECURRENT = 128;
/** The tutorial's second convolution, 12 × 12 × 12 → 5 × 5 → 8 × 8 × 64, and the shares of its numbers that are not 0. */
const CONV = { channels: 12, side: 12, outputs: 64, kernel: 5 };
const CONV_SHARES = [0.08, 0.25, 1];
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
    ...rowCases(place),
    ...CONV_SHARES.flatMap((share) => convCases(place, share)),
    ...neuronCases(place),
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

/** Products of inputs that are the same at every step, for a group of samples, and their weights' gradient over a batch. */
function rowCases(place: Placement): KernelCase[] {
  const k = place.kernels, panels = WIDE / PANEL;
  const listed = (samples: number) => {
    const lists = Array.from({ length: samples }, (_, sample) => {
      const there = Array.from(
        { length: THERE },
        (_, i) => (Math.floor(i * INPUTS / THERE) + sample) % INPUTS,
      );
      return [...there.sort((a, b) => a - b), ...new Array<number>(2 * INPUTS - THERE).fill(0)];
    });
    return { lists: place.integers(lists.flat()), counts: place.integers(lists.map(() => THERE)) };
  };
  const few = listed(GROUP), many = listed(BATCH);
  const weights = place.floats(WIDE * INPUTS, 0.1), bias = place.floats(WIDE, 0.1);
  const y = place.floats(GROUP * WIDE, 0), gradients = place.floats(WIDE * INPUTS, 0);
  const starts = place.floats(INPUTS + 1, 0), columns = place.floats(2 * BATCH * INPUTS, 0);
  const deltas = place.floats(BATCH * PANEL, TINY);
  k.listColumns(many.lists, many.counts, INPUTS, BATCH, INPUTS, starts, columns);
  const shared = (samples: number) => {
    const work = 2 * THERE * WIDE * samples;
    return { unit: "GFLOP/s", work, operations: work, ceiling: "madd" } as const;
  };
  const gradient = () => {
    for (let panel = 0; panel < panels; panel++) {
      // deno-fmt-ignore
      k.panelGradients(columns, BATCH * INPUTS, starts, 0, INPUTS, deltas, PANEL,
        gradients + 4 * panel * PANEL * INPUTS);
    }
  };
  const what = `${WIDE} units, ${THERE} of ${INPUTS} inputs`;
  return [
    {
      ...shared(GROUP),
      name: `panelRows, ${what}, ${GROUP} samples`,
      // deno-fmt-ignore
      call: () => k.panelRows(few.lists, few.counts, INPUTS, GROUP, weights, bias, y, 4 * WIDE, panels, INPUTS, PANEL),
    },
    { ...shared(BATCH), name: `panelGradients, ${what}, ${BATCH} samples`, call: gradient },
  ];
}

/** A step of a convolution of which so many numbers are not 0, forward, back and K's gradient; work counts those alone. */
function convCases(place: Placement, share: number): KernelCase[] {
  const { channels, side, outputs, kernel } = CONV, k = place.kernels, after = side - kernel + 1;
  const operator: Operator = {
    ...{ kind: "conv2d", channels: outputs, kernel: [kernel, kernel], stride: [1, 1], padding: [0, 0] },
    ...{ dilation: [1, 1], groups: 1, bias: true },
  };
  const geometry = operatorKindOf(operator).geometry(operator, [channels, side, side]);
  const workspace = place.floats(workspaceOf(k, "Conv2d", geometry), 0);
  const weights = [channels * outputs * kernel ** 2, outputs],
    x = channels * side ** 2,
    y = outputs * after ** 2;
  const sparse = (count: number) =>
    place.reals(Array.from({ length: count }, (_, i) => i * 0.618033988749895 % 1 < share ? TINY : 0));
  const fields: Readonly<Record<string, number>> = {
    ...{ steps: 1, inputs: sparse(x), inputStride: 4 * x, outputs: place.floats(y, 0), outputStride: 4 * y },
    ...{ outputGradients: sparse(y), outputGradientStride: 4 * y },
    ...{ inputGradients: place.floats(x, 0), inputGradientStride: 4 * x, workspace },
    tensors: place.integers(weights.map((count) => place.floats(count, 0.1))),
    gradients: place.integers(weights.map((count) => place.floats(count, 0))),
    geometry: place.integers(geometry),
  };
  const descriptor = place.integers(OPERATOR_FIELDS.map((field) => fields[field] ?? 0));
  const work = 2 * share * weights[0]! * after ** 2, what = `${percent(share, 0)} of its numbers`;
  return (["forward", "backward", "weightGradient"] as const).map((verb) => ({
    ...{ unit: "GFLOP/s", ceiling: "madd", work, operations: work },
    name: `${verb}Conv2d, ${verb === "backward" ? "δy" : "x"} with ${what}`,
    call: () => k[`${verb}Conv2d`](descriptor, 0, 1),
  }));
}

/** Neurons' steps beside a loop that only loads and stores as much; and the product that recurrent samples share. */
function neuronCases(place: Placement): KernelCase[] {
  const k = place.kernels, size = NEURONS * NEURON_STEPS;
  const floats = (count: number, limit = 0) => place.floats(count, limit);
  const constants = place.integers([0, 1, 2, 3].map(() => floats(NEURONS)));
  const fields: Readonly<Record<string, number>> = {
    units: NEURONS,
    steps: NEURON_STEPS,
    currents: floats(NEURONS, 0.5),
    state: floats(4 * NEURONS),
    decays: floats(NEURONS, 0.9),
    thresholds: floats(NEURONS, 1),
    scales: floats(NEURONS),
    constants,
    settings: place.reals([2, 0, 0]),
    distances: floats(size),
    outputGradients: floats(NEURONS, TINY),
    shares: floats(NEURON_STEPS, 1),
    currentGradients: floats(NEURONS),
  };
  const layer = place.integers(LAYER_FIELDS.map((field) => fields[field] ?? 0));
  const to = floats(size);
  const rate = { unit: "G unit-steps/s", work: size, operations: 0, ceiling: "madd" } as const;
  const x = floats(4 * RECURRENT, 1), panels = floats(RECURRENT * RECURRENT, 0.1), zeros = floats(RECURRENT);
  const product = floats(4 * RECURRENT), work = 2 * 4 * RECURRENT * RECURRENT;
  const spread = () => k.spreadRow(fields["currents"]!, fields["shares"]!, NEURON_STEPS, NEURONS, to);
  return [
    { ...rate, name: "spreadRow: a loop that loads, multiplies and stores", call: spread },
    { ...rate, name: "stepLif, constant currents", call: () => k.stepLif(layer, 0, NEURON_STEPS) },
    { ...rate, name: "stepBackLif, Σ δI, atan", call: () => k.stepBackLif(layer, 0, NEURON_STEPS) },
    {
      ...{ unit: "GFLOP/s", work, operations: work, ceiling: "madd" as const },
      name: `a step's recurrent product, ${RECURRENT} units, 4 samples`,
      call: () => k.matmulF32(x, panels, zeros, product, 4, RECURRENT, RECURRENT),
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

  /** These numbers. */
  reals(values: readonly number[]): number {
    const at = this.#arena.take(4 * values.length);
    new Float32Array(this.kernels.memory.buffer, at, values.length).set(values);
    return at;
  }

  /** These numbers, as 32-bit integers. */
  integers(values: readonly number[]): number {
    const at = this.#arena.take(4 * values.length);
    new Int32Array(this.kernels.memory.buffer, at, values.length).set(values);
    return at;
  }
}
