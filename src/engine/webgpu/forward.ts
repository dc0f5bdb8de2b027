/**
 * The forward pass of a micro-batch: a plan's operations for all samples and steps at once.
 *
 * Matrices have `[samples · steps]` rows, a sample's steps in order; rows after a shorter sequence's last step are 0. A sample lies in
 * one micro-batch. Events are not used: all units are computed, because a device's time goes into memory accesses.
 */
import { COPY } from "../../../asm/gradient.wgsl.ts";
import { ADD_RATE_LOSS, CROSS_ENTROPY, FIRING_RATES, MEAN_SQUARED_ERROR } from "../../../asm/loss.wgsl.ts";
import { READ_LARGEST, READ_STATES } from "../../../asm/readout.wgsl.ts";
import { recurrentCalls, SAMPLE_INFO_COLUMNS } from "../../../asm/scan.wgsl.ts";
import { COUNT_SPIKES, COUNT_UNIT_SPIKES, KEEP_SCORES } from "../../../asm/scores.wgsl.ts";
import { TRAINABLE, type Trainable } from "../../network/neurons.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import { encodeRows, type PackedSamples } from "../gpu/encoding.ts";
import type { ForwardOperation, LayerPlan, Plan } from "../plan.ts";
import type { DeviceParameters } from "./device_parameters.ts";
import type { NeuronKernels } from "./neurons.ts";

/** State that all micro-batches share. */
export interface DeviceContext {
  readonly backend: Backend;
  readonly plan: Plan;
  /** Store all states, for a trace. */
  readonly recordStates: boolean;
  readonly parameters: DeviceParameters;
  /** Each layer's. */
  readonly neurons: readonly NeuronKernels[];
  /** Each layer's constants, f32 `[units]`, where they are not learned. */
  readonly constants: readonly Readonly<Record<Trainable, Tensor<"f32">>>[];
  /** See `uploadPixels`. */
  readonly pixels: Tensor<"f32">;
  /** Bound as an input that a kernel does not read. */
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
  /** Weight of a sample in the batch's gradient. */
  readonly share: number;
  /** A backward pass follows. */
  readonly withGradient: boolean;
  /** The first micro-batch of the batch: gradients start at 0. */
  readonly isFirst: boolean;
  /** The batch's scores, i32 `[batch, SCORES]`, and its logits, f32 `[batch, classes]`, where requested. */
  readonly scores: Tensor<"i32">;
  readonly logits: Tensor<"f32"> | undefined;
  /** Spikes of each unit below the top, i32, layer by layer, where requested. */
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
}

/** Results of the forward pass on the device. */
export interface ForwardResult {
  /** See {@linkcode MicroBatch.sampleInfo}. */
  readonly sampleInfo: Tensor<"i32">;
  /** Inputs of every step, `[samples · steps, inputs]`, or of all steps, `[samples, inputs]`. */
  readonly inputs: Tensor<"f32">;
  readonly layers: readonly {
    readonly scanned: Scanned;
    /** Firing rates, `[samples]`, where the loss needs them. */
    readonly rates: Tensor<"f32"> | undefined;
  }[];
  /** See `READ_STATES` and `READ_LARGEST`. */
  readonly logits: Tensor<"f32">;
  /** See loss.wgsl.ts. */
  readonly losses: Tensor<"f32">;
}

/** A layer's results for later operations. */
interface LayerState {
  currents?: Tensor<"f32">;
  scanned?: Scanned;
  rates?: Tensor<"f32">;
}

/** A micro-batch's forward pass. All tensors are temporary: run it, and use its result, within `Backend.scoped`. */
export class ForwardPass {
  readonly #context: DeviceContext;
  readonly #microBatch: MicroBatch;
  readonly #layers: readonly LayerState[];
  readonly #sampleInfo: Tensor<"i32">;
  #inputs: Tensor<"f32"> | undefined;
  #logits: Tensor<"f32"> | undefined;
  #losses: Tensor<"f32"> | undefined;

  constructor(context: DeviceContext, microBatch: MicroBatch) {
    this.#context = context;
    this.#microBatch = microBatch;
    this.#layers = context.plan.layers.map(() => ({}));
    const { samples, sampleInfo } = microBatch;
    this.#sampleInfo = context.backend.upload(sampleInfo, [samples, SAMPLE_INFO_COLUMNS]);
  }

  /** Records the forward pass. */
  run(): ForwardResult {
    for (const operation of this.#context.plan.forward) this.#execute(operation);
    this.#keepScores();
    return {
      sampleInfo: this.#sampleInfo,
      inputs: made(this.#inputs),
      layers: this.#layers.map(({ scanned, rates }) => ({ scanned: made(scanned), rates })),
      logits: made(this.#logits),
      losses: made(this.#losses),
    };
  }

  #execute(operation: ForwardOperation): void {
    const { plan, backend, pixels } = this.#context;
    switch (operation.kind) {
      case "encode":
        this.#inputs = encodeRows(backend, plan.spec, pixels, this.#microBatch.packed);
        return;
      case "matmul":
      case "matmulRow":
        return this.#multiply(plan.layers[operation.layer]!, made(this.#inputs));
      case "sparseProduct": {
        const layer = plan.layers[operation.layer]!, below = layer.index - 1;
        const { tensor } = made(this.#layers[below]?.scanned);
        return this.#multiply(layer, rowsOf(this.#context, this.#microBatch, tensor, below));
      }
      case "scan":
        return this.#scan(plan.layers[operation.layer]!);
      case "read":
        return this.#read();
      case "loss":
        return this.#computeLoss();
      case "select":
      case "pack":
        throw new Error(`${operation.kind}: a plan without events has no such operation`);
      default:
        operation satisfies never;
    }
  }

  #multiply({ index }: LayerPlan, rows: Tensor<"f32">): void {
    const weights = this.#context.parameters.valuesOf(`w${index + 1}`);
    this.#layers[index]!.currents = this.#context.backend.matmul(rows, weights);
  }

  #scan(layer: LayerPlan): void {
    const { backend, plan: { spec: { steps }, readout, layers }, parameters, neurons, placeholder } =
      this.#context;
    const { samples, withGradient } = this.#microBatch;
    const { index, units, source, inputDelay, recurrent, learned } = layer;
    const { scan, uniforms, states } = neurons[index]!;
    const isTop = index === layers.length - 1;
    const total = samples * units, count = total * steps;
    let size = count + total;
    const place = (isWanted: boolean, room: number) => {
      const at = isWanted ? size : -1;
      if (isWanted) size += room;
      return at;
    };
    const distancesAt = place(withGradient || this.#context.recordStates, count);
    const isRead = isTop && readout.from === "state";
    const potentialsAt = place(
      this.#context.recordStates || isRead || (withGradient && learned.includes("decay")),
      count,
    );
    const currentsAt = place(this.#context.recordStates, count);
    const stateAt = place(states.scan > 0, states.scan * total);
    const tensor = backend.run(scan, {
      inputs: {
        currents: made(this.#layers[index]!.currents),
        bias: parameters.valuesOf(`b${index + 1}`),
        sampleInfo: this.#sampleInfo,
        ...constantsOf(this.#context, layer),
        recurrent: recurrent ? parameters.valuesOf(`v${index + 1}`) : placeholder,
      },
      uniforms: {
        ...uniforms,
        samples,
        steps,
        units,
        sampleStride: source === "constant" ? units : steps * units,
        stepStride: source === "constant" ? 0 : units,
        delay: inputDelay,
        distancesAt,
        potentialsAt,
        currentsAt,
        stateAt,
      },
      invocations: recurrent ? recurrentCalls(samples) : total,
      output: [size],
    });
    this.#layers[index]!.scanned = { tensor, spikesAt: count, distancesAt, potentialsAt, currentsAt };
  }

  #read(): void {
    const { backend, plan: { spec: { steps }, classes, readout } } = this.#context;
    const { samples } = this.#microBatch;
    const { tensor, potentialsAt } = made(this.#layers.at(-1)?.scanned);
    const isLargest = readout.reduce === "max";
    this.#logits = backend.run(isLargest ? READ_LARGEST : READ_STATES, {
      inputs: { scanned: tensor, sampleInfo: this.#sampleInfo },
      uniforms: { steps, classes, begin: readout.from === "state" ? potentialsAt : 0 },
      invocations: samples * classes,
      output: [isLargest ? 2 : 1, samples, classes],
    });
  }

  #computeLoss(): void {
    const { backend, plan: { classes, loss, layers } } = this.#context;
    const { samples, counted, share } = this.#microBatch;
    const call = {
      inputs: { logits: made(this.#logits), sampleInfo: this.#sampleInfo },
      invocations: samples,
    };
    // Results have log-probabilities for every loss; another loss overwrites the cross-entropy and its gradient.
    const losses = this.#losses = backend.run(CROSS_ENTROPY, {
      ...call,
      uniforms: { classes, counted, share },
      output: [(2 * classes + 2) * samples],
    });
    switch (loss.kind) {
      case "crossEntropy":
        break;
      case "meanSquaredError": {
        const { correct = 1, incorrect = 0 } = loss;
        backend.run(MEAN_SQUARED_ERROR, {
          ...call,
          uniforms: { classes, counted, share, correct, incorrect },
          output: losses,
        });
        break;
      }
      default:
        loss satisfies never;
    }
    for (const { index, units, rate } of layers) {
      if (!rate) continue;
      const { tensor, spikesAt } = made(this.#layers[index]!.scanned);
      const rates = this.#layers[index]!.rates = backend.run(FIRING_RATES, {
        inputs: { scanned: tensor, sampleInfo: this.#sampleInfo },
        uniforms: { units, begin: spikesAt },
        invocations: samples,
        output: [samples],
      });
      backend.run(ADD_RATE_LOSS, {
        inputs: { rates },
        uniforms: { begin: 2 * samples * classes, weight: rate.weight, wanted: rate.target },
        invocations: samples,
        output: losses,
      });
    }
  }

  #keepScores(): void {
    const { backend, plan: { layers, classes } } = this.#context;
    const { samples, counted, scores, logits, unitSpikes, offset, isFirst } = this.#microBatch;
    if (logits) {
      backend.run(COPY, {
        inputs: { values: made(this.#logits) },
        uniforms: { begin: offset * classes },
        invocations: counted * classes,
        output: logits,
      });
    }
    backend.run(KEEP_SCORES, {
      inputs: { losses: made(this.#losses) },
      uniforms: { offset, samples, classes },
      invocations: counted,
      output: scores,
    });
    let place = 0;
    for (const { index, units } of layers.slice(0, -1)) {
      const { tensor, spikesAt } = made(this.#layers[index]!.scanned);
      backend.run(COUNT_SPIKES, {
        inputs: { scanned: tensor },
        uniforms: { offset, units, begin: spikesAt },
        invocations: counted,
        output: scores,
      });
      if (unitSpikes) {
        backend.run(COUNT_UNIT_SPIKES, {
          inputs: { scanned: tensor },
          uniforms: { place, begin: spikesAt, counted, keep: isFirst ? 0 : 1 },
          invocations: units,
          output: unitSpikes,
        });
      }
      place += units;
    }
  }
}

/** A layer's constants a unit, learned or not, as inputs of a kernel. */
export function constantsOf(
  { parameters, constants }: DeviceContext,
  { index, learned }: LayerPlan,
): Record<`${Trainable}s`, Tensor<"f32">> {
  const [decays, thresholds, scales] = TRAINABLE.map((name) =>
    learned.includes(name) ? parameters.valuesOf(`${name}${index + 1}`) : constants[index]![name]
  );
  return { decays: decays!, thresholds: thresholds!, scales: scales! };
}

/** A layer's rows of every step, `[samples · steps, units]`: the first part of the result of its forward or backward scan. */
export function rowsOf(
  { backend, plan }: DeviceContext,
  { samples }: MicroBatch,
  scanned: Tensor<"f32">,
  layer: number,
): Tensor<"f32"> {
  return backend.view(scanned, [samples * plan.spec.steps, plan.layers[layer]!.units]);
}

/** The result of an earlier operation, which exists by the plan's order. */
export function made<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an operation of the plan came before one that it needs");
  return value;
}
