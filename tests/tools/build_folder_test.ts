import assert from "node:assert/strict";
import { join } from "node:path";
import { type BuiltFile, checkBuildFolder, LIST, writeBuild } from "../../tools/build_folder.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const FIRST: readonly BuiltFile[] = [["index.html", "one"], ["old-1a2b.js", "old"], ["deep/er/file", "x"]];
const SECOND: readonly BuiltFile[] = [["index.html", "two"], ["new-3c4d.js", "new"]];

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

Deno.test("writeBuild() replaces an earlier build, and lists its files as sha256sum does", async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, "dist", "page");
    await writeBuild(out, FIRST);
    await writeBuild(out, SECOND);
    assert.deepEqual(namesIn(out), [LIST, "index.html", "new-3c4d.js"]);
    assert.equal(await Deno.readTextFile(join(out, "index.html")), "two");
    // printf two | sha256sum, printf new | sha256sum
    assert.equal(
      await Deno.readTextFile(join(out, LIST)),
      "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  index.html\n" +
        "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437  new-3c4d.js\n",
    );
  });
});

Deno.test("writeBuild() refuses a folder with foreign files, and changes nothing there", async (t) => {
  const foreign: [string, (out: string) => Promise<void>, RegExp][] = [
    [
      "a program",
      (out) => Deno.writeTextFile(join(out, "spikelet"), "mine"),
      /page: spikelet: no earlier build wrote this/,
    ],
    ["several files", async (out) => {
      await Deno.mkdir(join(out, "edge"));
      for (const name of ["a", "b", "c"]) await Deno.writeTextFile(join(out, "edge", name), name);
    }, /page: edge\/a and 2 more: no earlier build/],
    [
      "a file that was changed",
      (out) => Deno.writeTextFile(join(out, "index.html"), "mine"),
      /: index\.html, which was changed since: no/,
    ],
    ["a link in a file's place", async (out) => {
      await Deno.remove(join(out, "index.html"));
      await Deno.symlink("/etc/hostname", join(out, "index.html"));
    }, /: index\.html, which was changed since: no/],
  ];
  for (const [name, put, message] of foreign) {
    await t.step(name, () =>
      inTemporaryFolder(async (folder) => {
        const out = join(folder, "page");
        await writeBuild(out, FIRST);
        await put(out);
        const before = namesIn(out);
        await assert.rejects(writeBuild(out, SECOND), { name: "InputError", message });
        assert.deepEqual(namesIn(out), before);
        assert.equal(await Deno.readTextFile(join(out, "old-1a2b.js")), "old");
      }));
  }
  await t.step(
    "a folder without a build, a file, a link",
    () =>
      inTemporaryFolder(async (folder) => {
        await Deno.writeTextFile(join(folder, "todo.txt"), "mine");
        await assert.rejects(writeBuild(folder, SECOND), {
          message: /: todo\.txt: no earlier build wrote this/,
        });
        await assert.rejects(writeBuild(join(folder, "todo.txt"), SECOND), {
          message: /this is a file; expected a folder/,
        });
        await Deno.symlink("/", join(folder, "root"));
        await assert.rejects(writeBuild(join(folder, "root"), SECOND), {
          message: /this is a symbolic link/,
        });
        assert.deepEqual(namesIn(folder), ["root", "todo.txt"]);
      }),
  );
});

Deno.test("writeBuild() succeeds after a build that was interrupted at any point", async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, "page");
    await writeBuild(out, FIRST);
    // As after a killed build: both lists in one, a file of each, and a half-written one.
    const list = join(out, LIST), former = await Deno.readTextFile(list);
    await inTemporaryFolder(async (aside) => {
      await writeBuild(join(aside, "page"), SECOND);
      await Deno.writeTextFile(list, former + await Deno.readTextFile(join(aside, "page", LIST)));
    });
    await Deno.writeTextFile(join(out, "index.html"), "two");
    await Deno.writeTextFile(join(out, ".spikelet-0f.tmp"), "ne");
    await writeBuild(out, SECOND);
    assert.deepEqual(namesIn(out), [LIST, "index.html", "new-3c4d.js"]);
  });
});

Deno.test("checkBuildFolder() refuses a folder above or below another build, and changes nothing", async () => {
  await inTemporaryFolder(async (folder) => {
    const dist = join(folder, "dist"), edge = join(dist, "edge");
    await writeBuild(edge, FIRST);
    await Deno.writeTextFile(join(dist, ".spikelet-0f.tmp"), "ne");
    const before = namesIn(edge);
    for (const build of [checkBuildFolder, (out: string) => writeBuild(out, SECOND)]) {
      await assert.rejects(build(dist), {
        name: "InputError",
        message: `${dist}: edge in there is a build of its own: name a folder that is new, such as ${
          join(dist, "mine")
        }`,
      });
      await assert.rejects(build(join(edge, "deep", "sub")), {
        name: "InputError",
        message: /sub: it lies in a build, .*edge: name a folder beside that one/,
      });
      assert.deepEqual(namesIn(edge), before);
      assert.deepEqual(namesIn(dist), [".spikelet-0f.tmp", "edge"]);
    }
    await writeBuild(edge, SECOND); // as a second `deno task edge` does
    await assert.rejects(checkBuildFolder("dist"), {
      name: "InputError",
      message: `dist: every build has a folder of its own in there: name one, such as ${
        join("dist", "mine")
      }`,
    });
  });
});

Deno.test("checkBuildFolder() removes nothing, not even the files of a killed build", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBuild(join(folder, "page"), FIRST);
    await Deno.writeTextFile(join(folder, "page", ".spikelet-0f.tmp"), "ne");
    await checkBuildFolder(join(folder, "page"));
    assert.ok(namesIn(join(folder, "page")).includes(".spikelet-0f.tmp"));
  });
});
