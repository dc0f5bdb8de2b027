/**
 * The kernels as TypeScript sees them: a WASM module compiled from asm/, and its exports with their types.
 *
 * Nothing here assumes Deno, files or threads. Pointers are byte offsets into the instance's memory; asm/ documents each
 * kernel's equation, layout and parameters.
 *
 * @module
 */
import { EngineError } from "../../errors.ts";
import type { Neuron } from "../../network/neurons.ts";

/** Takes a layer (asm/layer.ts) through the steps `from` ≤ t < `to`, forward or back. */
export type StepKernel = (record: number, from: number, to: number) => void;

/** What every kind of neuron has in asm/neurons/: its way forward and its way back. */
export type NeuronKernels = {
  readonly [Name in `${"step" | "stepBack"}${Capitalize<Neuron["kind"]>}`]: StepKernel;
};

/** The exports of asm/index.ts. */
export interface Kernels extends NeuronKernels {
  readonly memory: WebAssembly.Memory;
  fuses(): number;
  heapBase(): number;
  hashCounters(counter: number, key0: number, key1: number, out: number, count: number): void;
  encodeNoise(key0: number, key1: number, out: number, steps: number, inputs: number): void;
  encodeNoiseI8(key0: number, key1: number, out: number, steps: number, inputs: number): void;
  encodePoisson(
    key0: number,
    key1: number,
    intensities: number,
    out: number,
    steps: number,
    inputs: number,
  ): void;
  encodeLatency(intensities: number, levels: number, out: number, steps: number, inputs: number): void;
  encodeDelta(
    sequence: number,
    channels: number,
    threshold: number,
    kind: number,
    out: number,
    steps: number,
    inputs: number,
  ): void;
  encodeDirect(sequence: number, out: number, steps: number, inputs: number): void;
  packPanels(
    features: number,
    weights: number,
    bias: number,
    chosen: number,
    panelCount: number,
    panels: number,
    packedBias: number,
    inputs: number,
  ): void;
  productF32(
    x: number,
    panels: number,
    bias: number,
    currents: number,
    steps: number,
    inputs: number,
    units: number,
  ): void;
  productF32Loads(
    x: number,
    panels: number,
    bias: number,
    currents: number,
    steps: number,
    inputs: number,
    units: number,
  ): void;
  countInputs(x: number, steps: number, inputs: number, counts: number): number;
  listInputs(x: number, steps: number, inputs: number, counts: number, entries: number): void;
  productSparse(
    counts: number,
    entries: number,
    panels: number,
    bias: number,
    currents: number,
    steps: number,
    inputs: number,
    units: number,
  ): void;
  scaleRows(
    features: number,
    weights: number,
    bias: number,
    chosen: number,
    count: number,
    bases: number,
    scales: number,
    factors: number,
    inputs: number,
  ): void;
  packI16(
    features: number,
    weights: number,
    chosen: number,
    halfCount: number,
    scales: number,
    panels: number,
    inputs: number,
  ): void;
  packI8(
    features: number,
    weights: number,
    chosen: number,
    halfCount: number,
    scales: number,
    panels: number,
    inputs: number,
  ): void;
  productI16(
    x: number,
    panels: number,
    bases: number,
    factors: number,
    currents: number,
    steps: number,
    inputs: number,
    units: number,
  ): void;
  productI8(
    x: number,
    panels: number,
    bases: number,
    factors: number,
    currents: number,
    stepSums: number,
    steps: number,
    inputs: number,
    units: number,
  ): void;
  listVectors(x: number, inputs: number, vectors: number): number;
  productRow(
    x: number,
    vectors: number,
    count: number,
    weights: number,
    bias: number,
    y: number,
    units: number,
    inputs: number,
  ): void;
  chooseUnits(
    x: number,
    scale: number,
    weights: number,
    bias: number,
    units: number,
    inputs: number,
    gains: number,
    deviations: number,
    steps: number,
    threshold: number,
    bound: number,
    chosen: number,
  ): number;
  layerFields(): number;
  scanGraded(
    currents: number,
    currentStride: number,
    steps: number,
    decay: number,
    threshold: number,
    penalty: number,
    lanes: number,
    counts: number,
    spikeSteps: number,
    spikeOutputs: number,
  ): void;
  feedBack(outputs: number, weights: number, to: number, units: number, scratch: number): void;
  feedBackGradient(
    currentGradients: number,
    weights: number,
    outputGradients: number,
    excess: number,
    units: number,
  ): void;
  listSpikes(
    excess: number,
    outputs: number,
    steps: number,
    units: number,
    counts: number,
    spikeSteps: number,
    spikeOutputs: number,
    capacity: number,
    stepCounts: number,
    stepUnits: number,
    stepOutputs: number,
  ): number;
  listInputSpikes(
    x: number,
    steps: number,
    inputs: number,
    counts: number,
    spikeSteps: number,
    spikeOutputs: number,
    capacity: number,
    stepCounts: number,
    stepUnits: number,
    stepOutputs: number,
  ): number;
  gatherRows(
    counts: number,
    units: number,
    outputs: number,
    capacity: number,
    delay: number,
    weights: number,
    bias: number,
    currents: number,
    steps: number,
    width: number,
  ): void;
  spikeGradient(
    counts: number,
    spikeSteps: number,
    spikeOutputs: number,
    slots: number,
    capacity: number,
    delay: number,
    currentGradients: number,
    steps: number,
    units: number,
    weightGradients: number,
  ): void;
  inputRows(x: number, features: number, steps: number, inputs: number, rows: number): void;
  inputRowsI8(x: number, features: number, steps: number, inputs: number, rows: number): void;
  packRows(weights: number, inputs: number, units: number, panels: number): void;
  panelsToRows(panels: number, steps: number, count: number, units: number, rows: number): void;
  productGradient(
    x: number,
    currentGradients: number,
    steps: number,
    inputs: number,
    units: number,
    weightGradients: number,
  ): void;
  gatherSpikes(
    unit: number,
    counts: number,
    spikeSteps: number,
    spikeOutputs: number,
    slots: number,
    capacity: number,
    delay: number,
    weights: number,
    bias: number,
    currents: number,
    steps: number,
    units: number,
  ): void;
  backThroughSpikes(
    unit: number,
    counts: number,
    spikeSteps: number,
    spikeOutputs: number,
    spikeGradients: number,
    slots: number,
    capacity: number,
    delay: number,
    weights: number,
    weightGradients: number,
    currentGradients: number,
    steps: number,
    units: number,
  ): void;
  spreadSpikes(
    unit: number,
    counts: number,
    spikeSteps: number,
    spikeGradients: number,
    slots: number,
    capacity: number,
    dense: number,
    steps: number,
    units: number,
  ): void;
  spikeCoefficients(
    unit: number,
    counts: number,
    spikeSteps: number,
    spikeGradients: number,
    slots: number,
    capacity: number,
    powers: number,
    powerSums: number,
    sums: number,
    biasGradients: number,
  ): void;
  stepCoefficients(
    counts: number,
    spikeSteps: number,
    spikeGradients: number,
    slots: number,
    capacity: number,
    currentGradients: number,
    steps: number,
    units: number,
    decay: number,
    powerSums: number,
    sums: number,
    biasGradients: number,
  ): void;
  traceGradient(
    features: number,
    x: number,
    inputs: number,
    decay: number,
    unit: number,
    counts: number,
    spikeSteps: number,
    coefficients: number,
    slots: number,
    capacity: number,
    weightGradients: number,
    scratch: number,
  ): void;
  traceGradientI8(
    features: number,
    x: number,
    inputs: number,
    decay: number,
    unit: number,
    counts: number,
    spikeSteps: number,
    coefficients: number,
    sums: number,
    slots: number,
    capacity: number,
    weightGradients: number,
    scratch: number,
  ): void;
  outerGradient(
    x: number,
    vectors: number,
    count: number,
    sums: number,
    weightGradients: number,
    units: number,
    inputs: number,
  ): void;
  addParts(parts: number, totals: number, count: number): void;
  addTotals(totals: number, to: number, count: number): void;
  mostPlain(): number;
  runLength(): number;
  sumSteps(currentGradients: number, steps: number, units: number, biasGradients: number): void;
  readStates(
    potentials: number,
    first: number,
    last: number,
    units: number,
    scale: number,
    logits: number,
  ): void;
  readLargest(
    values: number,
    first: number,
    last: number,
    units: number,
    zero: number,
    logits: number,
    at: number,
  ): void;
  readStatesBack(
    gradients: number,
    first: number,
    last: number,
    steps: number,
    units: number,
    rows: number,
  ): void;
  readLargestBack(gradients: number, at: number, steps: number, units: number, rows: number): void;
  crossEntropy(
    logits: number,
    classes: number,
    label: number,
    scale: number,
    logProbabilities: number,
    gradients: number,
  ): number;
  meanSquaredError(
    logits: number,
    classes: number,
    label: number,
    correct: number,
    incorrect: number,
    scale: number,
    gradients: number,
  ): number;
  addToRows(rows: number, steps: number, count: number, units: number, value: number): void;
  sgd(
    parameters: number,
    velocity: number,
    gradients: number,
    count: number,
    shards: number,
    factor: number,
    learningRate: number,
    momentum: number,
    decay: number,
  ): void;
  adam(
    parameters: number,
    mean: number,
    square: number,
    gradients: number,
    count: number,
    shards: number,
    factor: number,
    rate: number,
    toMean: number,
    keep: number,
    toSquare: number,
    correction: number,
    epsilon: number,
    decay: number,
    shrink: number,
  ): void;
  addShards(gradients: number, count: number, row: number, shards: number): number;
  sumShards(gradients: number, count: number, row: number, shards: number): number;
}

/** The two builds of the same source: with fused multiply-adds, and for runtimes without relaxed SIMD. */
export type Variant = "relaxed" | "plain";

/** A build, compiled. It can be handed to a worker. */
export interface KernelModule {
  /** Which build it is. */
  readonly variant: Variant;
  /** The compiled code, without a memory. */
  readonly module: WebAssembly.Module;
}

/** A module of one function, `f32x4.relaxed_madd`: it validates only where the runtime has relaxed SIMD. */
// deno-fmt-ignore
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11,
]);

/** The best build for this runtime. */
export function bestVariant(): Variant {
  return WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "plain";
}

/** Makes an instance, with a memory of its own. */
export function instantiate(module: WebAssembly.Module): Kernels {
  // The shape of the exports is the compiler's promise; tests/asm/exports_test.ts holds it to this interface.
  return new WebAssembly.Instance(module).exports as unknown as Kernels;
}

const PAGE = 65_536;

/** Hands out pieces of an instance's memory, each aligned to a cache line. They are never given back. */
export class Arena {
  readonly #memory: WebAssembly.Memory;
  #next: number;

  constructor(kernels: Kernels) {
    this.#memory = kernels.memory;
    this.#next = kernels.heapBase();
  }

  /** Takes a piece of `bytes`, filled with zeros, and returns its address. Earlier views lose their memory if it grows. */
  take(bytes: number): number {
    const at = Math.ceil(this.#next / 64) * 64;
    this.#next = at + bytes;
    const missing = this.#next - this.#memory.buffer.byteLength;
    if (missing <= 0) return at;
    try {
      this.#memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      const found = `${Math.ceil(this.#next / 2 ** 20).toLocaleString("en")} MiB`;
      throw new EngineError(
        `the network needs ${found} of memory or more in each thread: WebAssembly has 4 GiB at most`,
        {
          cause,
        },
      );
    }
    return at;
  }
}
