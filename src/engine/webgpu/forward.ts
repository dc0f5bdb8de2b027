/**
 * The forward pass of a micro-batch: a plan's steps for all samples and time steps at once.
 *
 * Matrices have `[samples · steps]` rows, a sample's steps in their order; a sample's scan never crosses a micro-batch. There are no
 * lists of spikes: a unit that stays silent costs as much as any other, for a device's time goes into moving rows.
 */
import { COPY } from "../../../asm/gradient.wgsl.ts";
import { ADD_RATE_LOSS, CROSS_ENTROPY, FIRING_RATES, MEAN_SQUARED_ERROR } from "../../../asm/loss.wgsl.ts";
import { READ_LARGEST, READ_STATES } from "../../../asm/readout.wgsl.ts";
import { recurrentCalls, SAMPLE_INFO_COLUMNS } from "../../../asm/scan.wgsl.ts";
import {
  COUNT_SPIKES,
  COUNT_UNIT_SPIKES,
  KEEP_SCORES,
  SUM_UNITS,
  UNITS_TOGETHER,
} from "../../../asm/scores.wgsl.ts";
import type { Tensor } from "../gpu/backend.ts";
import { encodeRows } from "../gpu/encoding.ts";
import type { ForwardStep, PopulationPlan, Product } from "../plan/plan.ts";
import type { DeviceContext, MicroBatch, Scanned } from "./device_context.ts";
import { DeviceValues, plainValue } from "./device_values.ts";
import { OperatorSteps } from "./operator_steps.ts";

/** Results of the forward pass on the device. */
export interface ForwardResult {
  /** See {@linkcode MicroBatch.sampleInfo}. */
  readonly sampleInfo: Tensor<"i32">;
  readonly values: DeviceValues;
  readonly operators: OperatorSteps;
  /** Each population's. */
  readonly scanned: readonly Scanned[];
  /** Share of each population's units and steps that spiked, `[samples]`, where the loss needs it. */
  readonly rates: ReadonlyMap<number, Tensor<"f32">>;
  /** See `READ_STATES` and `READ_LARGEST`. */
  readonly logits: Tensor<"f32">;
  /** See loss.wgsl.ts. */
  readonly losses: Tensor<"f32">;
}

/** A micro-batch's forward pass. All tensors are temporary: run it, and the backward pass, within `Backend.scoped`. */
export class ForwardPass {
  readonly #context: DeviceContext;
  readonly #microBatch: MicroBatch;
  readonly #values: DeviceValues;
  readonly #operators: OperatorSteps;
  readonly #scanned = new Map<number, Scanned>();
  readonly #rates = new Map<number, Tensor<"f32">>();
  readonly #sampleInfo: Tensor<"i32">;
  #logits: Tensor<"f32"> | undefined;
  #losses: Tensor<"f32"> | undefined;

  constructor(context: DeviceContext, microBatch: MicroBatch) {
    const { samples, sampleInfo } = microBatch;
    this.#context = context;
    this.#microBatch = microBatch;
    this.#values = new DeviceValues(context, samples);
    this.#sampleInfo = context.backend.upload(sampleInfo, [samples, SAMPLE_INFO_COLUMNS]);
    this.#operators = new OperatorSteps(context, microBatch, this.#values, this.#sampleInfo);
  }

  /** Records the forward pass. */
  run(): ForwardResult {
    this.#copyConstants();
    for (const step of this.#context.plan.forward) this.#execute(step);
    this.#keepScores();
    return {
      sampleInfo: this.#sampleInfo,
      values: this.#values,
      operators: this.#operators,
      scanned: this.#context.plan.populations.map(({ index }) => made(this.#scanned.get(index))),
      rates: this.#rates,
      logits: made(this.#logits),
      losses: made(this.#losses),
    };
  }

  /** Puts constants that have a tensor among those of their population. */
  #copyConstants(): void {
    const { backend, plan: { populations }, parameters, constants: rows } = this.#context;
    for (const { index, units, constants } of populations) {
      constants.forEach(({ tensor }, row) => {
        if (tensor === undefined) return;
        backend.run(COPY, {
          inputs: { values: parameters.valuesOf(tensor) },
          uniforms: { begin: row * units },
          invocations: units,
          output: rows[index]!,
        });
      });
    }
  }

  /** @param t The one time step that is to be computed, in a loop. */
  #execute(step: ForwardStep, t?: number): void {
    const { plan, backend, pixels } = this.#context;
    switch (step.kind) {
      case "encode": {
        const rows = encodeRows(backend, plan.spec, pixels, this.#microBatch.packed);
        const isRow = plan.values[plan.input]!.rows === "one";
        this.#values.set(plan.input, { ...plainValue(rows), isRow });
        return;
      }
      case "unpack":
        this.#values.set(step.into, this.#values.get(plan.input));
        return;
      case "matmul":
      case "matmulRow":
        this.#multiply(plan.products[step.product]!, t);
        return;
      case "sumBatch":
        this.#operators.sumBatch(plan.operators[step.operator]!);
        return;
      case "operate":
        this.#operators.forward(plan.operators[step.operator]!, t);
        return;
      case "sum":
        addSum(this.#context, this.#values, step, t);
        return;
      case "scan":
        this.#scan(plan.populations[step.population]!, undefined, t);
        return;
      case "scanRecurrent":
        this.#scan(plan.populations[step.population]!, plan.products[step.product]!);
        return;
      case "loop":
        for (let now = 0; now < plan.spec.steps; now++) {
          for (const inner of step.body) this.#execute(inner, now);
        }
        return;
      case "read":
        this.#read();
        return;
      case "loss":
        this.#computeLoss();
        return;
      case "count":
      case "list":
      case "listInputs":
      case "select":
      case "pack":
      case "inputMatmul":
      case "scanSpikes":
      case "weigh":
      case "readProduct":
        throw new Error(`${step.kind}: a plan without events has no such step`);
      default:
        step satisfies never;
    }
  }

  #multiply({ weight, bias: biasName, input: { value, delay }, output }: Product, t?: number): void {
    const { backend, parameters } = this.#context, weights = parameters.valuesOf(weight);
    const bias = biasName === undefined ? undefined : parameters.valuesOf(biasName);
    if (t !== undefined) {
      this.#values.putRows(output, t, backend.matmul(this.#values.rowsAt(value, t - delay), weights), bias);
      return;
    }
    const { isRow } = this.#values.get(value);
    const rows = backend.matmul(isRow ? this.#values.get(value).rows : this.#values.rowsOf(value), weights);
    this.#values.set(output, { rows, isRow, delay, bias });
  }

  #scan(population: PopulationPlan, recurrence?: Product, t?: number): void {
    const { backend, plan, parameters, neurons } = this.#context;
    const { spec: { steps }, readout, top } = plan;
    const { samples, withGradient } = this.#microBatch;
    const { index, units, learned, input, output } = population;
    const { scan, uniforms, states } = neurons[index]!;
    const total = samples * units, count = total * steps;
    const begun = this.#scanned.get(index);
    let size = count + total;
    const place = (isWanted: boolean, room: number) => {
      const at = isWanted ? size : -1;
      if (isWanted) size += room;
      return at;
    };
    const distancesAt = place(withGradient || this.#context.recordStates, count);
    const isRead = index === top && readout.from === "state";
    const needsPotentials = withGradient && learned.some(({ name }) => name === "decay");
    const potentialsAt = place(this.#context.recordStates || isRead || needsPotentials, count);
    const currentsAt = place(this.#context.recordStates, count);
    const stateAt = place(states.scan > 0, states.scan * total);
    // In a loop the currents are rows of every step, of which this one's are there.
    const { rows, isRow, delay, bias } = t === undefined
      ? this.#values.get(input)
      : plainValue(this.#values.rowsOf(input));
    const tensor = backend.run(scan, {
      inputs: {
        currents: rows,
        bias: bias ?? this.#context.vectorOf(0, units),
        sampleInfo: this.#sampleInfo,
        constants: this.#context.constants[index]!,
        ...(recurrence && { recurrent: parameters.valuesOf(recurrence.weight) }),
      },
      uniforms: {
        ...uniforms,
        samples,
        steps,
        units,
        sampleStride: isRow ? units : steps * units,
        stepStride: isRow ? 0 : units,
        delay,
        distancesAt,
        potentialsAt,
        currentsAt,
        stateAt,
        ...(t !== undefined && { step: t }),
      },
      invocations: recurrence ? recurrentCalls(samples) : total,
      output: begun ? begun.tensor : [size],
    });
    this.#scanned.set(index, { tensor, spikesAt: count, distancesAt, potentialsAt, currentsAt, stateAt });
    this.#values.set(output, plainValue(backend.view(tensor, [samples * steps, units])));
  }

  #read(): void {
    const { backend, plan: { spec: { steps }, classes, readout, top } } = this.#context;
    const { samples } = this.#microBatch;
    const { tensor, potentialsAt } = made(this.#scanned.get(top));
    const isLargest = readout.reduce === "max";
    this.#logits = backend.run(isLargest ? READ_LARGEST : READ_STATES, {
      inputs: { scanned: tensor, sampleInfo: this.#sampleInfo },
      uniforms: { steps, classes, begin: readout.from === "state" ? potentialsAt : 0 },
      invocations: samples * classes,
      output: [isLargest ? 2 : 1, samples, classes],
    });
  }

  #computeLoss(): void {
    const { backend, plan: { classes, loss, populations } } = this.#context;
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
    for (const { index, units, rate } of populations) {
      if (!rate) continue;
      const { tensor, columns, begin } = this.#spikesOf(index);
      const rates = backend.run(FIRING_RATES, {
        inputs: { scanned: tensor, sampleInfo: this.#sampleInfo },
        uniforms: { units, columns, begin },
        invocations: samples,
        output: [samples],
      });
      this.#rates.set(index, rates);
      backend.run(ADD_RATE_LOSS, {
        inputs: { rates },
        uniforms: { begin: 2 * samples * classes, weight: rate.weight, wanted: rate.target },
        invocations: samples,
        output: losses,
      });
    }
  }

  /** Spikes of a population's units in each sample, `[samples, columns]` from `begin` on; of many units, some together. */
  #spikesOf(index: number): { tensor: Tensor<"f32">; columns: number; begin: number } {
    const { backend, plan: { populations } } = this.#context, { samples } = this.#microBatch;
    const { units } = populations[index]!, { tensor, spikesAt } = made(this.#scanned.get(index));
    if (units <= UNITS_TOGETHER) return { tensor, columns: units, begin: spikesAt };
    const parts = Math.ceil(units / UNITS_TOGETHER);
    const sums = backend.run(SUM_UNITS, {
      inputs: { scanned: tensor },
      uniforms: { units, parts, begin: spikesAt },
      invocations: samples * parts,
      output: [samples, parts],
    });
    return { tensor: sums, columns: parts, begin: 0 };
  }

  #keepScores(): void {
    const { backend, plan: { populations, classes, top } } = this.#context;
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
    for (const { index, units } of populations) {
      if (index === top) continue;
      const { tensor: spikes, columns, begin } = this.#spikesOf(index);
      backend.run(COUNT_SPIKES, {
        inputs: { scanned: spikes },
        uniforms: { offset, columns, begin },
        invocations: counted,
        output: scores,
      });
      if (unitSpikes) {
        const { tensor, spikesAt } = made(this.#scanned.get(index));
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

/** Sums values; of one time step where `t` is given. */
export function addSum(
  { parameters, vectorOf, plan }: DeviceContext,
  values: DeviceValues,
  { terms, vector, into }: Extract<ForwardStep, { kind: "sum" }>,
  t?: number,
): void {
  terms.forEach(({ value, delay }, i) => values.addTerm(value, delay, into, i === 0, t));
  if (!vector) return;
  const { units } = plan.values[into]!;
  values.addVector(
    "tensor" in vector ? parameters.valuesOf(vector.tensor) : vectorOf(vector.value, units),
    into,
    t,
  );
}

/** What a step before this one has left; that it has is the plan's promise. */
export function made<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("a step of the plan came before one that it needs");
  return value;
}
