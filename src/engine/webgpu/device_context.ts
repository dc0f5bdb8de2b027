/** What all micro-batches share, and what each is. */
import type { Backend, Tensor } from "../gpu/backend.ts";
import type { PackedSamples } from "../gpu/encoding.ts";
import type { Plan } from "../plan/plan.ts";
import type { DeviceParameters } from "./device_parameters.ts";
import type { NeuronKernels } from "./neurons.ts";
import type { OperatorKernels } from "./operators.ts";

/** State that all micro-batches share. */
export interface DeviceContext {
  readonly backend: Backend;
  readonly plan: Plan;
  /** Store all states, for a trace. */
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

/** A micro-batch's samples and the tensors of its results. */
export interface MicroBatch {
  /** Number of samples. Those past `counted` are padding, whose gradient is 0. */
  readonly samples: number;
  readonly packed: PackedSamples;
  readonly counted: number;
  /** Number of parts in which gradients are summed first. */
  readonly reductionGroups: number;
  /** `[samples, SAMPLE_INFO_COLUMNS]`; see `SAMPLE_INFO`. */
  readonly sampleInfo: Int32Array;
  /** Keys of each sample's draws in a stream, `[samples, 2]`. */
  readonly keysOf: (stream: number) => Int32Array;
  /** Weight of a sample in the batch's gradient. */
  readonly share: number;
  /** A backward pass follows. */
  readonly withGradient: boolean;
  /** The first micro-batch of the batch: gradients start at 0. */
  readonly isFirst: boolean;
  /** The batch's scores, i32 `[batch, SCORES]`, and its logits, f32 `[batch, classes]`, where requested. */
  readonly scores: Tensor<"i32">;
  readonly logits: Tensor<"f32"> | undefined;
  /** Where spikes of each hidden unit are added up, i32, one population after the other, where they are wanted. */
  readonly unitSpikes: Tensor<"i32"> | undefined;
  /** Index of the first sample in the batch. */
  readonly offset: number;
}

/** A scan's result; see `scanKernel`. */
export interface Scanned {
  readonly tensor: Tensor<"f32">;
  /** Offsets of its parts; −1: not stored. */
  readonly spikesAt: number;
  readonly distancesAt: number;
  readonly potentialsAt: number;
  readonly currentsAt: number;
  readonly stateAt: number;
}
