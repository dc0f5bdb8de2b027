/**
 * A plain file server: without headers but the media type, so that nothing isolates the page.
 *
 * @module
 */
import { join } from "node:path";
import { typeOfFile } from "../../src/serve/page_files.ts";

/**
 * Serves a folder at `/some/where/`: the page must work at any path.
 *
 * @param headers Headers besides the media type. @default {none}
 */
export function serveFolder(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): { url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const [, name] = /^\/some\/where\/([\w.-]*)$/.exec(new URL(url).pathname) ?? [];
    if (name === undefined) return new Response(null, { status: 404 });
    const file = name === "" ? "index.html" : name;
    try {
      const body = await Deno.readFile(join(folder, file));
      return new Response(body, { headers: { ...headers, "content-type": typeOfFile(file) } });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/some/where/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
