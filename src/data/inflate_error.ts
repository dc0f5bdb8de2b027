/**
 * What goes wrong as data are inflated; apart from `inflate.ts`, which brings its library with it.
 *
 * @module
 */

/** Packed data that are damaged or cut short; the message goes on from the file's name. */
export class InflateError extends Error {
  /** What a caller tells it by. */
  override name = "InflateError";
}
