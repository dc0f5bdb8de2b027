/** Sharing: a link that brings back what is shown, and a picture of it. */
import type { NetworkSpec } from "../src/network/spec.ts";
import { colour } from "./canvas.ts";
import { readsRecordings } from "./input_view.ts";
import { element, make } from "./elements.ts";

/** The picture's size, that of cards in which links are shown. */
const WIDTH = 1200, HEIGHT = 630;
/** Width of the largest name. */
const NAME = 320;

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
  const beside = 40 + context.measureText("Spikelet").width + 18;
  write(`a network that computes with spikes, in ${spec.steps} steps`, beside, 64, "24px", colour("soft"));
  context.fillStyle = "#000";
  context.fillRect(40, 100, 280, 280);
  context.imageSmoothingEnabled = false;
  const shown = element(readsRecordings(spec) ? "recording" : "seen", HTMLCanvasElement);
  context.drawImage(shown, 40, 100, 280, 280);
  const name = element("verdict-name", HTMLElement);
  context.font = "700 120px system-ui, sans-serif";
  const large = Math.floor(Math.min(120, 120 * NAME / context.measureText(name.textContent).width));
  write(name.textContent, 40, 510, `700 ${large}px`, getComputedStyle(name).color);
  wrap(element("verdict-text", HTMLElement).textContent, 26).forEach((line, i) =>
    write(line, 40, 556 + 26 * i, "22px", colour("soft"))
  );
  context.imageSmoothingEnabled = true;
  const layers = [...document.querySelectorAll<HTMLCanvasElement>(".layer")];
  const outputs = [...document.querySelectorAll<HTMLElement>("#outputs li")];
  const [left, top, middle, bottom] = [440, 100, 390, HEIGHT - 24], right = WIDTH - 130;
  const each = (middle - top) / Math.max(1, layers.length), row = (bottom - middle) / outputs.length;
  layers.forEach((layer, i) => {
    // Feature maps keep their form.
    const scale = Math.min((right - left) / layer.width, (each - 12) / layer.height);
    const isMaps = layer.closest(".maps") !== null;
    const [wide, tall] = isMaps ? [scale * layer.width, scale * layer.height] : [right - left, each - 12];
    context.drawImage(layer, left, top + i * each, wide, tall);
  });
  outputs.forEach((output, i) => {
    const [name, canvas, share] = ["button", "canvas", ".share"].map((part) => output.querySelector(part));
    if (!name || !share || !(canvas instanceof HTMLCanvasElement)) return;
    const y = middle + i * row, base = y + 0.8 * row, size = Math.min(22, 0.85 * row);
    const text = name.textContent ?? "", short = text.length > 6 ? `${text.slice(0, 5)}…` : text;
    context.drawImage(canvas, left, y + 0.05 * row, right - left, 0.9 * row);
    write(short, left - 70, base, `700 ${size}px`, getComputedStyle(name).color);
    write(share.textContent ?? "", right + 16, base, `${size}px`, colour("ink"));
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
