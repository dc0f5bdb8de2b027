/** The files of the built page, and the mark that makes it load the model beside it. */

/** The model that the page starts from, where one lies beside it. */
export const MODEL_FILE = "model.safetensors";

/** The model that the page starts from otherwise; a server may have another one beside it, so it has a name of its own. */
export const BUILT_IN_MODEL = "built_in.safetensors";

/** Names the former in the page's HTML, which names one already. */
export function withModel(html: string): string {
  const place = /data-model="[^"]*"/;
  if (!place.test(html)) throw new RangeError("index.html: no data-model: build the page again");
  return html.replace(place, `data-model="${MODEL_FILE}"`);
}

/** The page's modules in `playground/`. Each becomes a script; a worker's address is that of its own. */
export const PAGE_ENTRIES = ["main.ts", "trainer.ts", "inspector.ts", "engine_worker.ts"] as const;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  wasm: "application/wasm",
  txt: "text/plain; charset=utf-8",
  gz: "application/gzip",
  safetensors: "application/octet-stream",
  svg: "image/svg+xml",
  png: "image/png",
};

/** A file's media type, by its name. */
export function typeOfFile(name: string): string {
  return TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}
