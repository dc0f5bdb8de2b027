/**
 * What to compute for one sample: steps on values, forward and back.
 *
 * A plan is all that an engine reads of a network. Its steps are a closed set; kernels of operators and neurons are named, not
 * distinguished. A step outside a loop covers all T time steps at once; inside a loop it covers one.
 */
import type { GraphSpec, Shape } from "../../network/graph.ts";
import type { CompleteNeuron, Constant, Trainable } from "../../network/neurons.ts";
import type { Loss, RateTarget } from "../../network/spec.ts";
import type { TensorSpec } from "../../network/structure.ts";

/**
 * Numbers of a sample: a row of `units` for each time step, or one row that holds for all of them.
 *
 * The memory order of a row is channels last: row, column, channel; but the encoder's inputs lie in a file's order, channel, row, column,
 * in which its draws are counted. Values of the backward pass are gradients of the loss.
 */
export interface Value {
  /** Its place in {@linkcode Plan.values}. */
  readonly index: number;
  /** Its node, for messages. */
  readonly node: string;
  /** Of a gradient, the value that it is the gradient of. */
  readonly gradientOf?: number;
  readonly shape: Shape;
  readonly units: number;
  /**
   * One row that holds for all steps, a row for each, or one row that each step takes its share of: a number of the step times the row
   * (`sharesOf`). The gradient of one row is the sum over all steps.
   */
  readonly rows: "one" | "each step" | "in shares";
}

/** A value as a step reads it: that of `delay` steps before, zeros before the first one. */
export interface Port {
  /** An index into {@linkcode Plan.values}. */
  readonly value: number;
  /** Whole steps. */
  readonly delay: number;
}

/** y_t = W·x_t + b, of an affine node. */
export interface Product {
  /** Its place in {@linkcode Plan.products}. */
  readonly index: number;
  readonly node: string;
  readonly inputs: number;
  readonly units: number;
  /** Tensors `[units, inputs]` and `[units]`. */
  readonly weight: string;
  readonly bias: string | undefined;
  /** x; its delay is 0 or 1. */
  readonly input: Port;
  /** y. */
  readonly output: number;
  /** δy at every step; undefined where nothing depends on y, or its coefficients at spikes are enough. */
  readonly outputGradient: number | undefined;
  /** How W lies in memory: a row for each input, a row for each unit, or, for one row of inputs, in panels of units with a row for each input. */
  readonly weightsBy: "input" | "unit" | "panel";
  /** The shape of x, whose numbers W's columns have in the order channel, row, column; `[inputs]` where x lies in this order, too. */
  readonly inputShape: Shape;
}

/** y from x by a kernel of its own, of an operator that is no product. */
export interface OperatorCall {
  /** Its place in {@linkcode Plan.operators}. */
  readonly index: number;
  readonly node: string;
  /** What its kernels are called after: `forward<kernel>`, `backward<kernel>`. */
  readonly kernel: string;
  /** Whole numbers, and others, in the order in which its kernels read them. */
  readonly geometry: readonly number[];
  readonly settings: readonly number[];
  /** How many sums of a sample it needs of all samples of a training batch; 0 where samples are independent. */
  readonly batchSums: number;
  /** It draws in training, by keys of a stream of its own; undefined where it does not. */
  readonly stream: number | undefined;
  /** Its tensors in the order of its registry entry. */
  readonly tensors: readonly string[];
  /** x and y; y is one row for all steps where x is one. */
  readonly input: number;
  readonly output: number;
  /** δy and δx; undefined where there is none, or none is wanted. */
  readonly outputGradient: number | undefined;
  readonly inputGradient: number | undefined;
}

/** Neurons of a node. */
export interface PopulationPlan {
  /** Its place in {@linkcode Plan.populations}, and in `Structure.populations`. */
  readonly index: number;
  readonly node: string;
  readonly shape: Shape;
  readonly units: number;
  readonly neuron: CompleteNeuron;
  /** What its kernels are called after: `step<kernel>`, `stepBack<kernel>`, both with `PerUnit` at the end where {@linkcode isPerUnit}, and `scan<kernel>` where it can be scanned for spikes alone. */
  readonly kernel: string;
  /** Learned constants and their tensors, of the node's shape. */
  readonly learned: readonly { readonly name: Trainable; readonly tensor: string }[];
  /** The constants of which its kernels read a value a unit, in their order, with their tensors, learned or fixed, where they have some. */
  readonly constants: readonly {
    readonly name: Constant;
    readonly value: number;
    readonly tensor: string | undefined;
  }[];
  /** Units differ in a constant other than the trainable ones. */
  readonly isPerUnit: boolean;
  /** Its outputs are spikes: zero at most steps. */
  readonly isSpiking: boolean;
  /** Its outputs are whole numbers of spikes; otherwise it fires one at a step at most. */
  readonly firesMany: boolean;
  /** I and o. */
  readonly input: number;
  readonly output: number;
  /** δI at every step, δo at every step, and the readout's δu; undefined where there is none. */
  readonly inputGradient: number | undefined;
  readonly outputGradient: number | undefined;
  readonly stateGradient: number | undefined;
  /** Where δo is needed: at its spikes alone, from which its gradient follows exactly, or at every step. */
  readonly backwardFrom: "spikes" | "steps";
  /** u, o and u' − θ are kept at every step; otherwise its spikes alone. */
  readonly keepsStates: boolean;
  /** The rate of spikes that the loss asks for. */
  readonly rate: RateTarget | undefined;
}

/** Out_t = Σ_terms term_{t − delay} + vector. A delay below 0 reads a later step; zeros lie outside the sample. */
export interface SumStep {
  readonly kind: "sum";
  readonly terms: readonly Port[];
  /** One number a unit, the same at every step: a tensor's, or one for all units. */
  readonly vector?: { readonly tensor: string } | { readonly value: number };
  readonly into: number;
}

/** A step of the forward pass; numbers are indices into the plan's lists. */
export type ForwardStep =
  /** The sample → the encoder's inputs. */
  | { readonly kind: "encode" }
  /** Lists the encoder's inputs that are not 0, for products. */
  | { readonly kind: "listInputs" }
  /** The encoder's inputs as rows, channels last. */
  | { readonly kind: "unpack"; readonly into: number }
  /** Lists the units that may spike in this sample; the others are left out until the next sample. */
  | { readonly kind: "select"; readonly product: number; readonly population: number }
  /** The sample's features multiplied into W, for the noise encoder, whose inputs then are its draws alone. */
  | { readonly kind: "pack"; readonly product: number }
  /** y_t = W·x_t + b of encoded inputs, W by unit. */
  | { readonly kind: "inputMatmul"; readonly product: number }
  /** y = W·x + b, one row for all steps. */
  | { readonly kind: "matmulRow"; readonly product: number }
  /** y_t = W·x_t + b, W by input; by x's spikes where they are few. */
  | { readonly kind: "matmul"; readonly product: number }
  /** In training, a sample's sums of an operator's x. What follows needs those of the whole batch. */
  | { readonly kind: "sumBatch"; readonly operator: number }
  | { readonly kind: "operate"; readonly operator: number }
  | SumStep
  /** Currents → potentials and outputs, down the steps. */
  | { readonly kind: "scan"; readonly population: number }
  /** Lists a population's spikes, by unit and by step. */
  | { readonly kind: "list"; readonly population: number }
  /** Counts them alone, of a population whose lists nothing reads. */
  | { readonly kind: "count"; readonly population: number }
  /** The same where only spikes are wanted, of a population that keeps no states. */
  | { readonly kind: "scanSpikes"; readonly population: number; readonly product: number }
  /** The same with V·o_{t−1} of the population's own outputs in I_t. */
  | { readonly kind: "scanRecurrent"; readonly population: number; readonly product: number }
  /** Each time step in turn: all of the body. */
  | { readonly kind: "loop"; readonly body: readonly ForwardStep[] }
  /** A population's outputs, weighed by the steps' shares in the readout and summed over them, and the numbers of its spikes. */
  | { readonly kind: "weigh"; readonly population: number; readonly into: number }
  /** Logits by one product of what `weigh` gives: the product into a readout's population that is linear in time, and that population. */
  | { readonly kind: "readProduct"; readonly product: number }
  /** The readout's potentials or outputs → logits. */
  | { readonly kind: "read" }
  /** Logits (and rates) → the loss and its gradient with respect to the logits. */
  | { readonly kind: "loss" };

/** A step of the backward pass. */
export type BackwardStep =
  /** Gradient of the logits → δu or δo of the readout's population at the steps that are read, 0 elsewhere. */
  | { readonly kind: "readBack"; readonly into: number }
  /** Gradient of the logits → δx of `readProduct`, a row in shares; ∂L/∂W, ∂L/∂b. */
  | { readonly kind: "readProductBack"; readonly product: number; readonly into: number }
  /** Rows → one row, their sum over all steps. */
  | { readonly kind: "sumRows"; readonly from: number; readonly into: number }
  /** A row in shares → rows. */
  | { readonly kind: "spreadRow"; readonly from: number; readonly into: number }
  /** Zeros. */
  | { readonly kind: "clear"; readonly into: number }
  /** Adds 2·weight·(r − target) / (units·steps), r the population's rate in this sample, to every number of `into`. */
  | { readonly kind: "rateBack"; readonly population: number; readonly into: number }
  | SumStep
  /** δo, δu → δI at every step, up the steps; gradients of learned constants. */
  | { readonly kind: "scanBack"; readonly population: number }
  /** The same with Vᵀ·δI_{t+1} in δo_t; ∂L/∂V += Σ_t δI_t·o_{t−1}ᵀ. */
  | { readonly kind: "scanRecurrentBack"; readonly population: number; readonly product: number }
  /** δx_t = Wᵀ·δy_{t+delay}. */
  | { readonly kind: "matmulBack"; readonly product: number; readonly into: number }
  /** ∂L/∂W += Σ_t δy_t·x_{t−delay}ᵀ, ∂L/∂b += Σ_t δy_t. */
  | { readonly kind: "weightGradient"; readonly product: number }
  /** The same from one row x: ∂L/∂W += (Σ_t δy_t)·xᵀ, in a stage of its own (docs/internals/plan.md): here Σ_t δy_t is kept for it. */
  | { readonly kind: "rowGradient"; readonly product: number }
  /** A sample's sums of an operator's δy and x. What follows needs those of the whole batch. */
  | { readonly kind: "sumBatchBack"; readonly operator: number }
  /** δy → δx. */
  | { readonly kind: "operateBack"; readonly operator: number }
  /** Gradients of an operator's learned tensors, from x and δy. */
  | { readonly kind: "operatorGradient"; readonly operator: number }
  /** Each time step in turn, the last one first: all of the body. */
  | { readonly kind: "loopBack"; readonly body: readonly BackwardStep[] }
  /** δy → δo at the spikes of the population below; ∂L/∂W += Σ_spikes o·δy_{t+delay}, ∂L/∂b += Σ_t δy_t. */
  | { readonly kind: "spikesBack"; readonly product: number; readonly population: number }
  /** δo at spikes → δo at every step, 0 between them. */
  | { readonly kind: "spread"; readonly population: number }
  /**
   * c_t = δI_t − d·δI_{t+1}, which is 0 but at spikes, and ∂L/∂b of the product into the population: from δo at spikes, or from
   * δI at every step.
   */
  | {
    readonly kind: "coefficients";
    readonly product: number;
    readonly population: number;
    readonly from: "spikes" | "steps";
  }
  /** ∂L/∂W += Σ_spikes c_t·X̃_tᵀ, X̃_t = x_t + d·X̃_{t−1}. */
  | {
    readonly kind: "traceGradient";
    readonly product: number;
    readonly population: number;
    readonly decay: number;
  }
  /** ∂L/∂W += (Σ_t δI_t)·xᵀ from the coefficients, of one row x, likewise. */
  | { readonly kind: "outerGradient"; readonly product: number };

/** One step of a plan. */
export type Step = ForwardStep | BackwardStep;

/** Which steps of the readout's population are read, and how. */
export interface ReadSteps {
  /** What is read. */
  readonly from: "state" | "spikes";
  /** The first and last step whose potentials or outputs are read; none where `last` < `first`. */
  readonly first: number;
  readonly last: number;
  /** How they become one number: `last` is a sum over one step. */
  readonly reduce: "sum" | "max";
  /** What the sum is multiplied by; 1 for a maximum. */
  readonly scale: number;
  /** A zero is among the values that are read: one from before the first step. Matters to a maximum. */
  readonly zero: boolean;
}

/** What to compute for a sample. */
export interface Plan {
  readonly spec: GraphSpec;
  /** The network's tensors, in the order of a file. */
  readonly tensors: readonly TensorSpec[];
  readonly values: readonly Value[];
  readonly products: readonly Product[];
  readonly operators: readonly OperatorCall[];
  readonly populations: readonly PopulationPlan[];
  /** The encoder's inputs, an index into {@linkcode values}. */
  readonly input: number;
  /** The product of the encoder's inputs is computed elsewhere. */
  readonly isExternal: boolean;
  /** Values of the forward pass are kept for a trace. */
  readonly recordStates: boolean;
  /** The population that is read: an index into {@linkcode populations}. */
  readonly top: number;
  readonly classes: number;
  readonly loss: Loss;
  /** What is read of a sample of T steps; of a shorter one, see `readStepsOf`. */
  readonly readout: ReadSteps;
  readonly forward: readonly ForwardStep[];
  readonly backward: readonly BackwardStep[];
}

/** Choices that change the work but not the result. */
export interface PlanOptions {
  /** Leave out units that provably will not spike. @default {true} */
  readonly skip?: boolean;
  /** Keep every population's states and outputs at every step, to look at; leaves no unit out. @default {false} */
  readonly recordStates?: boolean;
  /**
   * The engine that the plan is for. Without `events`, lists of spikes, every step works on whole arrays: no unit is left out, no
   * features are multiplied into weights, and every backward pass goes through every step. `external`: the products of the encoder's
   * inputs are computed elsewhere, from weights by unit. @default {events: true}
   */
  readonly target?: { readonly events: boolean; readonly external?: boolean };
}
