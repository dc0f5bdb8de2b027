/**
 * Splits a batch for the device: into micro-batches, which run one after the other, and reduction groups, whose gradients are summed
 * separately.
 *
 * The sizes follow from the batch's size, the network and the device's memory. The bits of a result depend on them, because sums run
 * within reduction groups first.
 */
import { sampleFormOf } from "../../network/encoders.ts";
import { MOST_PLAIN } from "../../../asm/long_sums.wgsl.ts";
import { parameterShapes } from "../../network/model_file.ts";
import { rowsOf } from "../gpu/encoding.ts";
import type { MemoryNeed } from "../gpu/memory.ts";
import type { LayerPlan, Plan } from "../plan.ts";
import { MOST_MOMENTS } from "./device_parameters.ts";
import { kernelsOf } from "./neurons.ts";

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
function roomForParts({ layers }: Plan): number {
  return Math.max(1, Math.floor(PARTS_BYTES / (4 * Math.max(...layers.map(largestMatrix)))));
}

/** Numbers of a layer's W, or of its V where that is larger. */
function largestMatrix({ inputs, units, recurrent }: LayerPlan): number {
  return units * (recurrent ? Math.max(inputs, units) : inputs);
}

/**
 * Device memory for a number of samples, all buffers of the forward and backward pass together.
 *
 * @param recordStates All states are stored, for a trace.
 */
export function memoryNeedOf(plan: Plan, samples: number, recordStates = false): MemoryNeed {
  const { spec, layers } = plan, { steps, inputs } = spec;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const parameters = parameterShapes(spec).map(([, shape]) =>
    shape.reduce((size, length) => size * length, 1)
  );
  const x = rowsOf(spec) * inputs;
  const parts = layers.map((layer) =>
    partsOf(plan, samples, reductionGroupsOf(samples, plan)) * largestMatrix(layer) *
    (layer.recurrent ? 2 : 1)
  );
  const scanned = layers.map((layer) => {
    const { states } = kernelsOf(layer.neuron, layer.recurrent);
    // Outputs, v, potentials, and currents for a trace; spikes; the state of the recurrent form.
    return ((recordStates ? 4 : 3) * steps + 1 + states.scan) * layer.units;
  });
  // A layer's currents, δI (twice where it is recurrent, for the advanced copy), sums and state, and δo of the layer below.
  const others = layers.map((layer) => {
    const { states } = kernelsOf(layer.neuron, layer.recurrent);
    return ((layer.recurrent ? 3 : 2) * steps + 4 + states.scanBack) * layer.units +
      (layer.index > 0 ? steps * layer.inputs : 0);
  });
  const read = steps * plan.classes;
  // Each parameter has its value, its moments and its gradient; features are stored as uploaded and as decoded.
  const floats = (2 + MOST_MOMENTS) * sum(parameters) + sum(parts) +
    samples * (x + 2 * sampleFormOf(spec).size + read + sum(scanned) + sum(others));
  return {
    total: 4 * floats,
    buffers: [
      { what: "one layer's weights", bytes: 4 * (1 + MOST_MOMENTS) * Math.max(...parameters) },
      { what: "the parts of one layer's gradient", bytes: 4 * Math.max(...parts) },
      { what: "the inputs of all steps", bytes: 4 * samples * x },
      { what: "the states of all steps", bytes: 4 * samples * Math.max(...scanned) },
    ],
  };
}
