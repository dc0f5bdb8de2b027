/** Sharing: a link that brings back what is shown, and a picture of it. */
import type { NetworkSpec } from "../src/network/spec.ts";
import { colour } from "./canvas.ts";
import { element, make } from "./elements.ts";

/** The picture's size, that of cards in which links are shown. */
const WIDTH = 1200, HEIGHT = 630;

/** Copies a text. @returns Whether the browser allowed it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // without https, or without consent
  }
}

/** Offers a file for saving. */
export function offerFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may ask where to first
}

/** Draws what is shown as one picture: the digit, the rasters, the outputs and the verdict. */
export async function pictureOfPage(spec: NetworkSpec): Promise<Blob> {
  const canvas = make("canvas", { width: String(WIDTH), height: String(HEIGHT) });
  const context = canvas.getContext("2d");
  if (!context) throw new TypeError("this browser cannot draw on a canvas");
  context.fillStyle = colour("paper");
  context.fillRect(0, 0, WIDTH, HEIGHT);
  const write = (text: string, x: number, y: number, font: string, ink: string) => {
    context.font = `${font} system-ui, sans-serif`;
    context.fillStyle = ink;
    context.fillText(text, x, y);
  };
  write("Spikelet", 40, 66, "700 40px", colour("ink"));
  write(`a network that computes with spikes, in ${spec.steps} steps`, 210, 64, "24px", colour("soft"));
  context.imageSmoothingEnabled = false;
  context.drawImage(element("seen", HTMLCanvasElement), 40, 100, 280, 280);
  const name = element("verdict-name", HTMLElement);
  write(name.textContent, 40, 510, "700 120px", getComputedStyle(name).color);
  wrap(element("verdict-text", HTMLElement).textContent, 26).forEach((line, i) =>
    write(line, 40, 556 + 26 * i, "22px", colour("soft"))
  );
  context.imageSmoothingEnabled = true;
  // The canvases as they lie on the page, in the space that is left.
  const parts = [...document.querySelectorAll<HTMLCanvasElement>(".layer, #outputs canvas")];
  const [left, top, right, bottom] = [420, 100, WIDTH - 130, HEIGHT - 30];
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const first = boxes[0]!.top, tall = boxes.at(-1)!.bottom - first;
  boxes.forEach((box, i) => {
    const y = top + (box.top - first) / tall * (bottom - top), height = box.height / tall * (bottom - top);
    const wide = box.width / Math.max(...boxes.map(({ width }) => width)) * (right - left);
    context.drawImage(parts[i]!, left, y, wide, height);
    const row = parts[i]!.closest("#outputs li");
    if (!(row instanceof HTMLElement)) return;
    const size = Math.min(22, 0.9 * height), ink = getComputedStyle(row.querySelector(".name")!).color;
    const [label, share] = [row.querySelector(".name"), row.querySelector(".share")].map((part) =>
      part?.textContent ?? ""
    );
    write(
      label!.length > 4 ? `${label!.slice(0, 4)}…` : label!,
      left - 60,
      y + 0.78 * height,
      `700 ${size}px`,
      ink,
    );
    write(share!, right + 16, y + 0.78 * height, `${size}px`, colour("ink"));
  });
  return await new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new TypeError("this browser cannot save a canvas")))
  );
}

/** A text in lines of at most so many characters, cut between words. */
function wrap(text: string, most: number): string[] {
  return text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) {
      return [...lines.slice(0, -1), `${last} ${word}`];
    }
    return [...lines, word];
  }, []);
}
