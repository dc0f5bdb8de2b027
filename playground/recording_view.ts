/** A recording on the pad: the frame of the step that the playback is at, or its channels over time. */
import type { PictureSize } from "../src/data/samples.ts";
import { framePixels, type Inks, type Pixels, rasterPixels } from "./logic/recording_picture.ts";
import type { Inspection } from "./logic/protocol.ts";
import type { SampleView } from "./answer_view.ts";
import { channelsOf, colour, sheetOf } from "./canvas.ts";
import { element } from "./elements.ts";

/** What lies beside a frame that is no square, and the line at the present step: the pad is black in all colour schemes. */
const BESIDE = "#23272f", NOW = "#9aa3b0";
/** Pixels of a channel's row from which on rows are kept apart. */
const APART = 4;

/** One recording at a time. */
export class RecordingView implements SampleView {
  readonly #canvas = element("recording", HTMLCanvasElement);
  #frame: Required<PictureSize> | undefined;
  /** The last picture, and what it is of. */
  #kept:
    | {
      readonly inspection: Inspection;
      readonly step: number | undefined;
      readonly picture: HTMLCanvasElement;
    }
    | undefined;

  /** Takes the size of the pictures of recordings that come; undefined where they are lists of channels. */
  take(frame: Required<PictureSize> | undefined): void {
    this.#frame = frame;
    this.#kept = undefined;
  }

  draw(inspection: Inspection, time: number): void {
    const sheet = sheetOf(this.#canvas);
    if (!sheet) return;
    const { context, width, height } = sheet, { steps } = inspection;
    context.imageSmoothingEnabled = false;
    const frame = this.#frameOf(inspection, time);
    if (frame) {
      // A picture keeps its form, and its pixels their edges.
      const scale = Math.min(width / frame.width, height / frame.height);
      const wide = scale * frame.width, high = scale * frame.height;
      const [left, top] = [(width - wide) / 2, (height - high) / 2];
      context.fillStyle = BESIDE;
      context.fillRect(0, 0, width, height);
      context.drawImage(frame, left, top, wide, high);
      return;
    }
    const raster = this.#pictureOf(inspection, undefined, (inks) => rasterPixels(inspection, inks));
    const across = width * Math.min(1, time / steps), down = height / raster.height;
    context.save();
    context.beginPath();
    context.rect(0, 0, across, height);
    context.clip();
    context.drawImage(raster, 0, 0, width, height);
    context.restore();
    if (down >= APART) {
      for (let row = 1; row < raster.height; row++) context.clearRect(0, row * down - 0.5, width, 1);
    }
    if (time >= steps) return;
    context.fillStyle = NOW;
    context.fillRect(across, 0, 1, height);
  }

  clear(): void {
    this.#kept = undefined;
    sheetOf(this.#canvas);
  }

  ground(inspection: Inspection, time: number): HTMLCanvasElement | undefined {
    return this.#frameOf(inspection, time);
  }

  /** The frame of a time in steps; behind the last one, all in one. */
  #frameOf(inspection: Inspection, time: number): HTMLCanvasElement | undefined {
    const frame = this.#frame, { features, steps } = inspection;
    if (!frame || features.length !== steps * frame.channels * frame.rows * frame.columns) return undefined;
    const step = time > steps ? undefined : Math.max(0, Math.ceil(time) - 1);
    return this.#pictureOf(inspection, step, (inks) => framePixels(inspection, frame, inks, step));
  }

  #pictureOf(
    inspection: Inspection,
    step: number | undefined,
    draw: (inks: Inks) => Pixels,
  ): HTMLCanvasElement {
    const kept = this.#kept;
    if (kept?.inspection === inspection && kept.step === step) return kept.picture;
    const inks = { first: channelsOf(colour("below")), second: channelsOf(colour("above")) };
    const { rows, columns, data } = draw(inks), picture = document.createElement("canvas");
    Object.assign(picture, { width: columns, height: rows });
    picture.getContext("2d")?.putImageData(new ImageData(data, columns, rows), 0, 0);
    this.#kept = { inspection, step, picture };
    return picture;
  }
}
