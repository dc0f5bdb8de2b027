/** A neuron's potential over time on a canvas: its threshold as a labelled line, its spikes as strokes above it. */
import { colour, type Sheet } from "./canvas.ts";

/** One neuron's course. */
export interface TraceOptions {
  /** u, `[steps]`. */
  readonly potentials: Float64Array;
  /** How often it fired, `[steps]`. */
  readonly spikes: ArrayLike<number>;
  /** Undefined for a neuron that has none. */
  readonly threshold: number | undefined;
  /** Number of steps shown, which may end within one. */
  readonly time: number;
  /** What comes in, `[steps]`, drawn below. */
  readonly current?: Float64Array;
  /** Pixels at the right that time does not reach, for the threshold's label. @default {0} */
  readonly room?: number;
  /** The range of potentials, where it must not move with them. */
  readonly range?: readonly [low: number, high: number];
}

/** Pixels above the range, where spikes end. */
const HEAD = 12;

/** Draws a course. */
export function drawTrace({ context, width, height }: Sheet, options: TraceOptions): void {
  const { potentials, spikes, threshold, time, current, room = 0 } = options;
  const foot = current ? 16 : 0;
  const [low, high] = options.range ?? [
    potentials.reduce((low, potential) => Math.min(low, potential), 0),
    potentials.reduce((high, potential) => Math.max(high, potential), threshold ?? 1e-6),
  ];
  const right = width - room, across = right / potentials.length, bottom = height - foot - 2;
  const y = (value: number) => bottom - (bottom - HEAD) * (value - low) / (high - low || 1);
  context.fillStyle = colour("line");
  context.fillRect(0, y(0) - 0.5, right, 1);
  if (current) {
    const most = current.reduce((most, input) => Math.max(most, input), 1e-9);
    context.fillStyle = colour("faint");
    current.forEach((input, t) => {
      const tall = foot * input / most;
      context.fillRect(t * across, height - tall, across + 0.4, tall);
    });
  }
  const end = Math.min(potentials.length, Math.ceil(time));
  if (threshold !== undefined) {
    context.strokeStyle = colour("vermillion");
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(0, y(threshold));
    context.lineTo(right, y(threshold));
    context.stroke();
    context.setLineDash([]);
  }
  context.strokeStyle = colour("blue");
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.beginPath();
  context.moveTo(0, y(0));
  for (let t = 0; t < end; t++) {
    const x = (t + 0.5) * across;
    // The spike begins where the threshold was crossed, and leaves the potential behind.
    if (spikes[t]! > 0) context.lineTo(x, y(Math.max(threshold ?? 0, low)));
    context.lineTo(x, y(potentials[t]!));
  }
  context.stroke();
  context.fillStyle = colour("spark");
  for (let t = 0; t < end; t++) {
    if (spikes[t] === 0) continue;
    const top = 1, x = (t + 0.5) * across;
    context.fillRect(x - 1.2, top, 2.4, Math.max(4, y(threshold ?? high) - top));
  }
  if (threshold === undefined) return;
  const text = `threshold ${Number(threshold.toPrecision(4))}`, at = y(threshold);
  if (room > 0) writeLabel(context, text, right + 8, at + 4);
  else writeLabel(context, text, width - 82, Math.min(height - 4, at + 15));
}

/** Writes a label on a ground of its own. */
function writeLabel(context: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colour("card");
  context.globalAlpha = 0.8;
  context.fillRect(x - 3, y - 11, context.measureText(text).width + 6, 14);
  context.globalAlpha = 1;
  context.fillStyle = colour("vermillion");
  context.fillText(text, x, y);
}
