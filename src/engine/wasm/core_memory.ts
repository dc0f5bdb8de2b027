/**
 * The memory of one thread's kernels: every buffer that a plan needs for one sample, and the parameters.
 *
 * All of it is taken once, when the thread starts; it does not grow with batches or epochs.
 *
 * @module
 */
import { foldsFeatures, sampleFormOf } from "../../network/encoders.ts";
import type { Plan } from "../plan.ts";
import { Arena, type Kernels } from "./kernels.ts";
import { type LayerLayout, layOut, type ParameterLayout, roundUp } from "./layout.ts";

/** Addresses of one layer's buffers; shapes are given in asm/. */
export interface LayerMemory extends LayerLayout {
  readonly weightsAt: number;
  readonly biasAt: number;
  readonly weightGradientsAt: number;
  readonly biasGradientsAt: number;
  /** Currents, and bytes from step to step (0: the same at every step). */
  readonly currents: number;
  readonly currentStride: number;
  /** `[steps][width]`, where the layer is dense; else 0. */
  readonly potentials: number;
  readonly outputs: number;
  readonly outputGradients: number;
  readonly currentGradients: number;
  /** Spikes by unit; a slot's entries are one a step. */
  readonly unit: number;
  readonly counts: number;
  readonly spikeSteps: number;
  readonly spikeOutputs: number;
  readonly spikeGradients: number;
  /** For every step s: d^s, Σ_{i ≤ s} d^i, and √Σ_{i ≤ s} d^(2i); padded to whole vectors with the last one's. */
  readonly powers: number;
  readonly powerSums: number;
  readonly powerNorms: number;
}

/** Addresses of everything else. */
export interface CoreMemory {
  readonly layout: ParameterLayout;
  readonly layers: readonly LayerMemory[];
  readonly parameters: number;
  readonly gradients: number;
  /** x: what is multiplied into the weights, `[inputs]` padded: a sample's features, or ones. */
  readonly features: number;
  /** A sample whose features are not multiplied into the weights, `[rows][channels]` padded: a row, or one for each step. */
  readonly sequence: number;
  /** The latency encoder's: see `encodeLatency`. */
  readonly levels: number;
  /** Inputs that are not zero: how many at each step, their list, and how many it takes at most. */
  readonly inputCounts: number;
  readonly inputEntries: number;
  readonly inputCapacity: number;
  /** Inputs of every step in the product's layout. */
  readonly x: number;
  readonly panels: number;
  readonly packedBias: number;
  /** Of panels in integers: S, 1 / S, and Σ_k v of every step. */
  readonly scales: number;
  readonly factors: number;
  readonly stepSums: number;
  readonly logits: number;
  readonly logProbabilities: number;
  readonly logitGradients: number;
  /** One sample's ∂L/∂b of the bottom layer, by slot. */
  readonly sums: number;
  readonly scratch: number;
  /** Room for the optimiser: parameters, two moments and gradient shards of a part of the whole. */
  readonly shards: number;
}

/** Floats of the parameters that the optimiser works on at a time: what it needs for 24 shards stays in the second cache. */
export const UPDATE_FLOATS = 8192;

/**
 * The largest share of inputs that are not zero at which they are multiplied one by one, for a layer of so many units. Up to
 * here that costs less than the whole product (bench/kernels.ts): listing them costs the same for any number of units, and a
 * product of its own about two and a half times as much as among others.
 */
function sparseShare(units: number): number {
  return Math.min(0.4, Math.max(0, (units - 24) / 256));
}

/**
 * Floats of the parameters whose squared gradients are summed by themselves: what a gradient's norm is a sum of, in order,
 * whoever sums which. Threads update whole numbers of them.
 */
export const NORM_FLOATS = 1024;

/**
 * Takes all memory of a thread.
 *
 * @param shards The most gradient shards that a batch is cut into.
 * @param isExternal The bottom layer's product is computed elsewhere: nothing is needed for it but room for its currents.
 */
export function allocate(kernels: Kernels, plan: Plan, shards: number, isExternal: boolean): CoreMemory {
  const arena = new Arena(kernels);
  const floats = (n: number) => arena.take(4 * n);
  const { steps } = plan.spec;
  const paddedSteps = roundUp(steps, 4);
  const layout = layOut(plan, isExternal);
  const parameters = floats(layout.size);
  const gradients = floats(layout.size);

  const layers = layout.layers.map((place): LayerMemory => {
    const { layer, width } = place;
    const states = layer.dense ? steps * width : 0;
    const slots = roundUp(layer.units + 1, 8);
    const row = layer.source === "constant"
      ? width
      : (layer.source === "inputs" ? paddedSteps : steps) * width;
    const stride = { inputs: 32, constant: 0, spikes: 4 * width }[layer.source];
    return {
      ...place,
      weightsAt: parameters + 4 * place.weights,
      biasAt: parameters + 4 * place.bias,
      weightGradientsAt: gradients + 4 * place.weights,
      biasGradientsAt: gradients + 4 * place.bias,
      currents: floats(row),
      currentStride: stride,
      potentials: states && floats(states),
      outputs: states && floats(states),
      outputGradients: states && floats(states),
      currentGradients: states && floats(states),
      unit: floats(slots),
      counts: floats(slots),
      spikeSteps: floats(slots * steps),
      spikeOutputs: floats(slots * steps),
      spikeGradients: floats(slots * steps),
      powers: floats(paddedSteps),
      powerSums: floats(paddedSteps),
      powerNorms: floats(paddedSteps),
    };
  });

  const bottom = layers[0]!;
  const inputs = roundUp(plan.spec.inputs, 4);
  const varying = bottom.layer.source === "inputs" && !isExternal;
  const classes = layers[layers.length - 1]!.width;
  const form = sampleFormOf(plan.spec), isFolded = foldsFeatures(plan.spec.encoder);
  const inputCapacity = isFolded || !varying
    ? 0
    : Math.floor(sparseShare(bottom.layer.units) * steps * inputs);
  return {
    layout,
    layers,
    parameters,
    gradients,
    features: floats(inputs),
    sequence: isFolded || !varying
      ? 0
      : floats((form.isSequence ? paddedSteps : 1) * roundUp(form.channels, 4)),
    levels: plan.spec.encoder.kind === "latency" ? floats(4 + paddedSteps) : 0,
    inputCounts: isFolded ? 0 : floats(paddedSteps),
    inputEntries: isFolded ? 0 : floats(2 * (inputCapacity + paddedSteps)),
    inputCapacity,
    x: varying ? floats(paddedSteps * inputs) : 0,
    panels: varying ? floats(bottom.width * inputs) : 0,
    packedBias: varying ? floats(bottom.width) : 0,
    scales: varying ? floats(bottom.width) : 0,
    factors: varying ? floats(bottom.width) : 0,
    stepSums: varying ? floats(paddedSteps) : 0,
    logits: floats(classes),
    logProbabilities: floats(classes),
    logitGradients: floats(classes),
    sums: floats(bottom.width),
    scratch: varying ? floats(paddedSteps * 48) : 0,
    shards: floats((shards + 3) * UPDATE_FLOATS),
  };
}
