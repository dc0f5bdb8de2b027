/**
 * The segments of a JPEG file before its first scan (ITU-T T.81, annex B): its size and colours, and what Exif says of its
 * orientation.
 */
import { InputError } from "../errors.ts";
import { count } from "../text/figures.ts";

/** The first bytes of a file of JPEG. */
const SIGNATURE = [0xff, 0xd8, 0xff];

/** Markers. */
const FRAMES = [0xc0, 0xc1, 0xc2],
  OTHER_FRAMES = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
const SCAN = 0xda, END = 0xd9, JFIF = 0xe0, EXIF = 0xe1, ADOBE = 0xee, FILL = 0xff;

/** What a file says of its picture before the first scan. */
export interface JpegHeader {
  /** As it is stored, before it is turned upright. */
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 are colours. */
  readonly channels: 1 | 3;
  /** Whether three channels are red, green and blue, and not brightness and two differences. */
  readonly isRgb: boolean;
  /** Exif's, 1 to 8: where the stored picture's upper row and left column belong. 1 is upright. */
  readonly orientation: number;
}

/** Whether a file begins as a JPEG does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** The error of a JPEG that cannot be decoded. */
export function damagedJpeg(name: string): InputError {
  return new InputError(`${name}: the JPEG is cut short or damaged: save it anew`);
}

/**
 * Reads the segments before the first scan.
 *
 * @param name The file's name in messages.
 * @throws {InputError} when it is no JPEG, is cut short, or has a form that is not read: arithmetic or lossless coding, 12 bits a
 * channel, CMYK.
 */
export function readJpegHeader(bytes: Uint8Array, name: string): JpegHeader {
  if (!isJpeg(bytes)) {
    throw new InputError(`${name}: ${count(bytes.length)} bytes that are no JPEG: expected a JPEG file`);
  }
  let orientation = 1, isJfif = false;
  let frame: Uint8Array | undefined, transform: number | undefined;
  for (const { marker, data } of segmentsOf(bytes, name)) {
    if (FRAMES.includes(marker)) frame ??= data;
    else if (OTHER_FRAMES.includes(marker)) {
      throw refusal(name, "its coding is arithmetic, lossless or hierarchical");
    } else if (marker === JFIF) isJfif ||= beginsWith(data, "JFIF\0");
    else if (marker === ADOBE && beginsWith(data, "Adobe")) transform = data[11];
    else if (marker === EXIF && beginsWith(data, "Exif\0\0")) {
      orientation = orientationOf(data.subarray(6)) ?? 1;
    }
  }
  if (!frame || frame.length < 6) throw damagedJpeg(name);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const bits = view.getUint8(0),
    height = view.getUint16(1),
    width = view.getUint16(3),
    channels = view.getUint8(5);
  if (bits !== 8) throw refusal(name, `it has ${bits} bits a channel`);
  if (channels === 4) throw refusal(name, "its colours are CMYK");
  if (channels !== 1 && channels !== 3) throw refusal(name, `it has ${channels} channels`);
  if (width === 0 || height === 0 || frame.length < 6 + 3 * channels) throw damagedJpeg(name);
  const letters = String.fromCharCode(frame[6]!, frame[9] ?? 0, frame[12] ?? 0);
  const isRgb = channels === 3 && (transform === undefined ? !isJfif && letters === "RGB" : transform === 0);
  return { width, height, channels, isRgb, orientation };
}

function refusal(name: string, found: string): InputError {
  return new InputError(
    `${name}: a JPEG that is not read: ${found}: save it as RGB or grey, baseline or progressive`,
  );
}

/** The segments up to the first scan. */
function* segmentsOf(
  bytes: Uint8Array,
  name: string,
): Generator<{ readonly marker: number; readonly data: Uint8Array }> {
  for (let at = 2;;) {
    if (bytes[at] !== 0xff) throw damagedJpeg(name);
    while (bytes[at] === FILL) at++;
    const marker = bytes[at];
    if (marker === SCAN) return;
    const length = (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0), end = at + 1 + length;
    if (marker === undefined || marker === END || length < 2 || end > bytes.length) throw damagedJpeg(name);
    yield { marker, data: bytes.subarray(at + 3, end) };
    at = end;
  }
}

function beginsWith(data: Uint8Array, text: string): boolean {
  return Array.from(text).every((letter, i) => data[i] === letter.charCodeAt(0));
}

/** Exif's orientation (CIPA DC-008, tag 0x0112) from its TIFF structure; `undefined` where it has none that is valid. */
function orientationOf(tiff: Uint8Array): number | undefined {
  if (tiff.length < 8) return undefined;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  const isLittle = beginsWith(tiff, "II"), directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return undefined;
  const entries = view.getUint16(directory, isLittle);
  for (let at = directory + 2, i = 0; i < entries && at + 12 <= tiff.length; i++, at += 12) {
    if (view.getUint16(at, isLittle) !== 0x0112) continue;
    const value = view.getUint16(at + 8, isLittle);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
