/** The error of damaged compressed data, in a file of its own because `inflate.ts` imports a library. */

/** Packed data that are damaged or cut short; the message continues the file's name. */
export class InflateError extends Error {
  /** Identifies it across module boundaries. */
  override name = "InflateError";
}
