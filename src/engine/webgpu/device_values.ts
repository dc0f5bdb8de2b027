/**
 * Values of a plan on the device.
 *
 * What the plan has as one row is one row a sample here, too; but of the gradient that a scan leaves, which has rows of every step with
 * their sums. A product's value stays what a matrix product left: rows that are to be read some steps later, plus a bias. The scan of the neurons
 * that read it does both as it loads them; every other reader has the rows of every step written out.
 */
import { SUM_ROWS, SUM_STEPS } from "../../../asm/gradient.wgsl.ts";
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

  /** A value's rows of every step, written out where they are not; what is one row stays one. */
  rowsOf(index: number): Tensor<"f32"> {
    const value = this.get(index);
    if (!value.isRow && value.delay === 0 && !value.bias) return value.rows;
    const rows = this.#empty(index);
    this.#addTerm(value.isRow ? this.#rowValueOf(index) : value, index, 0, rows, false);
    if (!value.isRow) this.set(index, plainValue(rows));
    return rows;
  }

  /** Rows of a value as the plan has them: one a sample, f32 `[samples, units]`, or those of every step. */
  operandOf(index: number): Tensor<"f32"> {
    return this.#isOne(index) ? this.#rowValueOf(index).rows : this.rowsOf(index);
  }

  /** The sum of a gradient's rows over the steps, f32 `[samples, units]`; one row is their sum already. */
  sumOf(index: number): Tensor<"f32"> {
    const { backend, plan: { spec: { steps }, values } } = this.#context, { units } = values[index]!;
    const { isRow, rows, sums } = this.get(index);
    if (isRow) return rows;
    const call = { invocations: this.#samples * units, output: [this.#samples, units] };
    if (sums) {
      return backend.run(SUM_ROWS, {
        ...call,
        inputs: { values: sums.tensor },
        uniforms: { begin: sums.at, rows: 1, columns: units },
      });
    }
    return backend.run(SUM_STEPS, {
      ...call,
      inputs: { values: this.rowsOf(index) },
      uniforms: { rows: steps, columns: units },
    });
  }

  /** The plan has one row of it for all steps. */
  #isOne(index: number): boolean {
    return this.#context.plan.values[index]!.rows === "one";
  }

  /** What is one row, with its bias; a gradient's sum, where a scan has left rows. */
  #rowValueOf(index: number): DeviceValue {
    const value = this.get(index);
    if (value.isRow && !value.bias) return value;
    let rows: Tensor<"f32">;
    if (value.isRow) this.#addTerm(value, index, 0, rows = this.#empty(index, 1), false, { steps: 1 });
    else rows = this.sumOf(index);
    const row = { ...plainValue(rows), isRow: true };
    this.set(index, row);
    return row;
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

  /** Rows of every step, or one row where the plan has one, allocated once and then written step by step. */
  open(index: number): Tensor<"f32"> {
    if (!this.has(index)) {
      const isRow = this.#isOne(index);
      this.set(index, { ...plainValue(this.#empty(index, isRow ? 1 : undefined)), isRow });
    }
    return this.get(index).rows;
  }

  /** Adds a term of a sum to another value, or begins it; of one step where `step` is given. */
  addTerm(from: number, delay: number, into: number, isFirst: boolean, step?: number): void {
    if (this.#isOutside(delay, step)) {
      if (isFirst) {
        this.#addTerm(plainValue(this.#context.placeholder), into, delay, this.open(into), false, { step });
      }
      return;
    }
    if (this.#isOne(into)) { // a sum of gradients
      const row = { ...plainValue(this.sumOf(from)), isRow: true };
      this.#addTerm(row, into, 0, this.open(into), !isFirst, { steps: 1 });
      return;
    }
    const value = this.get(from);
    // A bias is there at every step of the value, not before its first.
    const source = value.isRow ? this.#rowValueOf(from) : value.bias ? plainValue(this.rowsOf(from)) : value;
    this.#addTerm(source, into, delay, this.open(into), !isFirst, { step });
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
    { step, steps = this.#context.plan.spec.steps }: {
      readonly step?: number | undefined;
      readonly steps?: number;
    } = {},
  ): void {
    const { backend, plan: { values }, placeholder } = this.#context;
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

  #empty(index: number, steps = this.#context.plan.spec.steps): Tensor<"f32"> {
    const { backend, plan: { values } } = this.#context;
    return backend.allocate("f32", [this.#samples * steps, values[index]!.units]);
  }
}
