/**
 * One chunk's backward pass: a plan's operations from the loss's gradient to that of every parameter.
 *
 * It reads what the forward pass has left on the device, and leaves gradients in the parameters.
 *
 * @module
 */
import { ADVANCE, SUM_ROWS } from "../../../asm/gradient.wgsl.ts";
import { RATE_BACK } from "../../../asm/loss.wgsl.ts";
import { READ_BACK } from "../../../asm/readout.wgsl.ts";
import { CONSTANT_GRADIENTS, recurrentCalls } from "../../../asm/scan.wgsl.ts";
import type { Tensor } from "../gpu/backend.ts";
import { partsOf } from "./chunking.ts";
import type { BackwardOperation, LayerPlan } from "../plan.ts";
import { type Chunk, constantsOf, type ForwardResult, made, type Room, rowsOf } from "./forward.ts";

/** What a layer leaves behind for later operations. */
interface LayerGradients {
  /** δo, and the readout's δu, `[samples · steps, units]`. */
  outputGradients?: Tensor<"f32">;
  readGradients?: Tensor<"f32">;
  /** See `scanBackKernel`. */
  currentGradients?: Tensor<"f32">;
}

/** Computes a chunk's backward pass; gradients are added to the parameters'. */
export function runBackward(room: Room, chunk: Chunk, forward: ForwardResult): void {
  new BackwardPass(room, chunk, forward).backward();
}

class BackwardPass {
  readonly #room: Room;
  readonly #chunk: Chunk;
  readonly #forward: ForwardResult;
  readonly #layers: readonly LayerGradients[];

  constructor(room: Room, chunk: Chunk, forward: ForwardResult) {
    this.#room = room;
    this.#chunk = chunk;
    this.#forward = forward;
    this.#layers = room.plan.layers.map(() => ({}));
  }

  /** Records the backward pass. */
  backward(): void {
    for (const operation of this.#room.plan.backward) this.#execute(operation);
  }

  #execute(operation: BackwardOperation): void {
    const { plan } = this.#room;
    switch (operation.kind) {
      case "readBack":
        this.#readBack();
        return;
      case "rateBack":
        this.#rateBack(plan.layers[operation.layer]!);
        return;
      case "scanBack":
        this.#scanBack(plan.layers[operation.layer]!);
        return;
      case "recurrentGradient":
        this.#recurrentGradient(plan.layers[operation.layer]!);
        return;
      case "stepsBack":
        this.#stepsBack(plan.layers[operation.layer]!);
        return;
      case "inputsBack":
        this.#inputsBack(plan.layers[operation.layer]!);
        return;
      case "spikesBack":
      case "spread":
      case "coefficients":
      case "traceGradient":
      case "outerGradient":
        throw new Error(`${operation.kind}: a dense plan has no such operation`);
      default:
        operation satisfies never;
    }
  }

  #readBack(): void {
    const { backend, plan: { spec: { steps }, classes, readout } } = this.#room;
    const { samples } = this.#chunk;
    const { losses, logits, facts } = this.#forward;
    const top = made(this.#layers.at(-1));
    const gradients = backend.run(READ_BACK, {
      inputs: { gradients: losses, logits, facts },
      uniforms: { samples, steps, classes, isLargest: readout.reduce === "max" ? 1 : 0 },
      invocations: samples * steps * classes,
      output: [samples * steps, classes],
    });
    if (readout.from === "state") top.readGradients = gradients;
    else top.outputGradients = gradients;
  }

  #rateBack({ index, units, rate }: LayerPlan): void {
    const { backend, plan: { spec: { steps } } } = this.#room;
    const { samples, counted, share } = this.#chunk;
    const { rates } = this.#forward.layers[index]!;
    if (!rate) return;
    backend.run(RATE_BACK, {
      inputs: { rates: made(rates), facts: this.#forward.facts },
      uniforms: { steps, units, counted, share, weight: rate.weight, wanted: rate.target },
      invocations: samples * steps * units,
      output: made(this.#layers[index]!.outputGradients),
    });
  }

  #scanBack(layer: LayerPlan): void {
    const { backend, plan: { spec: { steps } }, parameters, neurons, nothing } = this.#room;
    const { samples, groups, isFirst } = this.#chunk;
    const { index, units, inputDelay, recurrent, learned } = layer;
    const state = this.#layers[index]!;
    const { tensor, distancesAt, potentialsAt } = this.#forward.layers[index]!.scanned;
    const { outputGradients, readGradients } = state;
    const { scanBack, uniforms, states } = neurons[index]!;
    const total = samples * units, stateAt = (steps + 1 + CONSTANT_GRADIENTS.length) * total;
    state.currentGradients = backend.run(scanBack, {
      inputs: {
        scanned: tensor,
        outputGradients: outputGradients ?? nothing,
        readGradients: readGradients ?? nothing,
        facts: this.#forward.facts,
        ...constantsOf(this.#room, layer),
        recurrent: recurrent ? parameters.valuesOf(`v${index + 1}`) : nothing,
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
    // Behind δI lie sums over the steps of each sample: of δI, and of the constants' gradients.
    const addSums = (name: string, place: number) => {
      const parts = backend.run(SUM_ROWS, {
        inputs: { values: made(state.currentGradients) },
        uniforms: { begin: (steps + place) * total, rows: samples / groups, columns: units },
        invocations: groups * units,
        output: [groups, units],
      });
      parameters.addGradient(name, parts, isFirst);
    };
    addSums(`b${index + 1}`, 0);
    for (const constant of learned) {
      addSums(`${constant}${index + 1}`, 1 + CONSTANT_GRADIENTS.indexOf(constant));
    }
  }

  #recurrentGradient({ index, units, inputDelay }: LayerPlan): void {
    const { backend, plan: { spec: { steps } } } = this.#room;
    const gradients = this.#currentGradientsOf(index);
    // V's input is the layer's own output of the step before, as W's is where the layer below has a delay.
    const advanced = inputDelay === 1 ? gradients : backend.run(ADVANCE, {
      inputs: { values: gradients },
      uniforms: { steps, columns: units },
      invocations: this.#chunk.samples * steps * units,
      output: gradients.shape,
    });
    this.#addMatmul(`v${index + 1}`, this.#outputsOf(index), advanced);
  }

  #stepsBack({ index }: LayerPlan): void {
    const { backend, parameters } = this.#room;
    const gradients = this.#currentGradientsOf(index);
    this.#layers[index - 1]!.outputGradients = backend.matmul(
      gradients,
      parameters.valuesOf(`w${index + 1}`),
      {
        transposeB: true,
      },
    );
    this.#addMatmul(`w${index + 1}`, this.#outputsOf(index - 1), gradients);
  }

  #inputsBack({ index, units, source }: LayerPlan): void {
    const { backend, plan: { spec: { steps } } } = this.#room;
    const { samples } = this.#chunk;
    // Where the input is the same at every step, Σ_t δI_t of each sample is multiplied with it; it needs a tensor of its own.
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
    const { backend, parameters, plan } = this.#room;
    const { samples, groups, isFirst } = this.#chunk;
    const isEachStep = inputs.shape[0] === samples * plan.spec.steps;
    const count = isEachStep ? partsOf(plan, samples, groups) : groups;
    const grouped = (rows: Tensor<"f32">) =>
      backend.view(rows, [count, rows.shape[0]! / count, rows.shape[1]!]);
    const parts = backend.matmul(grouped(inputs), grouped(gradients), { transposeA: true });
    parameters.addGradient(name, parts, isFirst);
  }

  /** o of a layer, before its delay. */
  #outputsOf(index: number): Tensor<"f32"> {
    return rowsOf(this.#room, this.#chunk, this.#forward.layers[index]!.scanned.tensor, index);
  }

  /** δI of a layer, at the step of the layer below that caused it. */
  #currentGradientsOf(index: number): Tensor<"f32"> {
    return rowsOf(this.#room, this.#chunk, made(this.#layers[index]!.currentGradients), index);
  }
}
