/** What the page takes: drawings, or recordings where the network reads sequences. */
import { sampleFormOf } from "../src/network/encoders.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { element } from "./elements.ts";

/** Whether a network reads recordings, which nobody can draw. */
export function readsRecordings(spec: NetworkSpec): boolean {
  return sampleFormOf(spec).isSequence;
}

/** Shows the pad, or in its place where a recording will be, and what to do there. */
export function showInput(spec: NetworkSpec): void {
  const reads = readsRecordings(spec);
  element("pad", HTMLCanvasElement).hidden = reads;
  element("recording", HTMLCanvasElement).hidden = !reads;
  element("seen-figure", HTMLElement).hidden = reads;
  const texts = {
    "hero-what": reads ? "Drop a recording." : "Draw a digit.",
    "pad-hint": reads ? "drop a recording here" : "draw here",
    "next-digit": reads ? "Next recording" : "Next digit",
  };
  for (const [id, text] of Object.entries(texts)) element(id, HTMLElement).textContent = text;
}
