/** Operators that have kernels of their own, in a micro-batch: the steps `sumBatch`, `operate`, their backward forms and `operatorGradient`. */
import { COPY, SUM_PARTS } from "../../../asm/gradient.wgsl.ts";
import { AVERAGE, PART_TERMS } from "../../../asm/operator.wgsl.ts";
import { SAMPLE_INFO, SAMPLE_INFO_COLUMNS } from "../../../asm/scan.wgsl.ts";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import type { Tensor } from "../gpu/backend.ts";
import type { OperatorCall } from "../plan/plan.ts";
import type { DeviceContext, MicroBatch } from "./device_context.ts";
import type { DeviceValues } from "./device_values.ts";
import { partsInRoom } from "./micro_batches.ts";
import type { OperatorKernels, OperatorSum } from "./operators.ts";

/** See the module. What the forward pass leaves is there for the backward pass. */
export class OperatorSteps {
  readonly #context: DeviceContext;
  readonly #microBatch: MicroBatch;
  readonly #values: DeviceValues;
  readonly #sampleInfo: Tensor<"i32">;
  /** Averages that operators normalise by, f32 `[statistics, channels]`. */
  readonly #statistics = new Map<number, Tensor<"f32">>();
  /** Sums of the backward pass over the whole batch, f32 `[gradients, channels]`. */
  readonly #sums = new Map<number, Tensor<"f32">>();
  /** Keys of draws, i32 `[samples, 2]`, by stream. */
  readonly #keys = new Map<number, Tensor<"i32">>();

  constructor(
    context: DeviceContext,
    microBatch: MicroBatch,
    values: DeviceValues,
    sampleInfo: Tensor<"i32">,
  ) {
    this.#context = context;
    this.#microBatch = microBatch;
    this.#values = values;
    this.#sampleInfo = sampleInfo;
  }

  /** In training, an operator's averages over the batch, which its tensors follow; see `checkFits` for a batch in one piece. */
  sumBatch(operator: OperatorCall): void {
    if (!this.#microBatch.withGradient) return;
    const { backend, parameters } = this.#context, { statistics } = this.#kernelsOf(operator);
    const channels = this.#channelsOf(operator), terms = this.#batchTerms(operator);
    const averages = backend.allocate("f32", [statistics.length, channels]);
    this.#statistics.set(operator.index, averages);
    statistics.forEach((statistic, row) => {
      const average = backend.run(AVERAGE, {
        inputs: { sums: this.#totals(operator, statistic, operator.input, channels) },
        uniforms: { terms },
        invocations: channels,
        output: [channels],
      });
      this.#putRow(average, averages, row);
      backend.run(statistic.follow, {
        inputs: { averages: average },
        uniforms: this.#uniforms(operator),
        invocations: channels,
        output: parameters.valuesOf(statistic.tensor),
      });
    });
  }

  /** y from x; of one time step where `t` is given. */
  forward(operator: OperatorCall, t?: number): void {
    this.#takeStatistics(operator);
    this.#run(this.#kernelsOf(operator).forward, operator, operator.input, operator.output, t);
  }

  /** An operator's sums of the backward pass over the batch. */
  sumBatchBack(operator: OperatorCall): void {
    const { backend } = this.#context, { gradients } = this.#kernelsOf(operator);
    const channels = this.#channelsOf(operator);
    const sums = backend.allocate("f32", [gradients.length, channels]);
    gradients.forEach((gradient, row) => {
      this.#putRow(this.#totals(operator, gradient, operator.outputGradient!, channels), sums, row);
    });
    this.#sums.set(operator.index, sums);
  }

  /** δx from δy, likewise. */
  backward(operator: OperatorCall, t?: number): void {
    const { outputGradient, inputGradient } = operator;
    this.#run(this.#kernelsOf(operator).backward, operator, outputGradient!, inputGradient!, t);
  }

  /** Adds to the gradients of an operator's learned tensors. */
  gradient(operator: OperatorCall): void {
    const { parameters } = this.#context, { isFirst } = this.#microBatch;
    for (const gradient of this.#kernelsOf(operator).gradients) {
      const numbers = parameters.sizeOf(gradient.tensor), parts = this.#partsOf(operator, gradient);
      const together = partsInRoom(numbers);
      for (let first = 0; first < parts; first += together) {
        const count = Math.min(together, parts - first);
        const sums = this.#sum(operator, gradient, operator.outputGradient!, numbers, first, count);
        parameters.addGradient(gradient.tensor, this.#added(sums, PART_TERMS), isFirst && first === 0);
      }
    }
  }

  /** Outside training an operator normalises by what its tensors say. */
  #takeStatistics(operator: OperatorCall): void {
    const { backend, parameters } = this.#context, { statistics } = this.#kernelsOf(operator);
    if (statistics.length === 0 || this.#statistics.has(operator.index)) return;
    const channels = this.#channelsOf(operator);
    const averages = backend.allocate("f32", [statistics.length, channels]);
    statistics.forEach(({ tensor }, row) => this.#putRow(parameters.valuesOf(tensor), averages, row));
    this.#statistics.set(operator.index, averages);
  }

  /** Copies numbers, one a channel, to a row of a table. */
  #putRow(values: Tensor<"f32">, table: Tensor<"f32">, row: number): void {
    const channels = table.shape[1]!;
    this.#context.backend.run(COPY, {
      inputs: { values },
      uniforms: { begin: row * channels },
      invocations: channels,
      output: table,
    });
  }

  #run(kernel: WgslKernel<"f32">, operator: OperatorCall, from: number, into: number, t?: number): void {
    const { backend, plan: { values } } = this.#context, { units } = values[into]!;
    const steps = this.#stepsOf(operator), count = t === undefined ? steps : 1;
    backend.run(kernel, {
      inputs: this.#inputs(kernel, operator, from),
      uniforms: {
        ...this.#uniforms(operator, from),
        begin: t ?? 0,
        count,
        units,
      },
      invocations: this.#microBatch.samples * count * units,
      output: this.#values.open(into),
    });
  }

  /** Sums over all rows, f32 `[1, numbers]`. @param from What the kernel's `valueAt` reads. */
  #totals(operator: OperatorCall, sum: OperatorSum, from: number, numbers: number): Tensor<"f32"> {
    return this.#added(this.#sum(operator, sum, from, numbers, 0, this.#partsOf(operator, sum)), 1);
  }

  /** Adds parts up, f32 `[parts, numbers]`, {@linkcode PART_TERMS} at a time, until no more than `most` are left. */
  #added(parts: Tensor<"f32">, most: number): Tensor<"f32"> {
    const [rows = 1, columns = 1] = parts.shape;
    if (rows <= most) return parts;
    const left = Math.ceil(rows / PART_TERMS);
    const sums = this.#context.backend.run(SUM_PARTS, {
      inputs: { values: parts },
      uniforms: { rows, columns, most: PART_TERMS },
      invocations: left * columns,
      output: [left, columns],
    });
    return this.#added(sums, most);
  }

  /** Some parts of sums, f32 `[count, numbers]`. */
  #sum(
    operator: OperatorCall,
    { kernel, rowTerms }: OperatorSum,
    from: number,
    numbers: number,
    firstPart: number,
    count: number,
  ): Tensor<"f32"> {
    return this.#context.backend.run(kernel, {
      inputs: this.#inputs(kernel, operator, from),
      uniforms: {
        ...this.#uniforms(operator, from),
        firstPart,
        numbers,
        terms: this.#rowsOf(operator) * rowTerms,
        rowTerms,
      },
      invocations: count * numbers,
      output: [count, numbers],
    });
  }

  /** The arrays that a kernel reads. */
  #inputs({ inputs }: WgslKernel, operator: OperatorCall, from: number): Record<string, Tensor> {
    const { parameters, placeholder } = this.#context, { tensors } = this.#kernelsOf(operator);
    const arrays: Readonly<Record<string, () => Tensor>> = {
      values: () => this.#values.operandOf(from),
      inputs: () => this.#values.operandOf(operator.input),
      statistics: () => this.#statistics.get(operator.index)!,
      sums: () => this.#sums.get(operator.index)!,
      keys: () => this.#keysOf(operator),
      sampleInfo: () => this.#sampleInfo,
    };
    return Object.fromEntries(
      Object.keys(inputs).map((name) => {
        const tensor = tensors.get(name);
        return [name, arrays[name]?.() ?? (tensor === undefined ? placeholder : parameters.valuesOf(tensor))];
      }),
    );
  }

  /** The keys of an operator's draws; none are made outside training. */
  #keysOf({ stream }: OperatorCall): Tensor {
    const { backend, placeholder } = this.#context, { samples, withGradient, keysOf } = this.#microBatch;
    if (stream === undefined || !withGradient) return placeholder;
    let keys = this.#keys.get(stream);
    if (!keys) this.#keys.set(stream, keys = backend.upload(keysOf(stream), [samples, 2]));
    return keys;
  }

  #uniforms(operator: OperatorCall, from = operator.input): Record<string, number> {
    const { plan: { values } } = this.#context, { counted, withGradient } = this.#microBatch;
    return {
      ...this.#kernelsOf(operator).uniforms,
      steps: this.#stepsOf(operator),
      valueUnits: values[from]!.units,
      inputUnits: values[operator.input]!.units,
      isTraining: withGradient ? 1 : 0,
      isRow: this.#isRow(operator) ? 1 : 0,
      counted,
      batchTerms: this.#batchTerms(operator),
    };
  }

  /** Numbers of a channel in the batch: of every step that is there, and every position. */
  #batchTerms(operator: OperatorCall): number {
    const { counted, sampleInfo } = this.#microBatch;
    const [{ rowTerms } = { rowTerms: 1 }] = this.#kernelsOf(operator).statistics;
    let steps = 0;
    for (let i = 0; i < counted; i++) steps += sampleInfo[SAMPLE_INFO_COLUMNS * i + SAMPLE_INFO.steps]!;
    return steps * rowTerms;
  }

  #partsOf(operator: OperatorCall, { rowTerms }: OperatorSum): number {
    return Math.ceil(this.#rowsOf(operator) * rowTerms / PART_TERMS);
  }

  /** Numbers of a statistic. */
  #channelsOf({ output }: OperatorCall): number {
    return this.#context.plan.values[output]!.shape[0];
  }

  #isRow({ output }: OperatorCall): boolean {
    return this.#context.plan.values[output]!.rows === "one";
  }

  /** Rows of a sample. */
  #stepsOf(operator: OperatorCall): number {
    return this.#isRow(operator) ? 1 : this.#context.plan.spec.steps;
  }

  #rowsOf(operator: OperatorCall): number {
    return this.#microBatch.samples * this.#stepsOf(operator);
  }

  #kernelsOf({ index }: OperatorCall): OperatorKernels {
    return this.#context.operators[index]!;
  }
}
