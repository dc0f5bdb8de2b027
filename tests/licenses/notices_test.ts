import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "../../src/errors.ts";
import { writeNotices } from "../../src/licenses/notices.ts";
import type { Package } from "../../src/licenses/packages.ts";
import { PROJECT, spikelet } from "../cli/spikelet.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { noticesIn } from "./read_notices.ts";

/** A package in a folder. */
async function packageIn(
  root: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<Package> {
  const folder = join(root, name);
  await Deno.mkdir(folder);
  for (const [file, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, file), text);
  return { name, version: "1.0.0", license: "MIT", folder };
}

Deno.test("writeNotices() writes Spikelet's licence first, then each package's text, equal texts once", async () => {
  await inTemporaryFolder(async (root) => {
    const packages = [
      await packageIn(root, "later", {
        "LICENSE-MIT.txt": "Later's terms.\r\n",
        "NOTICE": "Later's notice.\n",
      }),
      await packageIn(root, "same", { "licence": "Shared terms.\n" }),
      await packageIn(root, "also", { "LICENSE.md": "Shared terms.", "README.md": "not this" }),
    ];
    const notices = noticesIn(await writeNotices(packages, []));
    const own = await Deno.readTextFile(join(PROJECT, "LICENSE"));
    assert.deepEqual([...notices.keys()].map((title) => title.split(" ")[0]), [
      "Spikelet",
      "also",
      "same",
      "later",
    ]);
    assert.equal(notices.get("Spikelet 0.1.0 (MIT)"), own.trim());
    assert.equal(notices.get("also 1.0.0 (MIT)"), "Shared terms.");
    assert.equal(notices.get("same 1.0.0 (MIT)"), "Shared terms.");
    assert.equal(notices.get("later 1.0.0 (MIT)"), "Later's terms.\n\nLater's notice.");
  });
});

Deno.test("writeNotices() throws on a package without a licence text", async () => {
  await inTemporaryFolder(async (root) => {
    const packages = [await packageIn(root, "bare", { "README.md": "License: MIT" })];
    await assert.rejects(writeNotices(packages, []), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(
        error.message,
        /bare 1\.0\.0 names the licence MIT and brings no file with its text: add it to src/,
      );
      return true;
    });
  });
});

Deno.test("licenses prints the terms of every package of the program", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, ["licenses"]);
    assert.equal(code, 0, stderr);
    const notices = noticesIn(stdout);
    assert.equal([...notices.keys()][0], "Spikelet 0.1.0 (MIT)");
    // A package of each kind: with one file, with several, and three without one.
    for (
      const [title, terms] of [
        [/^valibot 1\.5\.0 \(MIT\)$/, /Copyright \(c\) Fabian Hiller/],
        [/^hono .* \(MIT\)$/, /Yusuke Wada/],
        [/^d3-array .* \(ISC\)$/, /Mike Bostock/],
        [/^@tensorflow\/tfjs-core .* \(Apache-2\.0\)$/, /Google LLC[^]*TERMS AND CONDITIONS FOR USE/],
        [/^seedrandom .* \(MIT\)$/, /David Bau/],
        [/^tr46 .* \(MIT\)$/, /Sebastian Mayr/],
        [/^assemblyscript .* the kernels/, /TERMS AND CONDITIONS FOR USE[^]*Arm Limited/],
      ] as const
    ) {
      const found = notices.keys().find((each) => title.test(each));
      assert.ok(found, String(title));
      assert.match(notices.get(found) ?? "", terms);
    }
  });
});
