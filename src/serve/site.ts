/** The routes of the page that learns: its files from memory, started from the model that is served. */
import type { Hono } from "hono";
import { typeOfFile, withModel } from "./page_files.ts";
import { StaticFile } from "./static_file.ts";

/** The page's files, by their names. */
export type Site = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/**
 * The page may run its own scripts and kernels, and send requests to this server alone. Isolated from other sites, its threads may
 * share memory.
 */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** The bundler puts a hash of their contents into some files' names: another content would have another name. */
const HASHED = /-[0-9A-Z]{8}\.\w+$/;

/** Adds the page's routes. */
export function addSite(app: Hono, site: Site, { hasModel }: { readonly hasModel: boolean }): void {
  for (const [name, contents] of site) {
    const isIndex = name === "index.html";
    const marked = () => new TextEncoder().encode(withModel(new TextDecoder().decode(contents)));
    const file = new StaticFile(isIndex && hasModel ? marked() : contents, {
      ...HEADERS,
      "content-type": typeOfFile(name),
      "cache-control": HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
    });
    app.get(isIndex ? "/" : `/${name}`, ({ req: { raw } }) => file.answer(raw));
  }
}
