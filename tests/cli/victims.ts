/**
 * Files that a command must never overwrite, for any output path.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";

/** Options of a short run on the small data in `data`. */
export const QUICK: readonly string[] = [
  ...["--data", "data", "--steps", "2", "--hidden", "3", "--threads", "1", "--limit", "20", "--quiet"],
];

const OTHER = ": this file is there already, and is not (a model|a report) that Spikelet wrote: ";
const HIDDEN = ": \\.\\S+ is hidden, and nothing is written there: name another place";
const NAME = ": expected a name that ends in \\.(safetensors|html), for (a model|a report) is written there";
const LINK = " is a symbolic link";

/** The contents that must not change, by path. */
const VICTIMS: Readonly<Record<string, string>> = {
  "main.ts": "console.log(1);",
  "README.md": "# Mine",
  ".git/hooks/post-checkout": "#!/bin/sh",
  ".git/hooks/pre-push.safetensors": "#!/bin/sh",
  ".hidden.safetensors": "mine",
  "weights.safetensors": "of another program",
  "weights.html": "<p>mine</p>",
};

/** Refused output paths in a folder with {@linkcode VICTIMS}, and the reason with every permission. */
export function refusedOutputs(folder: string): [out: string, reason: RegExp][] {
  return [
    ["main.ts", RegExp(NAME)],
    ["README.md", RegExp(NAME)],
    ["runs/../main.ts", RegExp(NAME)],
    [join(folder, "main.ts"), RegExp(NAME)],
    [".git/hooks/post-checkout", RegExp(NAME)],
    [".git/hooks/pre-push.safetensors", RegExp(HIDDEN)],
    [".hidden.safetensors", RegExp(HIDDEN)],
    ["hooks/post-merge.safetensors", RegExp(HIDDEN)],
    ["weights.safetensors", RegExp(OTHER)],
    ["runs/../weights.safetensors", RegExp(OTHER)],
    [join(folder, "weights.safetensors"), RegExp(OTHER)],
    ["runs/link.safetensors", RegExp(LINK)],
    ["runs/dangling.safetensors", RegExp(LINK)],
    ["runs/away/new.safetensors", RegExp(LINK)],
  ];
}

/** Writes the files, with links to and past them. @returns Asserts that nothing has changed. */
export async function writeVictims(folder: string, elsewhere: string): Promise<() => Promise<void>> {
  for (const [name, text] of Object.entries(VICTIMS)) {
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    await Deno.writeTextFile(join(folder, name), text);
  }
  await Deno.mkdir(join(folder, "runs"), { recursive: true });
  const link = (to: string, name: string) => Deno.symlink(to, join(folder, name));
  await link(join(folder, ".git", "hooks"), "hooks");
  for (const suffix of ["safetensors", "html"]) {
    await Deno.writeTextFile(join(folder, `linked.${suffix}`), "mine");
    await link(join(folder, `linked.${suffix}`), `runs/link.${suffix}`);
    await link(join(elsewhere, `none.${suffix}`), `runs/dangling.${suffix}`);
  }
  await link(elsewhere, "runs/away");
  const hooks = ["post-checkout", "pre-push.safetensors"];
  return async () => {
    for (const [name, text] of Object.entries(VICTIMS)) {
      assert.equal(await Deno.readTextFile(join(folder, name)), text, name);
    }
    for (const suffix of ["safetensors", "html"]) {
      assert.equal(await Deno.readTextFile(join(folder, `linked.${suffix}`)), "mine");
    }
    const names = async (path: string) =>
      (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).toSorted();
    assert.deepEqual(await names(elsewhere), []);
    assert.deepEqual(await names(join(folder, ".git", "hooks")), hooks);
  };
}
