/** Canvases at the screen's density, and the colours of the style sheet on them. */
import { CLASS_COLOURS } from "../src/report/class_colours.ts";

/** A canvas ready to be drawn on, in CSS pixels. */
export interface Sheet {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Clears a canvas, at its present size on the page. @returns `undefined` while it has none. */
export function sheetOf(canvas: HTMLCanvasElement): Sheet | undefined {
  const context = canvas.getContext("2d"), { clientWidth: width, clientHeight: height } = canvas;
  if (!context || width === 0 || height === 0) return undefined;
  const density = devicePixelRatio || 1;
  const size = { width: Math.round(width * density), height: Math.round(height * density) };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  context.setTransform(size.width / width, 0, 0, size.height / height, 0, 0);
  context.clearRect(0, 0, width, height);
  context.globalAlpha = 1;
  return { context, width, height };
}

/** A colour of the style sheet's current scheme, light or dark. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The colours of some classes. */
export function classColours(classes: number): string[] {
  return Array.from({ length: classes }, (_, label) => colour(`class-${label % CLASS_COLOURS.light.length}`));
}

/** Red, green and blue of a colour such as `#0072b2`. */
export function channelsOf(hex: string): readonly [red: number, green: number, blue: number] {
  const channel = (at: number) => parseInt(hex.slice(at, at + 2), 16);
  return [channel(1), channel(3), channel(5)];
}
