import assert from "node:assert/strict";
import { join } from "node:path";
import { OptionError } from "../../src/errors.ts";
import { readError, readNoteSync, readText, readWhole, writeError } from "../../src/files/file_access.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** An error as Deno throws it for a code of the operating system. */
function systemError(code: string, words: string): Error {
  return Object.assign(new Error(`${words} (os error 28): writefile 'a/b'`), { code });
}

Deno.test("readError() says what to do", () => {
  const cases: [string, RegExp][] = [
    ["ENOENT", /^a\/b: no such file or folder; check the path$/],
    ["EACCES", /^a\/b: this user may not read it; change its permissions$/],
    ["EIO", /^a\/b: cannot be read: Some words$/],
  ];
  for (const [code, message] of cases) {
    const error = readError(systemError(code, "Some words"), "a/b");
    assert.throws(() => {
      throw error;
    }, { name: "InputError", message });
  }
});

Deno.test("writeError() says what to do", () => {
  const cases: [string, RegExp][] = [
    ["ENOENT", /^a\/b: the folder a does not exist; create it first$/],
    ["ENOTDIR", /^a\/b: a is not a folder; check the path$/],
    ["EACCES", /^a\/b: this user may not write in a; choose another folder$/],
    ["EPERM", /^a\/b: this user may not write in a; choose another folder$/],
    ["EROFS", /^a\/b: a is on a read-only disk; choose another folder$/],
    ["ENOSPC", /^a\/b: no space is left on the disk of a; make room or choose another$/],
    ["EIO", /^a\/b: cannot be written: Some words$/],
  ];
  for (const [code, message] of cases) {
    const error = writeError(systemError(code, "Some words"), "a/b", "a");
    assert.throws(() => {
      throw error;
    }, { name: "InputError", message });
  }
});

Deno.test("readError() and writeError() pass on Spikelet's errors and bugs", () => {
  for (const error of [new OptionError("ours"), new RangeError("a bug"), "a string", undefined]) {
    assert.equal(readError(error, "a/b"), error);
    assert.equal(writeError(error, "a/b", "a"), error);
  }
});

Deno.test("readWhole() and readText() read only regular files up to a size, with or without a byte-order mark", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "note");
    const write = (...bytes: number[]) => Deno.writeFile(path, Uint8Array.from(bytes));
    await write(0xef, 0xbb, 0xbf, 0xc3, 0xa9);
    assert.equal(await readText(path), "é");
    assert.equal(readNoteSync(path), "é");
    await write(0xff, 0xfe, 0xe9, 0);
    assert.equal(await readText(path), "é");
    await write(0xfe, 0xff, 0, 0xe9);
    assert.equal(await readText(path), "é");
    assert.equal((await readWhole(path, 4)).length, 4);
    const refused = (name: string, message: RegExp) =>
      Promise.all([
        assert.rejects(readWhole(join(folder, name), 3), { name: "InputError", message }),
        assert.rejects(readText(join(folder, name), 3), { name: "InputError", message }),
      ]);
    await refused("note", /note: 4 bytes, expected at most 3: this is no file of Spikelet's$/);
    await refused(".", /this is a folder; expected a file/);
    await refused("none", /none: no such file or folder/);
    await Deno.truncate(path, 20_000_000);
    assert.throws(() => readNoteSync(path), /20,000,000 bytes, expected at most 16,777,216/);
  });
  if (Deno.build.os !== "windows") {
    await assert.rejects(readWhole("/dev/zero"), /this is a pipe or a device/);
    assert.throws(() => readNoteSync("/dev/zero"), /this is a pipe or a device/);
  }
});

Deno.test("modules of src read users' files only through file_access.ts", async () => {
  const allowed = ["file_access.ts", "built_page.ts", "load.ts"]; // the latter two read the program's own files
  const strays: string[] = [];
  const visit = async (folder: URL) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const url = new URL(isDirectory ? `${name}/` : name, folder);
      if (isDirectory && name !== "licenses") await visit(url); // licenses/ reads the program's own files
      else if (!isDirectory && !allowed.includes(name)) {
        const code = (await Deno.readTextFile(url)).replace(/^ \*.*$/gm, "");
        if (/Deno\.(readFile|readTextFile)/.test(code)) strays.push(url.pathname);
      }
    }
  };
  await visit(new URL("../../src/", import.meta.url));
  assert.deepEqual(strays, [], "readWhole() and readText() ask first what and how large a file is");
});
