/**
 * Compiles a network's description to a plan: the operations that compute it.
 *
 * {@linkcode compilePlan} alone decides how operations chain: each layer's input, where a delay shifts a step, and which backward
 * pass is exact. A plan describes one sample, all of its steps at once; engines execute its operations one after the other.
 *
 * No layer depends on a later one. So each layer runs through all steps before the next begins: one product with the steps
 * as rows, then one scan down the steps; a recurrent layer adds its own outputs of the step before inside that scan.
 *
 * @module
 */
import {
  type CompleteNeuron,
  completeNeuron,
  kindOf,
  type Trainable,
  trainableOf,
} from "../network/neurons.ts";
import type { Loss, NetworkSpec, RateTarget, Readout } from "../network/spec.ts";

/** A layer, as its operations need it. */
export interface LayerPlan {
  readonly index: number;
  readonly inputs: number;
  readonly units: number;
  readonly neuron: CompleteNeuron;
  /** The neuron's learned constants: tensors `decay1`, `threshold1`, `scale1` `[units]`. */
  readonly learned: readonly Trainable[];
  /** I_t has V·o_{t-1} besides, o before the layer's delay: a tensor `v1` `[units, units]`. */
  readonly recurrent: boolean;
  /** Source of the currents: inputs of each step (one product), an input that is constant (one row), or the layer below. */
  readonly source: "inputs" | "constant" | "spikes";
  /** Steps from an output of the layer below to the current that it causes here. */
  readonly inputDelay: 0 | 1;
  /** Where δo is needed: at the layer's spikes alone, from which its gradient follows exactly, or at every step. */
  readonly backwardFrom: "spikes" | "steps";
  /** The target of the layer's firing rate. */
  readonly rate: RateTarget | undefined;
  /** u, o and u' − θ are kept at every step, not only the spikes: the readout or a backward pass reads them. */
  readonly keepsStates: boolean;
}

/** An operation of the forward pass. `layer` is an index into {@linkcode Plan.layers}; ARCHITECTURE.md has the equations. */
export type ForwardOperation =
  /** Sample → inputs x_t of every step. */
  | { readonly kind: "encode" }
  /** List the units that may spike in this sample; the layer's other units are left out. */
  | { readonly kind: "select"; readonly layer: number }
  /** Multiply the sample's features into the weights, for the noise encoder, whose inputs then are only its draws. */
  | { readonly kind: "pack"; readonly layer: number }
  /** I_t = W·x_t + b: one product, steps as rows. */
  | { readonly kind: "matmul"; readonly layer: number }
  /** I = W·x + b, one row for all steps. */
  | { readonly kind: "matmulRow"; readonly layer: number }
  /** I_t = W·o_{t−inputDelay} + b, o of the layer below. */
  | { readonly kind: "sparseProduct"; readonly layer: number }
  /** Currents → potentials and outputs, down the steps; V·o_{t−1} is added to a recurrent layer's I_t. */
  | { readonly kind: "scan"; readonly layer: number }
  /** The last layer's potentials or outputs → logits. */
  | { readonly kind: "read" }
  /** Logits (and rates) → loss, and its gradient with respect to the logits. */
  | { readonly kind: "loss" };

/** An operation of the backward pass. */
export type BackwardOperation =
  /** Gradient of the logits → gradient of each potential (δu) or output (δo) of the last layer that was read; 0 elsewhere. */
  | { readonly kind: "readBack" }
  /** δo_t of every unit and step += 2·weight·(r − target) / (units·steps), r the layer's rate in this sample. */
  | { readonly kind: "rateBack"; readonly layer: number }
  /**
   * δo (and the readout's δu) → δI at every step, up the steps; gradients of learned constants. Vᵀ·δI_{t+1} is added to a
   * recurrent layer's δo_t.
   */
  | { readonly kind: "scanBack"; readonly layer: number }
  /** ∂L/∂V += Σ_t δI_t·o_{t−1}ᵀ. */
  | { readonly kind: "recurrentGradient"; readonly layer: number }
  /** δI → δo at the spikes of the layer below; ∂L/∂W += Σ_t δI_t·o_{t−inputDelay}ᵀ, ∂L/∂b += Σ_t δI_t. */
  | { readonly kind: "spikesBack"; readonly layer: number }
  /** δI → δo of the layer below at every step, δo_t = Wᵀ·δI_{t+inputDelay}; ∂L/∂W and ∂L/∂b as above. */
  | { readonly kind: "stepsBack"; readonly layer: number }
  /** δo at spikes → δo at every step, 0 between them, for a layer whose `scanBack` runs through every step. */
  | { readonly kind: "spread"; readonly layer: number }
  /** ∂L/∂W += Σ_t δI_t·x_tᵀ, ∂L/∂b += Σ_t δI_t, of the lowest layer. */
  | { readonly kind: "inputsBack"; readonly layer: number }
  /**
   * The exact backward pass from spikes alone: c_t = δI_t − d·δI_{t+1}, which is 0 but at spikes, and ∂L/∂b. From δo at spikes, or
   * from δI at every step where `scanBack` has computed it.
   */
  | { readonly kind: "coefficients"; readonly layer: number; readonly from: "spikes" | "steps" }
  /** ∂L/∂W += Σ_spikes c_t·X̃_tᵀ with the leaky trace X̃_t = x_t + d·X̃_{t−1} of the inputs. */
  | { readonly kind: "traceGradient"; readonly layer: number; readonly decay: number }
  /** ∂L/∂W += (Σ_t δI_t)·xᵀ, from the coefficients, where the input is the same at every step. */
  | { readonly kind: "outerGradient"; readonly layer: number };

/** One operation of a plan. */
export type Operation = ForwardOperation | BackwardOperation;

/** Which steps of the last layer are read, and how. */
export interface ReadSteps {
  /** What is read. */
  readonly from: Readout["from"];
  /** The first and last step whose potentials or outputs are read; none where `last` < `first`. */
  readonly first: number;
  readonly last: number;
  /** The reduction over these steps; the spec's `last` is a sum over one step. */
  readonly reduce: "sum" | "max";
  /** Factor of the sum; 1 for a maximum. */
  readonly scale: number;
  /** A delayed layer's output at the first step, 0, is among the values that are read; it matters to a maximum. */
  readonly zero: boolean;
}

/** The computation of a sample. */
export interface Plan {
  readonly spec: NetworkSpec;
  readonly layers: readonly LayerPlan[];
  readonly classes: number;
  readonly loss: Loss;
  /** Of a sample of T steps; for a shorter one, see {@linkcode readStepsOf}. */
  readonly readout: ReadSteps;
  readonly forward: readonly ForwardOperation[];
  readonly backward: readonly BackwardOperation[];
}

/** Choices that change the work but not the result. */
export interface PlanOptions {
  /** Leave out units that provably will not spike. @default {true} */
  readonly skip?: boolean;
  /** Keep every layer's states and outputs at every step, for traces; leaves no unit out. @default {false} */
  readonly recordStates?: boolean;
  /**
   * The engine that the plan is for. Without `events`, lists of spikes, all operations are on whole arrays: no unit is left out, no
   * features are multiplied into weights, and every backward pass runs through every step. @default {events: true}
   */
  readonly target?: { readonly events: boolean };
}

/** Derives the plan of a checked network. @throws {InputError} when a neuron's constant is out of range. */
export function compilePlan(spec: NetworkSpec, options: PlanOptions = {}): Plan {
  const { skip = true, recordStates = false, target: { events } = { events: true } } = options;
  const top = spec.layers.length - 1;
  const layers = spec.layers.map((layer, index): LayerPlan => {
    const neuron = completeNeuron(layer.neuron), learned = trainableOf(neuron);
    const { recurrent = false, units } = layer;
    // The top's states are read at every step, so its gradient does not follow from its spikes.
    const exact = events && index < top && kindOf(neuron).hasExactGradient(neuron);
    const plain = !recurrent && learned.length === 0 && kindOf(neuron).trainables(neuron).scale === 1;
    return {
      index,
      inputs: index === 0 ? spec.inputs : spec.layers[index - 1]!.units,
      units,
      neuron,
      learned,
      recurrent,
      source: index > 0 ? "spikes" : spec.encoder.kind === "constant" ? "constant" : "inputs",
      inputDelay: index === 0 ? 0 : spec.layers[index - 1]!.delay,
      backwardFrom: exact ? "spikes" : "steps",
      rate: index < top && kindOf(neuron).hasSurrogate ? spec.loss.rate : undefined,
      keepsStates: recordStates || index > 0 || !exact || !plain,
    };
  });
  const folds = spec.encoder.kind === "noise" && events;
  const forward = layers.flatMap((layer): ForwardOperation[] => [
    ...(folds && skip && layer.index === 0 && !layer.keepsStates
      ? [{ kind: "select", layer: 0 } as const]
      : []),
    ...(folds && layer.index === 0 ? [{ kind: "pack", layer: 0 } as const] : []),
    { kind: OPERATION_OF[layer.source], layer: layer.index },
    { kind: "scan", layer: layer.index },
  ]);
  const backward = layers.toReversed().flatMap((layer) => [
    ...neuronOperations(layer),
    ...weightOperations(layer, layers[layer.index - 1]),
  ]);
  return {
    spec,
    layers,
    classes: layers[top]!.units,
    loss: spec.loss,
    readout: readStepsOf(spec, spec.steps),
    forward: [{ kind: "encode" }, ...forward, { kind: "read" }, { kind: "loss" }],
    backward: [{ kind: "readBack" }, ...backward],
  };
}

/** The operation that computes a layer's currents. */
const OPERATION_OF = { inputs: "matmul", constant: "matmulRow", spikes: "sparseProduct" } as const;

/** Backward from δo to δI, where δI is needed at every step. */
function neuronOperations(
  { index, recurrent, backwardFrom, rate, keepsStates }: LayerPlan,
): BackwardOperation[] {
  if (!keepsStates) return [];
  const operations: BackwardOperation[] = [];
  if (backwardFrom === "spikes") operations.push({ kind: "spread", layer: index });
  if (rate) operations.push({ kind: "rateBack", layer: index });
  operations.push({ kind: "scanBack", layer: index });
  if (recurrent) operations.push({ kind: "recurrentGradient", layer: index });
  return operations;
}

/** Backward through W: to the layer below, or to the gradient of the lowest layer's weights. */
function weightOperations(layer: LayerPlan, below: LayerPlan | undefined): BackwardOperation[] {
  const { index, source, backwardFrom, keepsStates, neuron } = layer;
  if (below) return [{ kind: below.backwardFrom === "spikes" ? "spikesBack" : "stepsBack", layer: index }];
  if (backwardFrom === "steps" || (source === "constant" && keepsStates)) {
    return [{ kind: "inputsBack", layer: index }];
  }
  return [
    { kind: "coefficients", layer: index, from: keepsStates ? "steps" : "spikes" },
    source === "constant"
      ? { kind: "outerGradient", layer: index }
      : { kind: "traceGradient", layer: index, decay: neuron.decay },
  ];
}

/** The steps that are read of a sample: `steps` is T, or less for a shorter sequence. */
export function readStepsOf(spec: NetworkSpec, steps: number): ReadSteps {
  const { from, reduce, begin } = spec.readout;
  const { delay } = spec.layers[spec.layers.length - 1]!;
  const last = steps - 1 - delay;
  return {
    from,
    first: reduce === "last" ? Math.max(0, last) : Math.max(0, begin - delay),
    last,
    reduce: reduce === "max" ? "max" : "sum",
    scale: reduce === "mean" ? 1 / (steps - begin) : 1,
    zero: (reduce === "last" ? steps - 1 : begin) < delay,
  };
}
