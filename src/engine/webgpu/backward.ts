/**
 * The backward pass of a micro-batch: a plan's operations from the loss's gradient to that of every parameter, computed from the
 * results of the forward pass on the device.
 */
import { ADVANCE, SUM_ROWS } from "../../../asm/gradient.wgsl.ts";
import { RATE_BACK } from "../../../asm/loss.wgsl.ts";
import { READ_BACK } from "../../../asm/readout.wgsl.ts";
import { CONSTANT_GRADIENTS, recurrentCalls } from "../../../asm/scan.wgsl.ts";
import type { Tensor } from "../gpu/backend.ts";
import { partsOf } from "./micro_batches.ts";
import type { BackwardOperation, LayerPlan } from "../plan.ts";
import {
  constantsOf,
  type DeviceContext,
  type ForwardResult,
  made,
  type MicroBatch,
  rowsOf,
} from "./forward.ts";

/** A layer's results for later operations. */
interface LayerGradients {
  /** δo, and the readout's δu, `[samples · steps, units]`. */
  outputGradients?: Tensor<"f32">;
  readGradients?: Tensor<"f32">;
  /** See `scanBackKernel`. */
  currentGradients?: Tensor<"f32">;
}

/** Computes a micro-batch's backward pass; gradients are added to the parameters'. */
export class BackwardPass {
  readonly #context: DeviceContext;
  readonly #microBatch: MicroBatch;
  readonly #forward: ForwardResult;
  readonly #layers: readonly LayerGradients[];

  constructor(context: DeviceContext, microBatch: MicroBatch, forward: ForwardResult) {
    this.#context = context;
    this.#microBatch = microBatch;
    this.#forward = forward;
    this.#layers = context.plan.layers.map(() => ({}));
  }

  /** Records the backward pass. */
  run(): void {
    for (const operation of this.#context.plan.backward) this.#execute(operation);
  }

  #execute(operation: BackwardOperation): void {
    const { layers } = this.#context.plan;
    switch (operation.kind) {
      case "readBack":
        return this.#readBack();
      case "rateBack":
        return this.#rateBack(layers[operation.layer]!);
      case "scanBack":
        return this.#scanBack(layers[operation.layer]!);
      case "recurrentGradient":
        return this.#recurrentGradient(layers[operation.layer]!);
      case "stepsBack":
        return this.#stepsBack(layers[operation.layer]!);
      case "inputsBack":
        return this.#inputsBack(layers[operation.layer]!);
      case "spikesBack":
      case "spread":
      case "coefficients":
      case "traceGradient":
      case "outerGradient":
        throw new Error(`${operation.kind}: a plan without events has no such operation`);
      default:
        operation satisfies never;
    }
  }

  #readBack(): void {
    const { backend, plan: { spec: { steps }, classes, readout } } = this.#context;
    const { samples } = this.#microBatch;
    const { losses, logits, sampleInfo } = this.#forward;
    const top = made(this.#layers.at(-1));
    const gradients = backend.run(READ_BACK, {
      inputs: { gradients: losses, logits, sampleInfo },
      uniforms: { samples, steps, classes, isLargest: readout.reduce === "max" ? 1 : 0 },
      invocations: samples * steps * classes,
      output: [samples * steps, classes],
    });
    if (readout.from === "state") top.readGradients = gradients;
    else top.outputGradients = gradients;
  }

  #rateBack({ index, units, rate }: LayerPlan): void {
    const { backend, plan: { spec: { steps } } } = this.#context;
    const { samples, counted, share } = this.#microBatch;
    const { rates } = this.#forward.layers[index]!;
    if (!rate) return;
    backend.run(RATE_BACK, {
      inputs: { rates: made(rates), sampleInfo: this.#forward.sampleInfo },
      uniforms: { steps, units, counted, share, weight: rate.weight, wanted: rate.target },
      invocations: samples * steps * units,
      output: made(this.#layers[index]!.outputGradients),
    });
  }

  #scanBack(layer: LayerPlan): void {
    const { backend, plan: { spec: { steps } }, parameters, neurons, placeholder } = this.#context;
    const { samples, reductionGroups, isFirst } = this.#microBatch;
    const { index, units, inputDelay, recurrent, learned } = layer;
    const state = this.#layers[index]!;
    const { tensor, distancesAt, potentialsAt } = this.#forward.layers[index]!.scanned;
    const { outputGradients, readGradients } = state;
    const { scanBack, uniforms, states } = neurons[index]!;
    const total = samples * units, stateAt = (steps + 1 + CONSTANT_GRADIENTS.length) * total;
    state.currentGradients = backend.run(scanBack, {
      inputs: {
        scanned: tensor,
        outputGradients: outputGradients ?? placeholder,
        readGradients: readGradients ?? placeholder,
        sampleInfo: this.#forward.sampleInfo,
        ...constantsOf(this.#context, layer),
        recurrent: recurrent ? parameters.valuesOf(`v${index + 1}`) : placeholder,
      },
      uniforms: {
        ...uniforms,
        samples,
        steps,
        units,
        delay: inputDelay,
        hasOutputs: outputGradients ? 1 : 0,
        hasRead: readGradients ? 1 : 0,
        distancesAt,
        potentialsAt,
        stateAt,
      },
      invocations: recurrent ? recurrentCalls(samples) : total,
      output: [stateAt + states.scanBack * total],
    });
    // After δI the result has sums over the steps of each sample: of δI, and of the constants' gradients.
    const addSums = (name: string, place: number) => {
      const parts = backend.run(SUM_ROWS, {
        inputs: { values: made(state.currentGradients) },
        uniforms: { begin: (steps + place) * total, rows: samples / reductionGroups, columns: units },
        invocations: reductionGroups * units,
        output: [reductionGroups, units],
      });
      parameters.addGradient(name, parts, isFirst);
    };
    addSums(`b${index + 1}`, 0);
    for (const constant of learned) {
      addSums(`${constant}${index + 1}`, 1 + CONSTANT_GRADIENTS.indexOf(constant));
    }
  }

  #recurrentGradient({ index, units, inputDelay }: LayerPlan): void {
    const { backend, plan: { spec: { steps } } } = this.#context;
    const gradients = this.#currentGradientsOf(index);
    // V's input is the layer's output of the step before, as W's is where the layer below has a delay.
    const advanced = inputDelay === 1 ? gradients : backend.run(ADVANCE, {
      inputs: { values: gradients },
      uniforms: { steps, columns: units },
      invocations: this.#microBatch.samples * steps * units,
      output: gradients.shape,
    });
    this.#addMatmul(`v${index + 1}`, this.#outputsOf(index), advanced);
  }

  #stepsBack({ index }: LayerPlan): void {
    const { backend, parameters } = this.#context;
    const gradients = this.#currentGradientsOf(index);
    const weights = parameters.valuesOf(`w${index + 1}`);
    this.#layers[index - 1]!.outputGradients = backend.matmul(gradients, weights, { transposeB: true });
    this.#addMatmul(`w${index + 1}`, this.#outputsOf(index - 1), gradients);
  }

  #inputsBack({ index, units, source }: LayerPlan): void {
    const { backend, plan: { spec: { steps } } } = this.#context;
    const { samples } = this.#microBatch;
    // An input that is the same at every step is multiplied by Σ_t δI_t of each sample, in a tensor of its own.
    const gradients = source !== "constant" ? this.#currentGradientsOf(index) : backend.run(SUM_ROWS, {
      inputs: { values: made(this.#layers[index]!.currentGradients) },
      uniforms: { begin: samples * steps * units, rows: 1, columns: units },
      invocations: samples * units,
      output: [samples, units],
    });
    this.#addMatmul(`w${index + 1}`, this.#forward.inputs, gradients);
  }

  /** Adds Σ over rows of inputsᵀ·gradients to a matrix's gradient, summed part by part first. */
  #addMatmul(name: string, inputs: Tensor<"f32">, gradients: Tensor<"f32">): void {
    const { backend, parameters, plan } = this.#context;
    const { samples, reductionGroups, isFirst } = this.#microBatch;
    const isEachStep = inputs.shape[0] === samples * plan.spec.steps;
    const count = isEachStep ? partsOf(plan, samples, reductionGroups) : reductionGroups;
    const grouped = (rows: Tensor<"f32">) =>
      backend.view(rows, [count, rows.shape[0]! / count, rows.shape[1]!]);
    const parts = backend.matmul(grouped(inputs), grouped(gradients), { transposeA: true });
    parameters.addGradient(name, parts, isFirst);
  }

  /** o of a layer, before its delay. */
  #outputsOf(index: number): Tensor<"f32"> {
    return rowsOf(this.#context, this.#microBatch, this.#forward.layers[index]!.scanned.tensor, index);
  }

  /** δI of a layer, at the step of the layer below that caused it. */
  #currentGradientsOf(index: number): Tensor<"f32"> {
    return rowsOf(this.#context, this.#microBatch, made(this.#layers[index]!.currentGradients), index);
  }
}
