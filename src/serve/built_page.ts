/** Finds the page that `deno task page` has built, under Deno. */
import { isForPage, pictureSide } from "../classify/picture_side.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { INVOCATION } from "../text/invocation.ts";
import { MODEL_FILE } from "./page_files.ts";
import type { Site } from "./site.ts";

const FOLDER = new URL("../../dist/page/", import.meta.url);

/** The page's files; `undefined` where it has not been built. */
export async function readBuiltPage(folder: URL = FOLDER): Promise<Site | undefined> {
  const site = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      // A model that was chosen for the page is not the one that is served.
      if (isFile && !name.startsWith(".") && name !== MODEL_FILE) {
        site.set(name, await Deno.readFile(new URL(encodeURIComponent(name), folder)));
      }
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return site.has("index.html") ? site : undefined;
}

/** Describes the page at `/` in words. @param spec The served network. */
export function describePage(site: Site | false | undefined, spec: NetworkSpec): string {
  if (site === false) return "page: none";
  const text = pictureSide(spec) === undefined ? "how to send JSON" : "a form";
  if (!isForPage(spec)) {
    return `page: ${text}, since this network takes neither square pictures nor sequences`;
  }
  if (site) return "page: the one that learns, begun with this model";
  return `page: ${text}${Deno.build.standalone ? "" : `; \`${INVOCATION} page\` builds the one that learns`}`;
}
