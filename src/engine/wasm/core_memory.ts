/**
 * The memory of one thread's kernels: the parameters, every buffer that a plan needs for one sample, and its tables; addresses are
 * byte offsets. allocate.ts takes it.
 */
import type { Constant } from "../../network/neurons.ts";
import type { OperatorCall, PopulationPlan, Product, Value } from "../plan/plan.ts";
import type { ParameterLayout } from "./layout.ts";

/** Where a value lies. */
export interface ValueMemory {
  readonly value: Value;
  /** Floats of a row, padding included, which is 0. */
  readonly width: number;
  /** The first step's row; 0 where there are lists of spikes alone. */
  readonly at: number;
  /** Bytes from step to step: 0 where one row holds for all. */
  readonly stride: number;
  /** Bytes from sample to sample of a group, of a row that is made for the whole group; else 0: there is one sample at a time. */
  readonly groupStride: number;
  /** A row of zeros lies before its steps, and behind them are rows enough for a product to read four at a time. */
  readonly hasRoom: boolean;
  /** It lies in panels of 8 units, as a product leaves it, not in rows. */
  readonly isInPanels: boolean;
}

/** Where a tensor and its gradient lie; addresses. */
export interface TensorMemory {
  readonly at: number;
  readonly gradientAt: number;
}

/** Addresses of a product. */
export interface ProductMemory {
  readonly product: Product;
  readonly input: ValueMemory;
  readonly output: ValueMemory;
  /** δy; undefined where it is not computed. */
  readonly gradient: ValueMemory | undefined;
  readonly weights: TensorMemory;
  /** A bias of zeros, and room for its gradient, where the product has none. */
  readonly bias: TensorMemory;
  /** The panels that its weights lie in; both 0 where they lie otherwise. */
  readonly panel: { readonly panels: number; readonly width: number; readonly stride: number };
  /** Panels of weights that lie by input, forward (W) and back (Wᵀ); 0 where they are not needed. */
  readonly panels: number;
  readonly panelsBack: number;
  /** The units with a gradient in a sample, `[width]`; 0 where there are no `panelsBack`. */
  readonly unitsInUse: number;
  /** Which input each slot of `panelsBack`, or which unit each slot of panels by unit is: all of them, and then the row of zeros behind. */
  readonly unit: number;
  /** Two words: whether the panels are those of the present weights, forward and back. */
  readonly packed: number;
  /** For one step: the inputs that are not 0, `[2][inputs]` words. */
  readonly list: number;
  /** A sample's ∂L/∂b of a product of the encoder's inputs, by slot: Σ_t δy_t where there is one row; else 0. */
  readonly sums: number;
}

/** Addresses of an operator. */
export interface OperatorMemory {
  readonly operator: OperatorCall;
  /** See asm/operator.ts. */
  readonly descriptor: number;
  /** x, which may be a row made for a whole group. */
  readonly input: ValueMemory;
  /** One row holds for all steps. */
  readonly isRow: boolean;
  /** Memory of its kernels, which all samples share; 0 where they need none. */
  readonly workspace: number;
  /** A sample's sums, and then the batch's, f64; 0 where it has none. */
  readonly sums: number;
}

/** Addresses of a population's buffers; shapes are given in asm/. */
export interface PopulationMemory extends SpikeLists {
  readonly population: PopulationPlan;
  readonly width: number;
  readonly currents: ValueMemory;
  /** What the neurons' kernels read (asm/layer.ts); 0 where the population keeps no states. */
  readonly descriptor: number;
  /** `[steps][width]` where the population keeps its states; else 0. */
  readonly potentials: number;
  readonly outputs: number;
  readonly distances: number;
  /** Where a number above 0 is a spike: one of these two. */
  readonly gates: number;
  readonly outputGradients: ValueMemory | undefined;
  readonly stateGradients: number;
  readonly currentGradients: ValueMemory | undefined;
  /** V·o_{t-1} of one step; 0 where the population's own outputs do not come back within its scan. */
  readonly feedback: number;
  /** The neurons' state from step to step, four numbers a unit. */
  readonly state: number;
  /**
   * Parts of the gradients of learned constants f32 `[learned][width]`, and their totals f64 likewise, where sums over many steps are
   * made of parts (asm/long_sums.ts); else 0.
   */
  readonly constantParts: number;
  readonly constantTotals: number;
  /** A value a unit of each of the population's constants, by name; 0 where it keeps no states. */
  readonly unitConstants: ReadonlyMap<Constant, TensorMemory>;
  /** Addresses of those that are not trainable. */
  readonly constants: number;
  /** The settings of its kind, one after another. */
  readonly settings: number;
  /** The unit of each slot of the lists by unit; a slot has one entry for each step of the sample. */
  readonly unit: number;
  /** Spikes of each slot, of one sample: i32; {@linkcode SpikeLists.counts} unless the population fires several at a step. */
  readonly spikeCounts: number;
  /** Spikes of each unit, over several samples. */
  readonly unitSpikes: number;
  /** δo, or c, of each spike. */
  readonly spikeGradients: number;
  /** For every step s: d^s, Σ_{i ≤ s} d^i, and √Σ_{i ≤ s} d^(2i); padded to whole vectors with the last one's. */
  readonly powers: number;
  readonly powerSums: number;
  readonly powerNorms: number;
}

/** Addresses of lists of spikes, by unit and by step (asm/spike_lists.ts). */
export interface SpikeLists extends StepLists {
  readonly counts: number;
  readonly spikeSteps: number;
  readonly spikeOutputs: number;
}

/** Those by step alone. */
export interface StepLists {
  readonly stepCounts: number;
  readonly stepUnits: number;
  readonly stepOutputs: number;
}

/** Room of the stage of the gradients of weights of one row, for some samples at a time (row_stage.ts). */
export interface StageMemory {
  /** Their lists (asm/panel_rows.ts), and how long these are. */
  readonly lists: number;
  readonly counts: number;
  /** Σ_t δy_t, `[samples][units]`, and the columns of one panel. */
  readonly rows: number;
  readonly panel: number;
  /** All inputs: as rows, and in the product's layout. */
  readonly inputs: number;
  readonly tiles: number;
  /** The lists of inputs, and where each begins. */
  readonly columns: number;
  readonly starts: number;
}

/** The encoder's inputs. */
export interface InputMemory {
  /** The most samples of a group, which share the products of inputs that are the same at every step. */
  readonly group: number;
  /** x: what is multiplied into the weights, `[group][inputs]` padded: samples' features, or ones. */
  readonly features: number;
  /** The bytes of a row of a sample's features, and the feature of each byte. */
  readonly bytes: number;
  readonly pixels: number;
  /** A sample whose features are not multiplied into the weights, `[rows][channels]` padded: one row, or one for each step. */
  readonly sequence: number;
  /** The latency encoder's levels; see `encodeLatency`. */
  readonly levels: number;
  /** Inputs that are not zero: their number at each step, their list, and its capacity. */
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
  /** Inputs that are not 0, for products whose weights lie by input. */
  readonly inputLists: StepLists | undefined;
  /** A sample's events, where lists are all that is made of them: the ends of steps, channels u16, values; and room for how many. */
  readonly eventEnds: number;
  readonly eventChannels: number;
  readonly eventValues: number;
  readonly eventCapacity: number;
  /** The inputs that are not 0 of each sample of a group, a list each (asm/panel_rows.ts), and how long these are, `[group]`. */
  readonly rowLists: number;
  readonly rowCounts: number;
  /** Their inputs in the product's layout, `[⌈group / 4⌉][inputs][4]`. */
  readonly rowTiles: number;
  readonly stage: StageMemory;
  readonly scratch: number;
}

/** Addresses of everything. */
export interface CoreMemory extends InputMemory {
  readonly layout: ParameterLayout;
  readonly values: readonly ValueMemory[];
  /** Where values lie that are used in one pass of training alone; samples that go one after another have them in common. */
  readonly passing: number;
  readonly products: readonly ProductMemory[];
  readonly operators: readonly OperatorMemory[];
  /** One number for all units, as a row, of sums that add one: by the value that they make. */
  readonly sumVectors: ReadonlyMap<number, number>;
  readonly populations: readonly PopulationMemory[];
  readonly parameters: number;
  readonly gradients: number;
  readonly logits: number;
  readonly logProbabilities: number;
  readonly logitGradients: number;
  /** The step of each class's maximum. */
  readonly largest: number;
  /** One product's inputs and results, in the product's layouts; of the largest one. */
  readonly rows: number;
  readonly currentPanels: number;
  /** The samples of a weight gradient from spikes, 6 words each, and their lists by unit (asm/spike_gradient.ts). */
  readonly sampleTable: number;
  readonly columnStarts: number;
  readonly columns: number;
  readonly columnCapacity: number;
  /** Ones and zeros, as many as the widest row has numbers, and room for a packed copy of the zeros. */
  readonly ones: number;
  readonly zeros: number;
  readonly packedZeros: number;
  /** What each step counts in a readout that is linear in time, `[steps]`; 0 where it is not. */
  readonly shares: number;
  /** Some values share memory. */
  readonly sharesValues: boolean;
  /** Values that take their memory over from others at each step of the plan, forward and then back. */
  readonly begins: readonly (readonly ValueMemory[])[];
  /** Room for the optimizer: parameters, two moments and gradient shards of a part of the whole. */
  readonly shards: number;
}

/** Parameters that the optimizer updates at a time: their data for 24 shards fit the second cache. */
export const UPDATE_FLOATS = 8192;
