/**
 * Augmentation: a training picture is moved, mirrored and cut a little differently in each epoch.
 *
 * Output pixel p takes the picture's brightness at q, between pixels by linear interpolation, 0 outside:
 *
 *     q = c + R(α)·(p − c) / z − s − n + e(p)
 *
 * c is the picture's middle, R(α) a rotation, z a zoom, s a shift, n a shift by whole pixels and e a smooth random field. A picture
 * that is flipped is mirrored before, and a square is cut out of it afterwards. All planes of a picture move alike. All of this is a
 * pure function of (seed, epoch, sample), so it depends neither on threads nor on batches.
 *
 * Elastic deformation is that of Simard, Steinkraus & Platt (Best practices for convolutional neural networks applied to
 * visual document analysis, 2003): displacements drawn uniformly for each pixel and smoothed by a Gaussian of deviation σ. Here
 * the field is a cubic B-spline (Rueckert et al., Nonrigid registration using free-form deformations, 1999) of the same
 * smoothness, whose control points lie σ·√3 apart: a fiftieth of the draws, a tenth of the sums. Random crops and flips are those of
 * He et al., Deep residual learning for image recognition (2016), section 4.2; cut-out is that of DeVries & Taylor, Improved
 * regularization of convolutional neural networks with cutout (2017).
 */
import { type DrawKey, drawKey, STREAM, uniform } from "../random.ts";
import { areEvents, spreadEvents } from "./events.ts";
import type { Samples } from "./samples.ts";

/** How much pictures are changed; a kind that is left out, or 0, is not applied. */
export interface Augmentation {
  /** Each picture is shifted by up to so many pixels along either axis: uniform in ±shift. */
  readonly shift?: number;
  /** Each picture is rotated by up to so many degrees: uniform in ±rotate. */
  readonly rotate?: number;
  /**
   * Each picture is bent: the root mean square of a pixel's displacement along either axis, in pixels. Simard's α = 34 is 1.4.
   * σ is a seventh of the picture's shorter side, 4 pixels for MNIST as in the paper.
   */
  readonly elastic?: number;
  /** Each picture is enlarged or reduced by up to this share, about its middle: by a factor uniform in 1 ± scale. */
  readonly scale?: number;
  /** Each picture is mirrored, left to right, with this probability. */
  readonly flip?: number;
  /**
   * A window of the picture's size is cut from the picture with so many pixels of 0 at each side: a shift by whole pixels, along
   * either axis uniform in −crop … crop.
   */
  readonly crop?: number;
  /** A square of so many pixels a side is set to 0. Its middle is uniform in the picture, so that parts may lie outside. */
  readonly cutout?: number;
}

/** The sizes of kinds that are given by name alone. */
export const AUGMENTATION_DEFAULTS: Required<Augmentation> = {
  shift: 2,
  rotate: 10,
  elastic: 1,
  scale: 0.1,
  flip: 0.5,
  crop: 4,
  cutout: 8,
};

/** The largest that makes sense of each. */
export const AUGMENTATION_LIMITS: Required<Augmentation> = {
  shift: 1000,
  rotate: 180,
  elastic: 1000,
  scale: 0.9,
  flip: 1,
  crop: 1000,
  cutout: 1000,
};

/** The kinds whose sizes are whole numbers. */
export const WHOLE_AUGMENTATIONS: readonly string[] = ["crop", "cutout"] satisfies (keyof Augmentation)[];

/** Root mean square of a two-dimensional cubic B-spline whose control points are uniform in ±1: √⅓ · ∫B² = √⅓ · 151 / 315. */
const SPLINE_RMS = Math.sqrt(1 / 3) * 151 / 315;

/** Counters of the draws; those of control points follow. */
const SHIFT_X = 0, SHIFT_Y = 1, ANGLE = 2, CONTROL = 3;
/** Counters from 2³¹ on, which no control point reaches: they leave the draws of a run begun before there were these as they were. */
const ZOOM = 2 ** 31,
  FLIP = ZOOM + 1,
  CROP_X = ZOOM + 2,
  CROP_Y = ZOOM + 3,
  CUT_X = ZOOM + 4,
  CUT_Y = ZOOM + 5;

/**
 * Makes sure that an augmentation can be done.
 *
 * @throws {RangeError} when a size is out of its range; the message names it.
 */
export function checkAugmentation(augmentation: Augmentation): void {
  for (const [kind, size] of Object.entries(augmentation)) {
    const limits = new Map(Object.entries(AUGMENTATION_LIMITS)), most = limits.get(kind);
    if (most === undefined) {
      throw new RangeError(`augmentation.${kind}: unknown kind; expected ${[...limits.keys()].join(", ")}`);
    }
    const isWhole = WHOLE_AUGMENTATIONS.includes(kind);
    if (!(typeof size === "number" && size >= 0 && size <= most && (!isWhole || Number.isInteger(size)))) {
      throw new RangeError(
        `augmentation.${kind}: ${size}, expected ${isWhole ? "a whole number, " : ""}0 to ${most}`,
      );
    }
  }
}

/** One axis of the control points: for each pixel the first of the four that it depends on, and their weights. */
interface SplineAxis {
  readonly controls: number;
  readonly first: Int32Array;
  /** `[pixels][4]`. */
  readonly weights: Float64Array;
}

function splineAxis(pixels: number, spacing: number): SplineAxis {
  const first = new Int32Array(pixels), weights = new Float64Array(4 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel / spacing, t = at - Math.floor(at);
    first[pixel] = Math.floor(at);
    weights.set([
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ], 4 * pixel);
  }
  return { controls: (first[pixels - 1] ?? 0) + 4, first, weights };
}

/** A shift by whole pixels: uniform in −`most` … `most`. */
function wholeShift(key: DrawKey, counter: number, most: number): number {
  return Math.floor(uniform(key, counter) * (2 * most + 1)) - most;
}

/** Augments pictures of one size; its buffers are allocated once. */
export class Augmenter {
  /** From top to bottom. */
  readonly rows: number;
  /** From left to right. */
  readonly columns: number;
  /** Planes of a picture. */
  readonly channels: number;
  readonly #down: SplineAxis;
  readonly #across: SplineAxis;
  /** Each plane with a border of zeros: `[channels][rows + 2][columns + 2]`. */
  readonly #padded: Float64Array;
  /** Control points' displacements, smoothed along the columns: `[controls down][columns]`. */
  readonly #bentX: Float64Array;
  readonly #bentY: Float64Array;
  readonly #moved: Uint8Array;

  /** For pictures of so many rows, columns and, one unless it is given, planes. */
  constructor({ rows, columns, channels = 1 }: NonNullable<Samples["picture"]>) {
    this.rows = rows;
    this.columns = columns;
    this.channels = channels;
    const spacing = Math.sqrt(3) * Math.max(1, Math.min(rows, columns) / 7);
    this.#down = splineAxis(rows, spacing);
    this.#across = splineAxis(columns, spacing);
    this.#padded = new Float64Array(channels * (rows + 2) * (columns + 2));
    this.#bentX = new Float64Array(this.#down.controls * columns);
    this.#bentY = new Float64Array(this.#down.controls * columns);
    this.#moved = new Uint8Array(channels * rows * columns);
  }

  /**
   * Augments one picture.
   *
   * @param pixels `[channels, rows, columns]` from `at` on.
   * @param key Of `STREAM.augmentation`.
   * @returns `[channels, rows, columns]`, overwritten by the next call.
   */
  augment(pixels: Uint8Array, at: number, augmentation: Augmentation, key: DrawKey): Uint8Array {
    const { elastic = 0, flip = 0, cutout = 0 } = augmentation;
    this.#copy(pixels, at, uniform(key, FLIP) < flip);
    if (elastic > 0) this.#bend(elastic / SPLINE_RMS, key);
    this.#move(augmentation, key);
    if (cutout > 0) this.#cut(cutout, key);
    return this.#moved;
  }

  /** Copies a picture into its borders of zeros, mirrored or as it is. */
  #copy(pixels: Uint8Array, at: number, isMirrored: boolean): void {
    const { rows, columns, channels } = this, padded = this.#padded, width = columns + 2;
    const step = isMirrored ? -1 : 1;
    for (let channel = 0, begin = width + 1; channel < channels; channel++, begin += width * (rows + 2)) {
      for (let row = 0; row < rows; row++) {
        let to = begin + row * width + (isMirrored ? columns - 1 : 0);
        for (let column = 0; column < columns; column++, to += step) padded[to] = pixels[at++]!;
      }
    }
  }

  /** Writes the pixels of the moved picture. */
  #move({ shift = 0, rotate = 0, elastic = 0, scale = 0, crop = 0 }: Augmentation, key: DrawKey): void {
    const { rows, columns } = this;
    const padded = this.#padded, moved = this.#moved, width = columns + 2;
    const numbers = moved.length, plane = rows * columns, paddedPlane = (rows + 2) * width;
    const angle = (2 * uniform(key, ANGLE) - 1) * rotate * Math.PI / 180;
    const zoom = 1 + (2 * uniform(key, ZOOM) - 1) * scale;
    const cos = Math.cos(angle) / zoom, sin = Math.sin(angle) / zoom;
    const middleX = (columns - 1) / 2, middleY = (rows - 1) / 2;
    const fromX = middleX - (2 * uniform(key, SHIFT_X) - 1) * shift - wholeShift(key, CROP_X, crop);
    const fromY = middleY - (2 * uniform(key, SHIFT_Y) - 1) * shift - wholeShift(key, CROP_Y, crop);
    const mostX = columns - 1e-9, mostY = rows - 1e-9;
    const { first, weights } = this.#down, bentX = this.#bentX, bentY = this.#bentY;
    for (let row = 0, pixel = 0; row < rows; row++) {
      const y = row - middleY, control = first[row]! * columns;
      const w0 = weights[4 * row]!, w1 = weights[4 * row + 1]!;
      const w2 = weights[4 * row + 2]!, w3 = weights[4 * row + 3]!;
      for (let column = 0; column < columns; column++, pixel++) {
        const x = column - middleX;
        let qx = fromX + cos * x - sin * y, qy = fromY + sin * x + cos * y;
        if (elastic > 0) {
          const c0 = control + column, c1 = c0 + columns, c2 = c1 + columns, c3 = c2 + columns;
          qx += w0 * bentX[c0]! + w1 * bentX[c1]! + w2 * bentX[c2]! + w3 * bentX[c3]!;
          qy += w0 * bentY[c0]! + w1 * bentY[c1]! + w2 * bentY[c2]! + w3 * bentY[c3]!;
        }
        // Pixels outside come from the border of zeros.
        qx = qx < -1 ? -1 : qx > mostX ? mostX : qx;
        qy = qy < -1 ? -1 : qy > mostY ? mostY : qy;
        const left = (qx + 1 | 0) - 1, top = (qy + 1 | 0) - 1;
        const right = qx - left, below = qy - top;
        let corner = (top + 1) * width + left + 1;
        for (let to = pixel; to < numbers; to += plane, corner += paddedPlane) {
          const upper = padded[corner]! + right * (padded[corner + 1]! - padded[corner]!);
          const lower = padded[corner + width]! +
            right * (padded[corner + width + 1]! - padded[corner + width]!);
          moved[to] = (upper + below * (lower - upper) + 0.5) | 0;
        }
      }
    }
  }

  /** Sets a square to 0. @param side In pixels. */
  #cut(side: number, key: DrawKey): void {
    const { rows, columns, channels } = this, moved = this.#moved;
    const left = Math.floor(uniform(key, CUT_X) * columns) - (side >> 1);
    const top = Math.floor(uniform(key, CUT_Y) * rows) - (side >> 1);
    const from = Math.max(0, left), to = Math.min(columns, left + side);
    for (let channel = 0; channel < channels; channel++) {
      for (let row = Math.max(0, top); row < Math.min(rows, top + side); row++) {
        const begin = (channel * rows + row) * columns;
        moved.fill(0, begin + from, begin + to);
      }
    }
  }

  /** Draws control points in ±`size` and smooths them along the columns. */
  #bend(size: number, key: DrawKey): void {
    const { columns } = this, bentX = this.#bentX, bentY = this.#bentY;
    const { controls, first, weights } = this.#across;
    const drawnX = new Float64Array(controls), drawnY = new Float64Array(controls);
    let counter = CONTROL;
    for (let control = 0, to = 0; control < this.#down.controls; control++) {
      for (let i = 0; i < controls; i++) {
        drawnX[i] = (2 * uniform(key, counter++) - 1) * size;
        drawnY[i] = (2 * uniform(key, counter++) - 1) * size;
      }
      for (let column = 0; column < columns; column++, to++) {
        let x = 0, y = 0;
        for (let i = 0, from = first[column]!; i < 4; i++, from++) {
          const weight = weights[4 * column + i]!;
          x += weight * drawnX[from]!;
          y += weight * drawnY[from]!;
        }
        bentX[to] = x;
        bentY[to] = y;
      }
    }
  }
}

/** The features of samples for an engine: as they are in the data set, or augmented. */
export class SampleFeatures {
  readonly #seed: number;
  #augmenter: Augmenter | undefined;
  /** The numbers of a sample that is kept as events. */
  #spread = new Float32Array(0);

  /** @param seed Of the augmentation: the engine's. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * The features of a sample, from `start` on. Augmented features, and those of events, are overwritten by the next call.
   *
   * @param epoch Which pass over the data: pictures are changed differently in each.
   */
  of(
    samples: Samples,
    index: number,
    epoch: number,
    augmentation: Augmentation | undefined,
  ): { readonly features: Uint8Array | Float32Array; readonly start: number } {
    const { features, picture, size, steps = 1, ids } = samples;
    if (areEvents(features)) {
      if (this.#spread.length !== size) this.#spread = new Float32Array(size);
      return { features: spreadEvents(features, steps, index, this.#spread), start: 0 };
    }
    const start = index * size;
    if (!augmentation || !picture || !(features instanceof Uint8Array)) return { features, start };
    const { rows, columns, channels } = this.#augmenter ?? {};
    if (rows !== picture.rows || columns !== picture.columns || channels !== (picture.channels ?? 1)) {
      this.#augmenter = new Augmenter(picture);
    }
    const key = drawKey(this.#seed, STREAM.augmentation, epoch, ids?.[index] ?? index);
    return { features: this.#augmenter!.augment(features, start, augmentation, key), start: 0 };
  }
}
