/** Answers that are made anew for each request: JSON, of known length. */
import type { Context } from "hono";

/** Headers of every answer: its type must not be guessed, and caches must not keep it. */
export const HEADERS = { "x-content-type-options": "nosniff", "cache-control": "no-store" } as const;

const encoder = new TextEncoder();

/** Answers with JSON. */
export function reply(context: Context, value: unknown, status: 200 | 503 = 200): Response {
  const body = encoder.encode(JSON.stringify(value));
  return context.body(body, status, {
    ...HEADERS,
    "content-type": "application/json",
    "content-length": String(body.length),
  });
}
