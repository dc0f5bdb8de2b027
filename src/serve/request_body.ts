/** Reads a body as samples for the network: PNG files, raw bytes or JSON. */
import type { SampleForm, TakenSample } from "../classify/classifier.ts";
import { type Ink, readPicture } from "../data/picture.ts";
import { MOST_PIXELS } from "../data/raster.ts";
import type { PictureSize } from "../data/samples.ts";
import { count, counted } from "../text/figures.ts";
import { checkCount, type RequestSamples } from "./request_samples.ts";
import { type FormFile, readForm } from "./form.ts";
import { readJson } from "./json_body.ts";
import { Refusal, shown } from "./refusal.ts";

const ACCEPTED =
  "image/png, application/octet-stream, application/json, or multipart/form-data with such files";

/** The types that are read. */
const TYPES = ["image/png", "application/octet-stream", "application/json", "multipart/form-data"] as const;

/** One of the types that are read. */
export type BodyType = typeof TYPES[number];

/** The form of the samples that a network accepts. */
export interface AcceptedSamples {
  readonly form: SampleForm;
  /** Of pictures; `undefined` where the network takes none. */
  readonly picture: PictureSize | undefined;
  readonly ink: Ink;
}

/** The type of a body, before it has been read. @throws {Refusal} 415 when it is none of those that are read. */
export function typeOf(headers: Headers): BodyType {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new Refusal(415, `content-encoding ${shown(encoding)}: expected none: send the body as it is`);
  }
  const type = (headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const known = TYPES.find((candidate) => candidate === type);
  if (known) return known;
  const found = type === "" ? "no content-type" : `content-type ${shown(type)}`;
  throw new Refusal(415, `${found}: expected ${ACCEPTED}`);
}

/**
 * Reads a body as samples for a network.
 *
 * @param contentType The whole header: a form's boundary is in it.
 * @throws {Refusal} 400 when it is not what its type says, or does not fit the network; 415 for pictures where the network
 * takes none.
 * @throws {InputError} when a picture is damaged.
 */
export function readSamples(
  body: Uint8Array<ArrayBuffer>,
  type: BodyType,
  { contentType, ...accepted }: AcceptedSamples & { readonly contentType: string },
): RequestSamples {
  switch (type) {
    case "image/png":
      return { samples: [readPng(body, accepted, "the picture", MOST_PIXELS)], many: false };
    case "application/octet-stream": {
      const samples = raw(body, accepted, "the body");
      return { samples, many: samples.length > 1 };
    }
    case "application/json":
      return readJson(body, accepted.form);
    case "multipart/form-data":
      return filesOf(readForm(body, contentType), accepted);
    default:
      return type satisfies never;
  }
}

function readPng(
  bytes: Uint8Array,
  { form, picture, ink }: AcceptedSamples,
  name: string,
  most: number,
): TakenSample {
  if (picture === undefined) {
    const takes = `the network takes ${form.describe()}, which are no picture`;
    throw new Refusal(415, `a picture: ${takes}: send them as JSON or bytes`);
  }
  return { features: readPicture(bytes, picture, { ink, name, mostPixels: most }), steps: 1 };
}

/** Splits bytes into samples; a single sequence may be shorter than the network's. */
function raw(bytes: Uint8Array, { form }: AcceptedSamples, name: string): TakenSample[] {
  const { size, steps, channels, leastSteps } = form, samples = bytes.length / size;
  if (
    steps > 1 && samples > 0 && samples < 1 && bytes.length % channels === 0 &&
    bytes.length >= leastSteps * channels
  ) {
    return [{ features: bytes, steps: form.stepsOf(bytes.length) }];
  }
  if (samples === 0 || !Number.isInteger(samples)) {
    const sequence = steps === 1 ? "" : `, ${channels} a step, of which one sample alone may have fewer`;
    const expected = `${count(size)} a sample, a byte a ${form.bytes === "pixels" ? "pixel" : "number"}`;
    throw new Refusal(400, `${name}: ${counted(bytes.length, "byte")}: expected ${expected}${sequence}`);
  }
  checkCount(samples);
  const sampleAt = (i: number) => ({ features: bytes.subarray(i * size, (i + 1) * size), steps });
  return Array.from({ length: samples }, (_, i) => sampleAt(i));
}

/** Every file of a form is a sample, or several. */
function filesOf(files: readonly FormFile[], accepted: AcceptedSamples): RequestSamples {
  const samples: TakenSample[] = [];
  let pixels = MOST_PIXELS;
  for (const { name, type, bytes } of files) {
    const where = `file ${shown(name)}`;
    if (type === "image/png") {
      samples.push(readPng(bytes, accepted, where, pixels));
      pixels -= pixelsOf(bytes);
    } else if (type === "application/octet-stream") {
      samples.push(...raw(bytes, accepted, where));
    } else {
      throw new Refusal(415, `${where} is ${shown(type)}: expected image/png or application/octet-stream`);
    }
    checkCount(samples.length);
  }
  if (samples.length === 0) throw new Refusal(400, "the form has no file: expected one or more");
  return { samples, many: samples.length > 1 };
}

/** Width times height, of a PNG that has been decoded. */
function pixelsOf(png: Uint8Array): number {
  const view = new DataView(png.buffer, png.byteOffset);
  return view.getUint32(16) * view.getUint32(20);
}
