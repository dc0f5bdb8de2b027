/**
 * The drawing pad: white ink on black, as MNIST's digits are.
 *
 * @module
 */

/** Width of the pen, in pixels of a canvas of 280: about that of MNIST's strokes. */
const PEN = 22;

/** A canvas to draw on. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;

  /** @param changed Called after every stroke's piece, and when it is cleared. */
  constructor(canvas: HTMLCanvasElement, changed: () => void) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser draws on no canvas");
    this.#canvas = canvas;
    this.#context = context;
    this.clear();
    let last: { x: number; y: number } | undefined;
    const draw = (event: PointerEvent) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const x = (event.clientX - left) * canvas.width / width;
      const y = (event.clientY - top) * canvas.height / height;
      const from = last ?? { x, y };
      context.lineWidth = PEN;
      context.lineCap = context.lineJoin = "round";
      context.strokeStyle = "#fff";
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(x, y);
      context.stroke();
      last = { x, y };
      changed();
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = undefined;
      draw(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) draw(event);
    });
  }

  /** Wipes it. */
  clear(): void {
    this.#context.fillStyle = "#000";
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Shows a square picture, `[side, side]` of brightnesses. */
  show(pixels: Uint8Array, side: number): void {
    this.clear();
    const cell = this.#canvas.width / side;
    pixels.forEach((ink, i) => {
      if (ink === 0) return;
      this.#context.fillStyle = `rgb(${ink} ${ink} ${ink})`;
      this.#context.fillRect((i % side) * cell, Math.floor(i / side) * cell, cell, cell);
    });
  }

  /** What is drawn: 0 is the ground, 255 is ink. */
  picture(): { pixels: Uint8Array; width: number; height: number } {
    const { width, height } = this.#canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    return { pixels: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]!), width, height };
  }
}
