/**
 * What a body asks: samples for the network, from PNG files, raw bytes or JSON.
 *
 * @module
 */
import { pictureSide } from "../classify/picture_side.ts";
import { type Ink, readPicture } from "../data/picture.ts";
import { MOST_PIXELS } from "../data/png.ts";
import { counted } from "../figures.ts";
import { type NetworkSpec, sampleSize } from "../network/spec.ts";
import { checkCount, type Questions } from "./asked.ts";
import { type FormFile, readForm } from "./form.ts";
import { readJson } from "./json_body.ts";
import { Refusal, shown } from "./refusal.ts";

const ACCEPTED =
  "image/png, application/octet-stream, application/json, or multipart/form-data with such files";

/** The types that are read. */
const TYPES = ["image/png", "application/octet-stream", "application/json", "multipart/form-data"] as const;

/** One of the types that are read. */
export type BodyType = typeof TYPES[number];

/** The type of a body, before it has been read. @throws {Refusal} 415 when it is none of those that are read. */
export function typeOf(headers: Headers): BodyType {
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
 * Reads a body as samples for a network.
 *
 * @param contentType The whole header: a form's boundary is in it.
 * @throws {Refusal} 400 when it is not what its type says, or does not fit the network; 415 for pictures where the network
 * takes none.
 * @throws {InputError} when a picture is damaged.
 */
export function readQuestions(
  body: Uint8Array<ArrayBuffer>,
  type: BodyType,
  { contentType, spec, ink }: { readonly contentType: string; readonly spec: NetworkSpec; readonly ink: Ink },
): Questions {
  switch (type) {
    case "image/png":
      return { features: picture(body, spec, ink, "the picture", MOST_PIXELS), count: 1, many: false };
    case "application/octet-stream":
      return raw(body, spec, "the body");
    case "application/json":
      return readJson(body, spec);
    case "multipart/form-data":
      return form(readForm(body, contentType), spec, ink);
    default:
      return type satisfies never;
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
