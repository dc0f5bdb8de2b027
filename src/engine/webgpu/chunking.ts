/**
 * How a batch is cut up for the device: into chunks, which run one after the other, and groups, whose gradients are summed apart.
 *
 * The cuts follow from the batch's size, the network and the room on the device. They are part of what the bits of a result
 * depend on, for sums run within groups first.
 *
 * @module
 */
import type { Plan } from "../plan.ts";
import type { MemoryNeed } from "../gpu/memory.ts";

/** Rows (samples · steps) that a product for weight gradients sums at a time, about: more rows are more groups side by side. */
const GROUP_ROWS = 1024;

/** The most that the groups' gradients of one layer may take, in bytes: beyond, groups have more rows. */
export const PARTS_BYTES = 32 * 2 ** 20;

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

function groupsOf(samples: number, { spec, layers }: Plan): number {
  const weights = Math.max(...layers.map(({ inputs, units }) => 4 * inputs * units));
  const room = Math.max(1, Math.floor(PARTS_BYTES / weights));
  return Math.min(samples, room, Math.ceil(samples * spec.steps / GROUP_ROWS));
}

/** What a network takes of the device, all buffers of a way forth and back together. */
export function memoryNeedOf({ spec, layers }: Plan): MemoryNeed {
  const { steps, inputs, encoder } = spec;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const weights = layers.map((layer) => layer.inputs * layer.units);
  const units = layers.map((layer) => layer.units);
  const x = encoder.kind === "constant" ? inputs : steps * inputs;
  // A layer's currents, outputs and potentials, δI, and δo of the layer below.
  const states = layers.map((layer) =>
    (4 * steps + 2) * layer.units + (layer.index > 0 ? steps * layer.inputs : 0)
  );
  const parts = weights.map((count) => Math.max(PARTS_BYTES / 4, count));
  return {
    fixed: 4 * (sum(weights) * 3 + sum(parts) + sum(units) * 3),
    largestFixed: 4 * 2 * Math.max(...weights),
    sample: 4 * (x + 2 * inputs + sum(states)),
    largestOfSample: 4 * Math.max(x, ...units.map((count) => (2 * steps + 1) * count)),
  };
}
