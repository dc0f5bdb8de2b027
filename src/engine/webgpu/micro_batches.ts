/**
 * Splits a batch for the device: into micro-batches, which run one after the other, and reduction groups, whose gradients are summed
 * separately.
 *
 * The sizes follow from the batch's size, the network and the device's memory. The bits of a result depend on them, because sums run
 * within reduction groups first.
 */
import { EngineError } from "../../errors.ts";
import { sampleFormOf } from "../../network/encoders.ts";
import { count as countOf } from "../../text/figures.ts";
import { MOST_PLAIN } from "../../../asm/long_sums.wgsl.ts";
import { rowsOf } from "../gpu/encoding.ts";
import type { MemoryNeed } from "../gpu/memory.ts";
import type { Plan, Product } from "../plan/plan.ts";
import { MOST_MOMENTS } from "./device_parameters.ts";
import { kernelsOf } from "./neurons.ts";
import { gradientPartsOf } from "./operators.ts";

/** About how many rows (samples · steps) a product for weight gradients sums at a time; more rows make more reduction groups. */
const GROUP_ROWS = 1024;

/** Rows of a part of a sum over many steps. */
const PART_ROWS = 64;

/** The most bytes of one layer's partial gradients; to stay below, reduction groups have more rows. */
const PARTS_BYTES = 32 * 2 ** 20;

/** Micro-batches of one size, the last of which may have fewer samples that count. */
export interface Cut {
  /** Samples of a micro-batch, including padding. */
  readonly samples: number;
  /** Reduction groups of a micro-batch, all of one size. */
  readonly reductionGroups: number;
  /** The samples of each micro-batch that count: from, to. */
  readonly microBatches: readonly (readonly [from: number, to: number])[];
}

/**
 * Splits a batch.
 *
 * @param count Samples of the batch.
 * @param most The most samples of a micro-batch.
 */
export function cutBatch(count: number, plan: Plan, most: number): Cut {
  for (let microBatches = Math.ceil(count / most);; microBatches++) {
    const each = Math.ceil(count / microBatches);
    const reductionGroups = reductionGroupsOf(each, plan);
    const samples = reductionGroups * Math.ceil(each / reductionGroups);
    if (samples > most) continue; // with padding they do not fit; a micro-batch of one sample always does
    return {
      samples,
      reductionGroups,
      microBatches: Array.from(
        { length: Math.ceil(count / each) },
        (_, i) => [i * each, Math.min(count, (i + 1) * each)] as const,
      ),
    };
  }
}

/**
 * Checks that a training batch goes in one micro-batch, where an operator normalises over its samples.
 *
 * @param count Samples of the batch.
 * @param most The most samples of a micro-batch.
 * @throws {EngineError} when it would be cut.
 */
export function checkTogether(plan: Plan, count: number, most: number): void {
  const operator = plan.operators.find(({ batchSums }) => batchSums > 0);
  const isCut = (samples: number) => cutBatch(samples, plan, most).microBatches.length > 1;
  if (!operator || !isCut(count)) return;
  let fit = most;
  while (isCut(fit)) fit--; // padding takes room, too; one sample always fits
  throw new EngineError(
    `webgpu: node ${operator.node} normalises over the samples of a batch, which must be on the device together: ` +
      `${countOf(count)} samples, but ${
        countOf(fit)
      } fit: give more memory by --gpu-memory, a smaller --batch-size, ` +
      "or take --engine wasm",
  );
}

/** Number of reduction groups for a number of samples. */
export function reductionGroupsOf(samples: number, plan: Plan): number {
  return Math.min(samples, roomForParts(plan), Math.ceil(samples * plan.spec.steps / GROUP_ROWS));
}

/**
 * Number of parts in which a product for weight gradients is summed: the reduction groups, or, for many steps, as many more as fit the
 * memory, until a part has {@linkcode PART_ROWS} rows (asm/long_sums.wgsl.ts).
 *
 * @param samples A multiple of the reduction groups.
 */
export function partsOf(plan: Plan, samples: number, reductionGroups: number): number {
  const { steps } = plan.spec, rows = Math.ceil(samples / reductionGroups) * steps;
  if (steps <= MOST_PLAIN) return reductionGroups;
  const least = Math.ceil(rows / PART_ROWS);
  const most = Math.max(1, Math.min(rows, Math.floor(roomForParts(plan) / reductionGroups)));
  for (let pieces = least; pieces <= most; pieces++) if (rows % pieces === 0) return reductionGroups * pieces;
  for (let pieces = Math.min(least, most); pieces > 1; pieces--) {
    if (rows % pieces === 0) return reductionGroups * pieces;
  }
  return reductionGroups;
}

/** How many gradients of the largest matrix fit the memory for parts. */
function roomForParts({ products }: Plan): number {
  return partsInRoom(Math.max(1, ...products.map(sizeOfMatrix)));
}

/** How many parts of a gradient fit the memory for them. @param numbers Of the gradient. */
export function partsInRoom(numbers: number): number {
  return Math.max(1, Math.floor(PARTS_BYTES / (4 * numbers)));
}

function sizeOfMatrix({ inputs, units }: Product): number {
  return units * inputs;
}

/**
 * Device memory for a number of samples: all buffers of their forward and backward pass together.
 *
 * @param recordStates All states are stored, for a trace.
 */
export function memoryNeedOf(plan: Plan, samples: number, recordStates = false): MemoryNeed {
  const { spec, tensors, products, operators, populations, values } = plan, { steps } = spec;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const parameters = tensors.map(({ shape }) => shape.reduce((size, length) => size * length, 1));
  const x = rowsOf(spec) * values[plan.input]!.units;
  const rowsOfValue = (index: number) => (values[index]!.rows === "one" ? 1 : steps) * values[index]!.units;
  const sizes = new Map(tensors.map(({ name }, i) => [name, parameters[i]!]));
  const parts = [
    ...products.map((product) =>
      partsOf(plan, samples, reductionGroupsOf(samples, plan)) * sizeOfMatrix(product)
    ),
    ...operators.flatMap((operator) => {
      const rows = values[operator.output]!.rows === "one" ? samples : samples * steps;
      return gradientPartsOf(plan, operator, rows).map(({ tensor, parts }) => {
        const numbers = sizes.get(tensor)!;
        // Statistics have as many parts as gradients.
        return (operator.batchSums > 0 ? 2 : 1) * Math.min(parts, partsInRoom(numbers)) * numbers;
      });
    }),
  ];
  // Outputs, v, potentials, and currents for a trace; spikes; the state of the recurrent and the stepped form.
  const scanned = populations.map((population) =>
    ((recordStates ? 4 : 3) * steps + 1 + kernelsOf(plan, population).states.scan) * population.units
  );
  const sums = populations.map((population) =>
    (4 + kernelsOf(plan, population).states.scanBack) * population.units
  );
  // Outputs of populations lie in what their scans leave. A product's gradient may be written out once more, shifted, and its rows where
  // an operator reads them.
  const outputs = new Set(populations.map(({ output }) => output));
  const rows = values.map(({ index }) => outputs.has(index) ? 0 : rowsOfValue(index));
  const shifted = products.map(({ units, input: { delay } }) => delay * steps * units);
  const written = products.map(({ output }) =>
    operators.some(({ input }) => input === output) ? rowsOfValue(output) : 0
  );
  const operands = operators.flatMap(({ input, output }) => [rowsOfValue(input), rowsOfValue(output)]);
  // Each parameter has its value, its moments and its gradient; features are stored as uploaded and as decoded. A moving average comes
  // on top, since no engine knows of it before the first update.
  const floats = (2 + MOST_MOMENTS) * sum(parameters) + sum(parts) +
    samples *
      (2 * sampleFormOf(spec).size + sum(rows) + sum(shifted) + sum(written) + sum(scanned) + sum(sums));
  return {
    total: 4 * floats,
    buffers: [
      { what: "one layer's weights", bytes: 4 * (1 + MOST_MOMENTS) * Math.max(...parameters) },
      { what: "the parts of one layer's gradient", bytes: 4 * Math.max(0, ...parts) },
      { what: "the inputs of all steps", bytes: 4 * samples * x },
      { what: "the states of all steps", bytes: 4 * samples * Math.max(...scanned) },
      ...(operands.length > 0
        ? [{ what: "the rows of one operator", bytes: 4 * samples * Math.max(...operands) }]
        : []),
    ],
  };
}
