/** The error of damaged compressed data; apart from `inflate.ts`, which brings its library with it. */

/** Packed data that are damaged or cut short; the message continues the file's name. */
export class InflateError extends Error {
  /** Identifies it across module boundaries. */
  override name = "InflateError";
}
