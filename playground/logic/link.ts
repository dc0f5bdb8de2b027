/** The state in the page's address, behind `#`: the drawing, the network, and the constants that were changed. */
import { InputError } from "../../src/errors.ts";
import { type PresetName } from "../../src/training/presets.ts";
import { presetNamed } from "./recipes.ts";

/** What an address tells. */
export interface SharedState {
  /** A square picture of one channel, 0 to 255. */
  readonly pixels?: Uint8Array;
  /** A new network in place of the built-in one. */
  readonly preset?: PresetName;
  readonly hidden?: number;
  readonly seed?: number;
  /** The values of the sliders, in their order. */
  readonly constants?: readonly number[];
}

/** Bytes of a picture that an address may bring, at most. */
const MOST_PIXELS = 64 * 64;

/** Writes a state as the part of an address behind `#`. */
export async function writeLink({ pixels, preset, hidden, seed, constants }: SharedState): Promise<string> {
  const fields: (readonly [string, string])[] = [];
  if (preset) fields.push(["network", preset]);
  if (preset && hidden !== undefined) fields.push(["hidden", String(hidden)]);
  if (preset && seed !== undefined) fields.push(["seed", String(seed)]);
  if (constants) fields.push(["constants", constants.join("_").replaceAll("+", "")]); // 1e+21
  if (pixels && pixels.length <= MOST_PIXELS) {
    const bytes = await through(
      new CompressionStream("deflate-raw"),
      Uint8Array.from(pixels),
      MOST_PIXELS * 2,
    );
    fields.push(["draw", toBase64(bytes)]);
  }
  return fields.map(([key, value]) => `${key}=${value}`).join("&");
}

/**
 * Reads a state from the part of an address behind `#`.
 *
 * @throws {InputError} when it is damaged; keys that are unknown are left out.
 */
export async function readLink(text: string): Promise<SharedState> {
  const fields = new URLSearchParams(text),
    state: { -readonly [Key in keyof SharedState]: SharedState[Key] } = {};
  const network = fields.get("network"), draw = fields.get("draw"), constants = fields.get("constants");
  if (network !== null) {
    state.preset = presetNamed(network) ?? damaged(`network ${network}`);
    for (const key of ["hidden", "seed"] as const) {
      const value = fields.get(key);
      if (value !== null) state[key] = wholeOf(key, value);
    }
  }
  if (constants !== null) {
    state.constants = constants.split("_").map((value) =>
      value !== "" && Number.isFinite(Number(value)) ? Number(value) : damaged(`constants ${constants}`)
    );
  }
  if (draw !== null) state.pixels = await pixelsOf(draw);
  return state;
}

async function pixelsOf(text: string): Promise<Uint8Array> {
  let pixels: Uint8Array;
  try {
    pixels = await through(new DecompressionStream("deflate-raw"), fromBase64(text), MOST_PIXELS);
  } catch {
    return damaged("drawing");
  }
  return Number.isInteger(Math.sqrt(pixels.length)) && pixels.length > 0 ? pixels : damaged("drawing");
}

function wholeOf(key: string, value: string): number {
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : damaged(`${key} ${value}`);
}

function damaged(what: string): never {
  throw new InputError(`this link is damaged: its ${what} cannot be read: copy it once more, whole`);
}

/** Sends bytes through a stream. @throws {RangeError} when more than `most` come out. */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(stream)) {
    parts.push(part);
    if ((size += part.length) > most) throw new RangeError("too many bytes");
  }
  return new Uint8Array(await new Blob(parts.map((part) => Uint8Array.from(part))).arrayBuffer());
}

/** Base64 without characters that an address would escape. */
function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
