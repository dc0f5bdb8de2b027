/** The pad: ink by mouse, pen or finger, light on dark as MNIST's digits are. */
import type { Picture } from "../src/data/resample.ts";

/** A stroke's width as a share of the pad's side, about that of MNIST's digits. */
const PEN = 0.075;
const INK = "#fff";

/** Receives the pad's events. */
interface PadListener {
  /** Called when ink was added; more may follow. */
  drawing(): void;
  /** Called when the pen was lifted. */
  drawn(): void;
}

/** A canvas to draw on. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #listener: PadListener;
  /** The pointer that draws; others, such as a second finger or a palm, are ignored. */
  #pointer: number | undefined;
  #at: readonly [x: number, y: number] = [0, 0];
  /** Whether what is on it was shown, and not drawn: the next stroke begins anew. */
  #isShown = false;

  constructor(canvas: HTMLCanvasElement, listener: PadListener) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new TypeError("this browser cannot draw on a canvas");
    this.#canvas = canvas;
    this.#context = context;
    this.#listener = listener;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#go(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, (event) => this.#end(event));
    }
  }

  /** The drawn ink. */
  picture(): Picture {
    const { width, height } = this.#canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    return { pixels: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i + 3]!), width, height };
  }

  /** Removes all ink. */
  clear(): void {
    this.#isShown = false;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Replaces the ink by a picture. @param pixels `[side, side]` */
  show(pixels: Uint8Array, side: number): void {
    this.clear();
    this.#context.imageSmoothingEnabled = false;
    this.#context.drawImage(pictureOf(pixels, side), 0, 0, this.#canvas.width, this.#canvas.height);
    this.#isShown = true;
  }

  #begin(event: PointerEvent): void {
    if (this.#pointer !== undefined || event.button !== 0) return;
    event.preventDefault();
    if (this.#isShown) this.clear();
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#at = this.#placeOf(event);
    this.#dot(this.#at);
    this.#listener.drawing();
  }

  #go(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    // All places since the last frame, if the browser has them, so that a fast pen draws curves.
    const events = event.getCoalescedEvents();
    for (const each of events.length > 0 ? events : [event]) this.#stroke(this.#placeOf(each));
    this.#listener.drawing();
  }

  #end(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = undefined;
    this.#listener.drawn();
  }

  #placeOf({ clientX, clientY }: PointerEvent): readonly [number, number] {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [(clientX - left) * this.#canvas.width / width, (clientY - top) * this.#canvas.height / height];
  }

  /** A click's ink: a line without length has none. */
  #dot([x, y]: readonly [number, number]): void {
    this.#context.fillStyle = INK;
    this.#context.beginPath();
    this.#context.arc(x, y, PEN * this.#canvas.width / 2, 0, 2 * Math.PI);
    this.#context.fill();
  }

  #stroke(to: readonly [number, number]): void {
    const context = this.#context;
    context.lineWidth = PEN * this.#canvas.width;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = INK;
    context.beginPath();
    context.moveTo(...this.#at);
    context.lineTo(...to);
    context.stroke();
    this.#at = to;
  }
}

/** White ink whose opacity is the pixels; of three channels, their colours. @param pixels `[channels, side, side]` */
export function pictureOf(pixels: Uint8Array, side: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas"), size = side * side;
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side), inColours = pixels.length === 3 * size;
  for (let i = 0; i < size; i++) {
    const pixel = inColours
      ? [pixels[i]!, pixels[size + i]!, pixels[2 * size + i]!, 255]
      : [255, 255, 255, pixels[i]!];
    image.data.set(pixel, 4 * i);
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}
