import assert from "node:assert/strict";

/** A diff in a page, file by file, without its signs. */
function diffsIn(page: string): Map<string, string[]> {
  const [, diff = ""] = /^```diff\n([\s\S]*?)^```$/m.exec(page) ?? [];
  return new Map(
    diff.split(/^--- /m).slice(1).map((part) => {
      const [path = "", ...lines] = part.split("\n");
      return [path, lines.filter((line) => line.startsWith("+")).map((line) => line.slice(1))];
    }),
  );
}

const ROOT = new URL("../../", import.meta.url);

Deno.test("the diff in docs/internals/adding.md is what the files have, in their order", async () => {
  const diffs = diffsIn(await Deno.readTextFile(new URL("docs/internals/adding.md", ROOT)));
  assert.equal(diffs.size, 4);
  for (const [path, lines] of diffs) {
    const file = (await Deno.readTextFile(new URL(path, ROOT))).split("\n");
    let at = 0;
    for (const line of lines) {
      const found = file.indexOf(line, at);
      assert.ok(found >= 0, `${path} does not have, behind line ${at}: ${line}`);
      at = found + 1;
    }
  }
});
