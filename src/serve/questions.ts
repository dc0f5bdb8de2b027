/**
 * What a body asks: samples for the network, from PNG files, raw bytes or JSON.
 *
 * @module
 */
import type { Features } from "../classify/classifier.ts";
import { pictureSide } from "../classify/picture_side.ts";
import { type Ink, readPicture } from "../data/picture.ts";
import { MOST_PIXELS } from "../data/png.ts";
import { type NetworkSpec, sampleSize } from "../network/spec.ts";
import { Refusal } from "./refusal.ts";

/** The samples of one request. */
export interface Questions {
  /** One sample after the other. */
  readonly features: Features;
  /** How many there are. */
  readonly count: number;
  /** The answer is a list, even of one. */
  readonly many: boolean;
}

/** A file of a form. */
interface FormFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What was sent, taken out of what it was wrapped in. */
export type Sent =
  | {
    readonly kind: "image/png" | "application/octet-stream" | "application/json";
    readonly bytes: Uint8Array<ArrayBuffer>;
  }
  | { readonly kind: "multipart/form-data"; readonly files: readonly FormFile[] };

/** The most samples that one request may ask about. */
export const MOST_SAMPLES = 10_000;

const ACCEPTED =
  "image/png, application/octet-stream, application/json, or multipart/form-data with such files";

const TYPES = ["image/png", "application/octet-stream", "application/json", "multipart/form-data"] as const;

/** The type of a body, before it has been read. @throws {Refusal} 415 when it is none of those that are read. */
export function typeOf(headers: Headers): Sent["kind"] {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new Refusal(415, `content-encoding ${shown(encoding)}: expected none: send the body as it is`);
  }
  const type = (headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const known = TYPES.find((candidate) => candidate === type);
  if (known) return known;
  throw new Refusal(
    415,
    `${type === "" ? "no content-type" : `content-type ${shown(type)}`}: expected ${ACCEPTED}`,
  );
}

/**
 * Takes the files out of a form; leaves anything else as it is.
 *
 * @throws {Refusal} 400 when the form cannot be read, or has fields that are no files.
 */
export async function unpack(
  kind: Sent["kind"],
  bytes: Uint8Array<ArrayBuffer>,
  headers: Headers,
): Promise<Sent> {
  if (kind !== "multipart/form-data") return { kind, bytes };
  let entries: [string, FormDataEntryValue][];
  try {
    const init = { headers: { "content-type": headers.get("content-type") ?? "" } };
    entries = [...(await new Response(bytes, init).formData()).entries()];
  } catch {
    throw new Refusal(
      400,
      "the form cannot be read: expected multipart/form-data with its boundary in content-type",
    );
  }
  const files = entries.map(async ([name, file]): Promise<FormFile> => {
    if (typeof file === "string") {
      throw new Refusal(400, `field ${shown(name)} of the form: expected files alone`);
    }
    return { name, type: file.type, bytes: new Uint8Array(await file.arrayBuffer()) };
  });
  return { kind, files: await Promise.all(files) };
}

/**
 * Reads what was sent as samples for a network.
 *
 * @throws {Refusal} 400 when it is not what its type says, or does not fit the network; 415 for pictures where the network
 * takes none.
 * @throws {InputError} when a picture is damaged.
 */
export function readQuestions(sent: Sent, spec: NetworkSpec, ink: Ink): Questions {
  switch (sent.kind) {
    case "image/png":
      return { features: picture(sent.bytes, spec, ink, "the picture", MOST_PIXELS), count: 1, many: false };
    case "application/octet-stream":
      return raw(sent.bytes, spec, "the body");
    case "application/json":
      return json(sent.bytes, spec);
    case "multipart/form-data":
      return form(sent.files, spec, ink);
    default:
      return sent satisfies never;
  }
}

function picture(
  bytes: Uint8Array,
  spec: NetworkSpec,
  ink: Ink,
  name: string,
  most: number,
): Uint8Array<ArrayBuffer> {
  const side = pictureSide(spec);
  if (side === undefined) {
    throw new Refusal(
      415,
      `a picture: the network takes ${
        sampleSize(spec)
      } numbers that are no square: send them as JSON or bytes`,
    );
  }
  return readPicture(bytes, side, { ink, name, mostPixels: most });
}

function raw(bytes: Uint8Array, spec: NetworkSpec, name: string): Questions {
  const size = sampleSize(spec), count = bytes.length / size;
  if (count === 0 || !Number.isInteger(count)) {
    throw new Refusal(
      400,
      `${name}: ${counted(bytes.length, "byte")}: expected ${
        size.toLocaleString("en")
      } a sample, a byte a pixel`,
    );
  }
  checkCount(count);
  return { features: bytes, count, many: count > 1 };
}

/** Every file of a form is a sample, or several. */
function form(files: readonly FormFile[], spec: NetworkSpec, ink: Ink): Questions {
  const samples: Uint8Array[] = [];
  let pixels = MOST_PIXELS, count = 0, many = files.length > 1;
  for (const { name, type, bytes } of files) {
    const where = `file ${shown(name)}`;
    if (type === "image/png") {
      samples.push(picture(bytes, spec, ink, where, pixels));
      pixels -= pixelsOf(bytes);
      count++;
    } else if (type === "application/octet-stream") {
      const questions = raw(bytes, spec, where);
      samples.push(bytes);
      count += questions.count;
      many ||= questions.many;
    } else {
      throw new Refusal(415, `${where} is ${shown(type)}: expected image/png or application/octet-stream`);
    }
    checkCount(count);
  }
  if (count === 0) throw new Refusal(400, "the form has no file: expected one or more");
  const features = new Uint8Array(count * sampleSize(spec));
  let at = 0;
  for (const sample of samples) {
    features.set(sample, at);
    at += sample.length;
  }
  return { features, count, many };
}

/** Width times height, of a PNG that has been decoded. */
function pixelsOf(png: Uint8Array): number {
  const view = new DataView(png.buffer, png.byteOffset);
  return view.getUint32(16) * view.getUint32(20);
}

function json(body: Uint8Array, spec: NetworkSpec): Questions {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal(400, `the body is no JSON: expected ${FORM}`);
  }
  const samples: unknown[] = Array.isArray(value) ? value : [value];
  if (samples.length === 0) throw new Refusal(400, `no samples: expected ${FORM}`);
  checkCount(samples.length);
  const size = sampleSize(spec);
  const nameOf = (i: number) => Array.isArray(value) ? `sample ${i}` : "the sample";
  const kind = kindOf(samples[0], nameOf(0));
  const features = kind === "pixels"
    ? new Uint8Array(samples.length * size)
    : new Float32Array(samples.length * size);
  samples.forEach((sample, i) => {
    const where = nameOf(i);
    const found = kindOf(sample, where);
    if (found !== kind) {
      throw new Refusal(400, `${where} has ${found}, the first one ${kind}: send one kind at a time`);
    }
    features.set(numbersOf(Reflect.get(Object(sample), kind), kind, size, where), i * size);
  });
  return { features, count: samples.length, many: Array.isArray(value) };
}

const FORM = `{ "pixels": [0 to 255, …] } or { "values": [numbers] }, or a list of such`;

/** `pixels` or `values`, whichever of the two a sample has. */
function kindOf(sample: unknown, where: string): "pixels" | "values" {
  const keys = typeof sample === "object" && sample !== null ? Object.keys(sample) : [];
  const [key] = keys;
  if (keys.length === 1 && (key === "pixels" || key === "values")) return key;
  throw new Refusal(400, `${where} is not of the form ${FORM}`);
}

/** Checks a sample's numbers. */
function numbersOf(value: unknown, kind: "pixels" | "values", size: number, where: string): number[] {
  if (!Array.isArray(value) || value.length !== size) {
    const found = Array.isArray(value) ? counted(value.length, "number") : "no list";
    throw new Refusal(400, `${where}: ${kind}: ${found}: expected ${counted(size, "number")}`);
  }
  return value.map((number: unknown, i) => {
    const isRight = kind === "pixels"
      ? Number.isInteger(number) && Number(number) >= 0 && Number(number) <= 255
      : typeof number === "number" && Number.isFinite(Math.fround(number));
    if (isRight) return Number(number);
    const expected = kind === "pixels" ? "a whole number, 0 to 255" : "a number that float32 holds";
    throw new Refusal(
      400,
      `${where}: ${kind}: number ${i} is ${shown(JSON.stringify(number))}: expected ${expected}`,
    );
  });
}

function checkCount(count: number): void {
  if (count > MOST_SAMPLES) {
    throw new Refusal(
      400,
      `more than ${MOST_SAMPLES.toLocaleString("en")} samples in one request: send them in several`,
    );
  }
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** What a sender wrote, as it is repeated: short, and on one line. */
function shown(text: string): string {
  return /^[\x21-\x7e]{1,60}$/.test(text) ? text : JSON.stringify(text.slice(0, 60));
}
