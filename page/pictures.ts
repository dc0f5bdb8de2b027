/**
 * What the page draws: rasters, the decision over time, probabilities, learning curves.
 *
 * @module
 */
import { decisionOf } from "../src/classify/decision.ts";
import type { Sight } from "../src/page/protocol.ts";

/** A colour of the style sheet. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = "24px system-ui, sans-serif";
  context.textBaseline = "middle";
  return context;
}

/**
 * Draws the spikes of every layer up to a step.
 *
 * @param canvases One a layer; their sizes become steps × units.
 */
export function drawRasters(
  canvases: readonly HTMLCanvasElement[],
  { spec, trace }: Sight,
  until: number,
): void {
  canvases.forEach((canvas, layer) => {
    const { units } = spec.layers[layer]!, outputs = trace.outputs[layer]!;
    if (canvas.width !== spec.steps || canvas.height !== units) {
      canvas.width = spec.steps;
      canvas.height = units;
    }
    const context = contextOf(canvas);
    context.fillStyle = colour(layer === spec.layers.length - 1 ? "vermillion" : "blue");
    for (let t = 0; t < Math.min(until, spec.steps); t++) {
      for (let unit = 0; unit < units; unit++) {
        if (outputs[t * units + unit] !== 0) context.fillRect(t, unit, 1, 1);
      }
    }
  });
}

/** Draws how sure the network is of each class after each step, up to one of them. */
export function drawDecision(canvas: HTMLCanvasElement, sight: Sight, until: number): void {
  const context = contextOf(canvas), { width, height } = canvas;
  const decisions = decisionOf(sight.spec, sight.trace);
  const steps = sight.spec.steps, classes = sight.probabilities.length;
  axes(context, width, height);
  if (!decisions) return;
  for (let digit = 0; digit < classes; digit++) {
    const isNamed = digit === sight.digit;
    context.strokeStyle = colour(isNamed ? "vermillion" : "soft");
    context.lineWidth = isNamed ? 5 : 2;
    context.beginPath();
    let lastY = height;
    const count = Math.min(until, steps);
    for (let t = 0; t < count; t++) {
      lastY = yOf(decisions[t * classes + digit]!, height);
      context.lineTo(xOf(t / Math.max(1, steps - 1), width), lastY);
    }
    context.stroke();
    if (isNamed && count > 0) {
      context.fillStyle = colour("vermillion");
      context.fillText(String(digit), xOf((count - 1) / Math.max(1, steps - 1), width) + 8, lastY);
    }
  }
}

/** Draws the probability of each class as a bar. */
export function drawBars(canvas: HTMLCanvasElement, { probabilities, digit }: Sight): void {
  const context = contextOf(canvas), { width, height } = canvas;
  const step = width / probabilities.length, room = height - 34;
  context.textAlign = "center";
  probabilities.forEach((probability, i) => {
    context.fillStyle = colour(i === digit ? "vermillion" : "blue");
    context.fillRect(i * step + 6, room * (1 - probability), step - 12, Math.max(2, room * probability));
    context.fillStyle = colour("ink");
    context.fillText(String(i), (i + 0.5) * step, height - 14);
  });
}

/** A point of a learning curve: samples presented, and accuracy, 0 to 1. */
export interface Point {
  readonly done: number;
  readonly accuracy: number;
}

/** Draws accuracy of batches and of held-back digits over the samples presented. */
export function drawCurve(
  canvas: HTMLCanvasElement,
  batches: readonly Point[],
  held: readonly Point[],
  total: number,
): void {
  const context = contextOf(canvas), { width, height } = canvas;
  axes(context, width, height);
  for (const [points, name, line] of [[batches, "soft", 2], [held, "vermillion", 5]] as const) {
    context.strokeStyle = context.fillStyle = colour(name);
    context.lineWidth = line;
    context.beginPath();
    for (const { done, accuracy } of points) {
      context.lineTo(xOf(done / Math.max(1, total), width), yOf(accuracy, height));
    }
    context.stroke();
  }
}

const LEFT = 92, RIGHT = 28, TOP = 16, BOTTOM = 16;

function xOf(share: number, width: number): number {
  return LEFT + share * (width - LEFT - RIGHT);
}

function yOf(share: number, height: number): number {
  return height - BOTTOM - share * (height - TOP - BOTTOM);
}

function axes(context: CanvasRenderingContext2D, width: number, height: number): void {
  context.strokeStyle = colour("line");
  context.fillStyle = colour("soft");
  context.lineWidth = 2;
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    context.beginPath();
    context.moveTo(LEFT, yOf(share, height));
    context.lineTo(width - RIGHT, yOf(share, height));
    context.stroke();
    context.fillText(`${100 * share} %`, LEFT - 8, yOf(share, height));
  }
  context.textAlign = "left";
}
