/**
 * Forms (multipart/form-data, RFC 7578), parsed within bounds: parts are counted before they are parsed.
 *
 * A form of a megabyte can have fifteen thousand parts. Making a file of each takes a server seconds, and gigabytes where
 * several come at once; so parsing ends at the first part that is one too many.
 */
import {
  MaxHeaderSizeExceededError,
  MaxPartsExceededError,
  MultipartParseError,
  type MultipartPart,
  parseMultipart,
} from "@remix-run/multipart-parser";
import { counted } from "../text/figures.ts";
import { Refusal, shown } from "./refusal.ts";

/** A file of a form. */
export interface FormFile {
  /** The field's name, or else the file's. */
  readonly name: string;
  /** Its media type, in lower case; empty where it has none. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The most files of one form. */
const MOST_FILES = 256;
/** The most bytes of the head of one part, which has its name and type. */
const MOST_HEAD = 1024;
/** The most bytes of a boundary (RFC 2046). */
const MOST_BOUNDARY = 70;

/**
 * Takes the files out of a form.
 *
 * @param bytes The whole body.
 * @param contentType The header that has the boundary.
 * @throws {Refusal} 400 when it cannot be read, has too many files, or fields that are no files.
 */
export function readForm(bytes: Uint8Array, contentType: string): FormFile[] {
  const boundary = boundaryOf(contentType), files: FormFile[] = [];
  try {
    const limits = { maxParts: MOST_FILES, maxHeaderSize: MOST_HEAD, maxFileSize: bytes.length };
    for (const part of parseMultipart(bytes, { boundary, ...limits })) files.push(fileOf(part, files.length));
  } catch (error) {
    throw refusalOf(error, files.length);
  }
  return files;
}

function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? "";
  if (boundary.length >= 1 && boundary.length <= MOST_BOUNDARY) return boundary;
  const found = boundary === "" ? "no boundary" : `a boundary of ${boundary.length} characters`;
  const expected = `1 to ${MOST_BOUNDARY} characters in content-type: multipart/form-data; boundary=…`;
  throw new Refusal(400, `the form has ${found}: expected ${expected}`);
}

function fileOf(part: MultipartPart, index: number): FormFile {
  const { name, filename, mediaType } = headOf(part, index);
  if (filename === undefined) {
    const where = name === undefined ? `part ${index}` : `field ${shown(name)}`;
    throw new Refusal(400, `${where} of the form: expected files alone`);
  }
  return { name: name ?? filename, type: (mediaType ?? "").toLowerCase(), bytes: part.bytes };
}

/** The names and the type of a part, which are decoded when they are read. */
function headOf(part: MultipartPart, index: number): Pick<MultipartPart, "name" | "filename" | "mediaType"> {
  try {
    const { name, filename, mediaType } = part;
    return { name, filename, mediaType };
  } catch {
    throw new Refusal(400, `part ${index} of the form has a head that cannot be read: expected UTF-8`);
  }
}

/** The refusal of a form that cannot be parsed. @param read The parts before the fault. */
function refusalOf(error: unknown, read: number): unknown {
  if (error instanceof MaxPartsExceededError) {
    return new Refusal(400, `the form has more than ${MOST_FILES} files: send them in several requests`);
  }
  if (error instanceof MaxHeaderSizeExceededError) {
    return new Refusal(400, `part ${read} of the form has a head of more than ${MOST_HEAD} bytes`);
  }
  if (!(error instanceof MultipartParseError)) return error;
  const expected = "expected the boundary that content-type names before each, and with -- behind the last";
  return new Refusal(400, `the form cannot be read after ${counted(read, "whole part")}: ${expected}`);
}
