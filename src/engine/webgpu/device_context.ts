/** What all micro-batches share, and what each is. */
import type { Backend, Tensor } from "../gpu/backend.ts";
import type { PackedSamples } from "../gpu/encoding.ts";
import type { Plan } from "../plan/plan.ts";
import type { DeviceParameters } from "./device_parameters.ts";
import type { NeuronKernels } from "./neurons.ts";
import type { OperatorKernels } from "./operators.ts";

/** What all micro-batches share. */
export interface DeviceContext {
  readonly backend: Backend;
  readonly plan: Plan;
  /** All states are wanted, to look at. */
  readonly recordStates: boolean;
  readonly parameters: DeviceParameters;
  /** Each population's. */
  readonly neurons: readonly NeuronKernels[];
  /** The rows of each population's constants, `[constants, units]`; those with a tensor are copied anew for each micro-batch. */
  readonly constants: readonly Tensor<"f32">[];
  /** Each operator's. */
  readonly operators: readonly OperatorKernels[];
  /** Vectors of one number that sums add, by that number and the units. */
  readonly vectorOf: (value: number, units: number) => Tensor<"f32">;
  /** See `uploadPixels`. */
  readonly pixels: Tensor<"f32">;
  /** What a kernel takes where it is given nothing, for something has to stand there: it is not read. */
  readonly placeholder: Tensor<"f32">;
}

/** A micro-batch's samples, on their way to the device. */
export interface MicroBatch {
  /** All of them. Those past `counted` only fill the micro-batch up; their gradient is 0. */
  readonly samples: number;
  readonly packed: PackedSamples;
  readonly counted: number;
  /** Parts in which gradients are summed first. */
  readonly reductionGroups: number;
  /** `[samples, SAMPLE_INFO_COLUMNS]`; see `SAMPLE_INFO`. */
  readonly sampleInfo: Int32Array;
  /** What a sample's gradient counts in the batch's. */
  readonly share: number;
  /** There will be a backward pass. */
  readonly withGradient: boolean;
  /** It is the batch's first: gradients begin anew. */
  readonly isFirst: boolean;
  /** Where the batch's results go, i32 `[batch, SCORES]`, and its logits, f32 `[batch, classes]`, where they are wanted. */
  readonly scores: Tensor<"i32">;
  readonly logits: Tensor<"f32"> | undefined;
  /** Where spikes of each hidden unit are added up, i32, one population after the other, where they are wanted. */
  readonly unitSpikes: Tensor<"i32"> | undefined;
  /** This micro-batch's first place among the batch's samples. */
  readonly offset: number;
}

/** What a scan left: see `scanKernel`. */
export interface Scanned {
  readonly tensor: Tensor<"f32">;
  /** Where its parts begin; −1: it was not kept. */
  readonly spikesAt: number;
  readonly distancesAt: number;
  readonly potentialsAt: number;
  readonly currentsAt: number;
  readonly stateAt: number;
}
