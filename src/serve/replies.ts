/** Answers that differ from request to request. */
/** Headers of every answer: its type must not be guessed, and caches must not keep it. */
const HEADERS = { "x-content-type-options": "nosniff", "cache-control": "no-store" } as const;

const encoder = new TextEncoder();

/** An answer in JSON, of known length. */
export function jsonResponse(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = encoder.encode(JSON.stringify(value)), length = String(body.length);
  const own = { ...HEADERS, "content-type": "application/json", "content-length": length };
  return new Response(body, { status, headers: { ...own, ...headers } });
}
