/**
 * Layout of a sample's numbers, or of a unit's weights, in a picture.
 *
 * A picture has its own rows and columns. A sequence is a raster: steps from left to right, channels upwards. Other lists of
 * numbers are a single row.
 */
import type { Samples } from "../data/samples.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";

/** A layout: the kind of numbers, and the cells of their picture. */
export interface Layout {
  readonly of: "picture" | "sequence" | "channels" | "changes" | "list";
  readonly rows: number;
  readonly columns: number;
}

/** Maximum cells of a picture; of more, each shows the mean of several. */
const MOST_ROWS = 128, MOST_COLUMNS = 256;

/** The layout of samples, of several channels below each other; those without rows and columns are squares if their size is one. */
export function layoutOfSamples({ size, steps, picture }: Samples): Layout {
  if (picture) {
    return { of: "picture", rows: (picture.channels ?? 1) * picture.rows, columns: picture.columns };
  }
  if (steps !== undefined) return { of: "sequence", rows: size / steps, columns: steps };
  const side = Math.sqrt(size);
  return Number.isInteger(side) && side > 1
    ? { of: "picture", rows: side, columns: side }
    : { of: "list", rows: 1, columns: size };
}

/** Samples with their steps, which the network of sequences has if the data set lacks them. */
export function asPresented(samples: Samples, spec: NetworkSpec): Samples {
  return sampleFormOf(spec).isSequence && samples.steps === undefined
    ? { ...samples, steps: spec.steps }
    : samples;
}

/**
 * The layout of the weights with which a unit reads the input: the input's, where it is a picture (its channels below each other), or the
 * samples' own, where an input is a whole sample.
 */
export function layoutOfWeights(spec: NetworkSpec, samples: Samples): Layout {
  const { inputs, inputShape: [planes, height, width] } = structureOf(spec);
  const { isSequence, channels } = sampleFormOf(spec);
  if (height !== undefined && width !== undefined) {
    return { of: "picture", rows: planes * height, columns: width };
  }
  if (!isSequence && samples.size === inputs) return layoutOfSamples(samples);
  if (!isSequence) return { of: "list", rows: 1, columns: inputs };
  return inputs === channels
    ? { of: "channels", rows: 1, columns: channels }
    : { of: "changes", rows: 2, columns: channels };
}

/** A picture's cells, from the top left, row by row. */
export interface Cells {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Lays out a sample or a unit's weights, in their order: a picture's rows from the top, a sequence's steps. */
export function layOut(values: ArrayLike<number>, { of, rows, columns }: Layout): Cells {
  const at = of === "sequence"
    ? (row: number, column: number) => column * rows + (rows - 1 - row)
    : (row: number, column: number) => row * columns + column;
  const perRow = Math.ceil(rows / MOST_ROWS), perColumn = Math.ceil(columns / MOST_COLUMNS);
  const cells = { rows: Math.ceil(rows / perRow), columns: Math.ceil(columns / perColumn) };
  const means = new Float32Array(cells.rows * cells.columns);
  for (let i = 0; i < means.length; i++) {
    const top = Math.floor(i / cells.columns) * perRow, left = (i % cells.columns) * perColumn;
    const bottom = Math.min(rows, top + perRow), right = Math.min(columns, left + perColumn);
    let sum = 0;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) sum += values[at(row, column)] ?? 0;
    }
    means[i] = sum / ((bottom - top) * (right - left));
  }
  return { ...cells, values: means };
}
