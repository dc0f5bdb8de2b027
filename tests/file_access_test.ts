import assert from "node:assert/strict";
import { OptionError } from "../src/errors.ts";
import { readError, writeError } from "../src/file_access.ts";

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

Deno.test("readError() and writeError() pass on our own errors and bugs", () => {
  for (const error of [new OptionError("ours"), new RangeError("a bug"), "a string", undefined]) {
    assert.equal(readError(error, "a/b"), error);
    assert.equal(writeError(error, "a/b", "a"), error);
  }
});
