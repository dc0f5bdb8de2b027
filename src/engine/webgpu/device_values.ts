/**
 * Values of a plan on the device.
 *
 * A product's value stays what a matrix product left: rows that are to be read some steps later, plus a bias. The scan of the neurons
 * that read it does both as it loads them; every other reader has the rows of every step written out.
 */
import { PUT_ROWS, ROWS_OF_STEP, SUM_TERM } from "../../../asm/sums.wgsl.ts";
import type { Tensor } from "../gpu/backend.ts";
import type { DeviceContext } from "./device_context.ts";

/** A value: at step t row t − `delay` of `rows`, plus `bias`. */
export interface DeviceValue {
  /** f32 `[samples · steps, units]`, or `[samples, units]` where one row holds for all steps. */
  readonly rows: Tensor<"f32">;
  readonly isRow: boolean;
  /** Below 0: rows of later steps come first. Rows outside the sample are 0. */
  readonly delay: number;
  readonly bias: Tensor<"f32"> | undefined;
  /** Of a gradient that a scan left: its tensor, which has sums over the steps of each sample, `[samples, units]`, from `sumsAt` on. */
  readonly sums?: { readonly tensor: Tensor<"f32">; readonly at: number };
}

/** Rows of every step that are all there is to a value. */
export function plainValue(rows: Tensor<"f32">): DeviceValue {
  return { rows, isRow: false, delay: 0, bias: undefined };
}

/** All values of a micro-batch, by their index in the plan. */
export class DeviceValues {
  readonly #context: DeviceContext;
  readonly #samples: number;
  readonly #values: (DeviceValue | undefined)[];

  constructor(context: DeviceContext, samples: number) {
    this.#context = context;
    this.#samples = samples;
    this.#values = context.plan.values.map(() => undefined);
  }

  /** A value as it lies. */
  get(index: number): DeviceValue {
    const value = this.#values[index];
    if (!value) throw new Error("a step of the plan came before one that it needs");
    return value;
  }

  /** Whether a value has been made. */
  has(index: number): boolean {
    return this.#values[index] !== undefined;
  }

  set(index: number, value: DeviceValue): void {
    this.#values[index] = value;
  }

  /** A value's rows of every step, written out where they are not. */
  rowsOf(index: number): Tensor<"f32"> {
    const value = this.get(index);
    if (!value.isRow && value.delay === 0 && !value.bias) return value.rows;
    const rows = this.#empty(index);
    this.#addTerm(value, index, 0, rows, false);
    this.set(index, plainValue(rows));
    return rows;
  }

  /** A value's rows as they are `delay` steps later; below 0: earlier. */
  shifted(index: number, delay: number): Tensor<"f32"> {
    const value = this.get(index);
    if (!value.isRow && value.delay === -delay && !value.bias) return value.rows;
    if (delay === 0) return this.rowsOf(index);
    const rows = this.#empty(index);
    this.#addTerm(plainValue(this.rowsOf(index)), index, delay, rows, false);
    return rows;
  }

  /** Rows of every step, allocated once and then written step by step. */
  open(index: number): Tensor<"f32"> {
    if (!this.has(index)) this.set(index, plainValue(this.#empty(index)));
    return this.get(index).rows;
  }

  /** Adds a term of a sum to another value, or begins it; of one step where `step` is given. */
  addTerm(from: number, delay: number, into: number, isFirst: boolean, step?: number): void {
    if (this.#isOutside(delay, step)) {
      if (isFirst) {
        this.#addTerm(plainValue(this.#context.placeholder), into, delay, this.open(into), false, step);
      }
      return;
    }
    const value = this.get(from);
    // A bias is there at every step of the value, not before its first.
    const source = value.bias ? plainValue(this.rowsOf(from)) : value;
    this.#addTerm(source, into, delay, this.open(into), !isFirst, step);
  }

  /** Adds a vector to a value. */
  addVector(vector: Tensor<"f32">, into: number, step?: number): void {
    const { backend, plan: { spec: { steps }, values } } = this.#context, { units } = values[into]!;
    const count = step === undefined ? steps : 1;
    backend.run(SUM_TERM, {
      inputs: { values: this.#context.placeholder, bias: vector },
      uniforms: {
        steps,
        units,
        begin: step ?? 0,
        count,
        shift: steps, // no row of the sample: the vector alone
        sampleStride: 0,
        stepStride: 0,
        hasBias: 1,
        keep: 1,
      },
      invocations: this.#samples * count * units,
      output: this.open(into),
    });
  }

  /** In a loop, whether what is read lies before the first step or behind the last one: it need not have been made. */
  #isOutside(delay: number, step: number | undefined): boolean {
    const { steps } = this.#context.plan.spec;
    return step !== undefined && (step - delay < 0 || step - delay >= steps);
  }

  /** Rows of one step, f32 `[samples, units]`; zeros outside the sample. */
  rowsAt(index: number, step: number): Tensor<"f32"> {
    const { backend, plan: { spec: { steps }, values } } = this.#context, { units } = values[index]!;
    return backend.run(ROWS_OF_STEP, {
      inputs: { values: this.#isOutside(0, step) ? this.#context.placeholder : this.rowsOf(index) },
      uniforms: { steps, units, step },
      invocations: this.#samples * units,
      output: [this.#samples, units],
    });
  }

  /** Puts rows of one step in place. */
  putRows(index: number, step: number, rows: Tensor<"f32">, bias?: Tensor<"f32">): void {
    const { backend, plan: { spec: { steps }, values }, placeholder } = this.#context,
      { units } = values[index]!;
    backend.run(PUT_ROWS, {
      inputs: { rows, bias: bias ?? placeholder },
      uniforms: { steps, units, step, hasBias: bias ? 1 : 0 },
      invocations: this.#samples * units,
      output: this.open(index),
    });
  }

  #addTerm(
    { rows, isRow, delay: lag, bias }: DeviceValue,
    into: number,
    delay: number,
    output: Tensor<"f32">,
    keep: boolean,
    step?: number,
  ): void {
    const { backend, plan: { spec: { steps }, values }, placeholder } = this.#context;
    const { units } = values[into]!, count = step === undefined ? steps : 1;
    backend.run(SUM_TERM, {
      inputs: { values: rows, bias: bias ?? placeholder },
      uniforms: {
        steps,
        units,
        begin: step ?? 0,
        count,
        shift: delay + lag,
        sampleStride: isRow ? units : steps * units,
        stepStride: isRow ? 0 : units,
        hasBias: bias ? 1 : 0,
        keep: keep ? 1 : 0,
      },
      invocations: this.#samples * count * units,
      output,
    });
  }

  #empty(index: number): Tensor<"f32"> {
    const { backend, plan: { spec: { steps }, values } } = this.#context;
    return backend.allocate("f32", [this.#samples * steps, values[index]!.units]);
  }
}
