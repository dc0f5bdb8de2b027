import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Markdown without its blocks of code, in which brackets and `#` mean something else. */
const withoutCode = (text: string) => text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`\n]*`/g, "code");

/** The anchors that GitHub gives the headings of a page: repeated ones are numbered. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const plain = text.replaceAll(/^```.*?^```$/gms, "");
  for (const [, heading = ""] of plain.matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    let name = anchor;
    for (let again = 1; anchors.has(name); again++) name = `${anchor}-${again}`;
    anchors.add(name);
  }
  return anchors;
}

/** The broken links of the page at `path`. */
async function brokenLinks(path: string, text: string): Promise<string[]> {
  const broken: string[] = [];
  for (const [, target = ""] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue; // an address outside the repository
    const [file = "", anchor] = target.split("#");
    const place = join(dirname(path), file);
    const isThere = file === "" || await Deno.stat(place).then(() => true, () => false);
    const page = file === "" || !isThere ? text : anchor === undefined ? "" : await Deno.readTextFile(place);
    if (!isThere || (anchor !== undefined && !anchorsOf(page).has(anchor))) broken.push(target);
  }
  return broken;
}

/** All pages of the repository. */
async function pages(folder = ROOT): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && (folder !== ROOT || name === "docs")) found.push(...await pages(join(folder, name)));
    if (name.endsWith(".md")) found.push(join(folder, name));
  }
  return found.sort();
}

Deno.test("links between pages lead to a file and, where they name one, to a heading", async () => {
  const broken: string[] = [];
  for (const path of await pages()) {
    const targets = await brokenLinks(path, await Deno.readTextFile(path));
    broken.push(...targets.map((target) => `${relative(ROOT, path)}: ${target}`));
  }
  assert.deepEqual(broken, []);
});

Deno.test("docs/README.md has every page of docs/", async () => {
  const index = await Deno.readTextFile(join(ROOT, "docs", "README.md"));
  const listed = [...index.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = ""]) => join(ROOT, "docs", target));
  const missing = (await pages(join(ROOT, "docs"))).filter((path) =>
    !listed.includes(path) && !path.endsWith("docs/README.md")
  );
  assert.deepEqual(missing.map((path) => relative(ROOT, path)), []);
});

Deno.test("brokenLinks() finds missing files and headings, but not in code", async () => {
  const text =
    "# A b: `c`\n\n[1](nowhere.md) [2](#a-b-c) [3](#a) [4](https://example.org/x) `[5](x)`\n\n```md\n[6](y)\n# Z\n```\n";
  assert.deepEqual(await brokenLinks(join(ROOT, "text.md"), text), ["nowhere.md", "#a"]);
});
