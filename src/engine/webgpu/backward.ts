/**
 * One micro-batch's backward pass: a plan's steps from the loss's gradient to that of every parameter.
 *
 * It reads what the forward pass has left on the device, and leaves gradients in the parameters.
 */
import { SUM_ROWS } from "../../../asm/gradient.wgsl.ts";
import { RATE_BACK } from "../../../asm/loss.wgsl.ts";
import { READ_BACK } from "../../../asm/readout.wgsl.ts";
import { CONSTANT_GRADIENTS, recurrentCalls } from "../../../asm/scan.wgsl.ts";
import { ZEROS } from "../../../asm/sums.wgsl.ts";
import type { Tensor } from "../gpu/backend.ts";
import type { BackwardStep, PopulationPlan, Product } from "../plan/plan.ts";
import type { DeviceContext, MicroBatch } from "./device_context.ts";
import { type DeviceValues, plainValue } from "./device_values.ts";
import { addSum, type ForwardResult } from "./forward.ts";
import { partsOf } from "./micro_batches.ts";

/** A micro-batch's backward pass; gradients are added to the parameters'. */
export class BackwardPass {
  readonly #context: DeviceContext;
  readonly #microBatch: MicroBatch;
  readonly #forward: ForwardResult;
  readonly #values: DeviceValues;
  /** Gradients of which nothing but zeros is known: kernels are not given them. */
  readonly #zeros = new Set<number>();

  constructor(context: DeviceContext, microBatch: MicroBatch, forward: ForwardResult) {
    this.#context = context;
    this.#microBatch = microBatch;
    this.#forward = forward;
    this.#values = forward.values;
  }

  /** Records the backward pass. */
  run(): void {
    for (const step of this.#context.plan.backward) this.#execute(step);
  }

  /** @param t The one time step that is to be computed, in a loop. */
  #execute(step: BackwardStep, t?: number): void {
    const { plan } = this.#context, { operators } = this.#forward;
    switch (step.kind) {
      case "readBack":
        this.#readBack(step.into);
        return;
      case "clear":
        if (t === undefined) this.#zeros.add(step.into);
        else this.#fillZeros(step.into);
        return;
      case "rateBack":
        this.#rateBack(plan.populations[step.population]!, step.into);
        return;
      case "sum":
        for (const { value } of step.terms) this.#fillZeros(value);
        addSum(this.#context, this.#values, step, t);
        return;
      case "scanBack":
        this.#scanBack(plan.populations[step.population]!, undefined, t);
        return;
      case "scanRecurrentBack":
        this.#scanBack(plan.populations[step.population]!, plan.products[step.product]!);
        this.#weightGradient(plan.products[step.product]!);
        return;
      case "matmulBack":
        this.#productBack(plan.products[step.product]!, step.into, t);
        return;
      case "weightGradient":
        this.#weightGradient(plan.products[step.product]!);
        return;
      case "rowGradient":
        this.#rowGradient(plan.products[step.product]!);
        return;
      case "sumRows":
        this.#fillZeros(step.from);
        this.#values.set(step.into, { ...plainValue(this.#values.sumOf(step.from)), isRow: true });
        return;
      case "sumBatchBack": {
        const operator = plan.operators[step.operator]!;
        this.#fillZeros(operator.outputGradient!);
        operators.sumBatchBack(operator);
        return;
      }
      case "operateBack": {
        const operator = plan.operators[step.operator]!;
        this.#fillZeros(operator.outputGradient!);
        operators.backward(operator, t);
        return;
      }
      case "operatorGradient": {
        const operator = plan.operators[step.operator]!;
        this.#fillZeros(operator.outputGradient!);
        operators.gradient(operator);
        return;
      }
      case "loopBack":
        this.#loopBack(step.body);
        return;
      case "spikesBack":
      case "spread":
      case "coefficients":
      case "traceGradient":
      case "outerGradient":
      case "readProductBack":
      case "spreadRow":
        throw new Error(`${step.kind}: a plan without events has no such step`);
      default:
        step satisfies never;
    }
  }

  #loopBack(body: readonly BackwardStep[]): void {
    const { plan: { spec: { steps }, populations } } = this.#context;
    for (let t = steps - 1; t >= 0; t--) for (const step of body) this.#execute(step, t);
    for (const step of body) if (step.kind === "scanBack") this.#addConstants(populations[step.population]!);
  }

  #readBack(into: number): void {
    const { backend, plan: { spec: { steps }, classes, readout } } = this.#context;
    const { samples } = this.#microBatch;
    const { losses, logits, sampleInfo } = this.#forward;
    backend.run(READ_BACK, {
      inputs: { gradients: losses, logits, sampleInfo },
      uniforms: { samples, steps, classes, isLargest: readout.reduce === "max" ? 1 : 0 },
      invocations: samples * steps * classes,
      output: this.#values.open(into),
    });
  }

  /** Writes zeros where a gradient was only known to be zeros. */
  #fillZeros(value: number): void {
    if (!this.#zeros.delete(value)) return;
    const output = this.#values.open(value), [rows = 0, units = 0] = output.shape;
    this.#context.backend.run(ZEROS, { inputs: {}, uniforms: {}, invocations: rows * units, output });
  }

  #rateBack({ index, units, rate }: PopulationPlan, into: number): void {
    const { backend, plan: { spec: { steps } } } = this.#context;
    const { samples, counted, share } = this.#microBatch;
    const rates = this.#forward.rates.get(index);
    if (!rate || !rates) return;
    this.#fillZeros(into);
    backend.run(RATE_BACK, {
      inputs: { rates, sampleInfo: this.#forward.sampleInfo },
      uniforms: { steps, units, counted, share, weight: rate.weight, wanted: rate.target },
      invocations: samples * steps * units,
      output: this.#values.rowsOf(into),
    });
  }

  #scanBack(population: PopulationPlan, recurrence?: Product, t?: number): void {
    const { backend, plan: { spec: { steps } }, parameters, neurons, placeholder } = this.#context;
    const { samples } = this.#microBatch;
    const { index, units, input, inputGradient, outputGradient, stateGradient } = population;
    const { tensor, distancesAt, potentialsAt } = this.#forward.scanned[index]!;
    const { scanBack, uniforms, states } = neurons[index]!;
    const total = samples * units, sumsAt = steps * total;
    const stateAt = sumsAt + (1 + CONSTANT_GRADIENTS.length) * total;
    const read = (value: number | undefined) =>
      value === undefined || this.#zeros.has(value) ? undefined : this.#values.rowsOf(value);
    const outputGradients = read(outputGradient), readGradients = read(stateGradient);
    // Rows come as they are wanted by the product that made the currents: of the step that they were made from.
    const delay = t === undefined ? this.#values.get(input).delay : 0;
    const begun = t !== undefined && this.#values.has(inputGradient!)
      ? this.#values.get(inputGradient!)
      : undefined;
    const result = backend.run(scanBack, {
      inputs: {
        scanned: tensor,
        outputGradients: outputGradients ?? placeholder,
        readGradients: readGradients ?? placeholder,
        sampleInfo: this.#forward.sampleInfo,
        constants: this.#context.constants[index]!,
        ...(recurrence && { recurrent: parameters.valuesOf(recurrence.weight) }),
      },
      uniforms: {
        ...uniforms,
        samples,
        steps,
        units,
        delay,
        hasOutputs: outputGradients ? 1 : 0,
        hasRead: readGradients ? 1 : 0,
        distancesAt,
        potentialsAt,
        stateAt,
        ...(t !== undefined && { step: t }),
      },
      invocations: recurrence ? recurrentCalls(samples) : total,
      output: begun ? begun.sums!.tensor : [stateAt + states.scanBack * total],
    });
    this.#values.set(inputGradient!, {
      rows: backend.view(result, [samples * steps, units]),
      isRow: false,
      delay,
      bias: undefined,
      sums: { tensor: result, at: sumsAt },
    });
    if (t === undefined) this.#addConstants(population);
  }

  /** Adds the gradients of a population's learned constants, which its scan has summed over the steps of each sample. */
  #addConstants({ learned, units, inputGradient }: PopulationPlan): void {
    const { sums } = this.#values.get(inputGradient!), total = this.#microBatch.samples * units;
    for (const { name, tensor } of learned) {
      this.#addSums(tensor, sums!.tensor, sums!.at + (1 + CONSTANT_GRADIENTS.indexOf(name)) * total, units);
    }
  }

  #productBack({ weight, input: { delay }, outputGradient }: Product, into: number, t?: number): void {
    const { backend, parameters } = this.#context, weights = parameters.valuesOf(weight);
    this.#fillZeros(outputGradient!);
    if (t !== undefined) {
      const rows = backend.matmul(this.#values.rowsAt(outputGradient!, t + delay), weights, {
        transposeB: true,
      });
      this.#values.putRows(into, t, rows);
      return;
    }
    const rows = backend.matmul(this.#values.shifted(outputGradient!, -delay), weights, { transposeB: true });
    this.#values.set(into, { rows, isRow: false, delay: 0, bias: undefined });
  }

  #weightGradient({ weight, bias, input: { value, delay }, output, outputGradient }: Product): void {
    const { samples, reductionGroups } = this.#microBatch, { plan } = this.#context;
    this.#fillZeros(outputGradient!);
    const { sums } = this.#values.get(outputGradient!), { units } = plan.values[output]!;
    this.#addMatmul(weight, this.#values.rowsOf(value), this.#values.shifted(outputGradient!, -delay));
    if (bias === undefined) return;
    if (sums) this.#addSums(bias, sums.tensor, sums.at, units);
    else {
      const rows = samples * plan.spec.steps, parts = partsOf(plan, samples, reductionGroups);
      this.#addParts(bias, this.#values.rowsOf(outputGradient!), 0, parts, rows / parts, units);
    }
  }

  /** Where x is the same at every step, Σ_t δy_t of each sample is multiplied with it. */
  #rowGradient({ weight, bias, input, output, outputGradient }: Product): void {
    this.#fillZeros(outputGradient!);
    const gradients = this.#values.sumOf(outputGradient!);
    this.#addMatmul(weight, this.#values.get(input.value).rows, gradients);
    if (bias !== undefined) this.#addSums(bias, gradients, 0, this.#context.plan.values[output]!.units);
  }

  /** Adds sums of each sample, `[samples, units]` from `at` on, to a parameter's gradient: reduction group by reduction group. */
  #addSums(name: string, sums: Tensor<"f32">, at: number, units: number): void {
    const { samples, reductionGroups } = this.#microBatch;
    this.#addParts(name, sums, at, reductionGroups, samples / reductionGroups, units);
  }

  #addParts(
    name: string,
    values: Tensor<"f32">,
    begin: number,
    parts: number,
    rows: number,
    columns: number,
  ): void {
    const { backend, parameters } = this.#context;
    const summed = backend.run(SUM_ROWS, {
      inputs: { values },
      uniforms: { begin, rows, columns },
      invocations: parts * columns,
      output: [parts, columns],
    });
    parameters.addGradient(name, summed, this.#microBatch.isFirst);
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
}
