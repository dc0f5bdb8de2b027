/**
 * How a batch is cut up for the device: into chunks, which run one after the other, and groups, whose gradients are summed apart.
 *
 * The cuts follow from the batch's size, the network and the room on the device. They are part of what the bits of a result
 * depend on, for sums run within groups first.
 *
 * @module
 */
import { sampleFormOf } from "../../network/encoders.ts";
import { MOST_PLAIN } from "../../../asm/long_sums.wgsl.ts";
import { parameterShapes } from "../../network/model_file.ts";
import { rowsOf } from "../gpu/encoding.ts";
import type { MemoryNeed } from "../gpu/memory.ts";
import type { LayerPlan, Plan } from "../plan.ts";
import { MOST_MOMENTS } from "./device_parameters.ts";
import { kernelsOf } from "./neurons.ts";

/** Rows (samples · steps) that a product for weight gradients sums at a time, about: more rows are more groups side by side. */
const GROUP_ROWS = 1024;

/** Rows of a part where steps are many. */
const PART_ROWS = 64;

/** The most that the groups' gradients of one layer may take, in bytes: beyond, groups have more rows. */
const PARTS_BYTES = 32 * 2 ** 20;

/** One chunk after the other, all of the same size; the last one may have fewer samples that count. */
export interface Cut {
  /** Samples of a chunk, those that only fill it up among them. */
  readonly samples: number;
  /** Groups of a chunk, of samples / groups each. */
  readonly groups: number;
  /** The samples of each chunk that count: from, to. */
  readonly chunks: readonly (readonly [from: number, to: number])[];
}

/**
 * Cuts a batch.
 *
 * @param count Samples of the batch.
 * @param most Samples that a chunk has room for.
 */
export function cutBatch(count: number, plan: Plan, most: number): Cut {
  for (let chunks = Math.ceil(count / most);; chunks++) {
    const each = Math.ceil(count / chunks);
    const groups = groupsOf(each, plan);
    const samples = groups * Math.ceil(each / groups);
    if (samples > most) continue; // filled up to whole groups, they do not fit; a chunk of one sample always does
    return {
      samples,
      groups,
      chunks: Array.from(
        { length: Math.ceil(count / each) },
        (_, i) => [i * each, Math.min(count, (i + 1) * each)] as const,
      ),
    };
  }
}

/** Into how many groups so many samples are cut. */
export function groupsOf(samples: number, plan: Plan): number {
  return Math.min(samples, roomForParts(plan), Math.ceil(samples * plan.spec.steps / GROUP_ROWS));
}

/**
 * Into how many parts the rows of a product for weight gradients are cut, whose sums are added up apart: the groups, or of many steps
 * as many more as there is room for, until a part has {@linkcode PART_ROWS} rows (asm/long_sums.wgsl.ts).
 *
 * @param samples In whole groups.
 */
export function partsOf(plan: Plan, samples: number, groups: number): number {
  const { steps } = plan.spec, rows = Math.ceil(samples / groups) * steps;
  if (steps <= MOST_PLAIN) return groups;
  const least = Math.ceil(rows / PART_ROWS);
  const most = Math.max(1, Math.min(rows, Math.floor(roomForParts(plan) / groups)));
  for (let pieces = least; pieces <= most; pieces++) if (rows % pieces === 0) return groups * pieces;
  for (let pieces = Math.min(least, most); pieces > 1; pieces--) {
    if (rows % pieces === 0) return groups * pieces;
  }
  return groups;
}

/** Gradients of the largest matrix that there is room for. */
function roomForParts({ layers }: Plan): number {
  return Math.max(1, Math.floor(PARTS_BYTES / (4 * Math.max(...layers.map(largestMatrix)))));
}

/** Numbers of a layer's W, or of its V where that is larger. */
function largestMatrix({ inputs, units, recurrent }: LayerPlan): number {
  return units * (recurrent ? Math.max(inputs, units) : inputs);
}

/**
 * What a number of samples take of the device, all buffers of their way forth and back together.
 *
 * @param recordStates All states are kept, to look at.
 */
export function memoryNeedOf(plan: Plan, samples: number, recordStates = false): MemoryNeed {
  const { spec, layers } = plan, { steps, inputs } = spec;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const parameters = parameterShapes(spec).map(([, shape]) =>
    shape.reduce((size, length) => size * length, 1)
  );
  const x = rowsOf(spec) * inputs;
  const parts = layers.map((layer) =>
    partsOf(plan, samples, groupsOf(samples, plan)) * largestMatrix(layer) * (layer.recurrent ? 2 : 1)
  );
  const scanned = layers.map((layer) => {
    const { states } = kernelsOf(layer.neuron, layer.recurrent);
    // Outputs, v, potentials, and currents to look at; spikes; the state of the recurrent form.
    return ((recordStates ? 4 : 3) * steps + 1 + states.scan) * layer.units;
  });
  // Besides: a layer's currents, δI (advanced, too, where it is recurrent), sums and state, and δo of the layer below.
  const others = layers.map((layer) => {
    const { states } = kernelsOf(layer.neuron, layer.recurrent);
    return ((layer.recurrent ? 3 : 2) * steps + 4 + states.scanBack) * layer.units +
      (layer.index > 0 ? steps * layer.inputs : 0);
  });
  const read = steps * plan.classes;
  // Each parameter has its value, its moments and its gradient; features are there as they come and as they are.
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
