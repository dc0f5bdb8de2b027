/** A refused request, as a status and one line for its sender. */
import { quotedValue } from "../text/one_line.ts";

/** Thrown below a route; the answer is `{ "error": message }` with its status. */
export class Refusal extends Error {
  /** Identifies it across module boundaries. */
  override name = "Refusal";
  /** The status of the response, 4xx or 5xx. */
  readonly status: number;
  /** Headers that belong to the status. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param message One line: what was found, what was expected, what to do. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The server is overloaded: retry after some seconds. */
export function overloaded(seconds: number): Refusal {
  const headers = { "retry-after": String(seconds) };
  return new Refusal(429, `too many requests are waiting: try again in ${seconds} s`, headers);
}

/** A sender's text, as a refusal repeats it: short, and on one line. */
export function shown(text: string): string {
  return /^[\x21-\x7e]{1,60}$/.test(text) ? text : quotedValue(text, 60);
}
