/**
 * The page that learns, as `serve` sends it: its files from memory, begun with the model that is served.
 *
 * @module
 */
import type { Hono } from "hono";
import { typeOfFile, withModel } from "../page/site.ts";

/** The page's files, by their names. */
export type Site = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/**
 * What the page may do: run its own scripts and kernels, and ask this server alone. Isolated from other sites, its threads may share
 * memory.
 */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Adds the page's routes. */
export function addSite(app: Hono, site: Site): void {
  for (const [name, contents] of site) {
    const isIndex = name === "index.html";
    const body = isIndex ? new TextEncoder().encode(withModel(new TextDecoder().decode(contents))) : contents;
    const headers = { ...HEADERS, "content-type": typeOfFile(name) };
    app.get(isIndex ? "/" : `/${name}`, (context) => context.body(body, 200, headers));
  }
}
