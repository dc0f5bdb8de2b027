import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkUnlocked, isLocked, lockRun } from "../../src/runs/run_lock.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** A process that has locked a folder. */
async function startHolder(folder: string): Promise<Deno.ChildProcess> {
  const program = fileURLToPath(new URL("lock_holder.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", `--allow-write=${folder}`, program, folder],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "locked\n");
  await reader.cancel();
  return child;
}

Deno.test("lockRun() refuses a folder that this process has locked, until it unlocks it", async () => {
  await inTemporaryFolder(async (folder) => {
    assert.equal(await isLocked(folder), false);
    {
      using lock = await lockRun(folder);
      assert.equal(lock.directory, folder);
      assert.equal(await isLocked(folder), true);
      await assert.rejects(lockRun(folder), {
        name: "InputError",
        message: new RegExp(`: process ${Deno.pid} \\(`),
      });
    }
    await checkUnlocked(folder);
    using _again = await lockRun(folder);
  });
});

Deno.test("lockRun() names the process that has the lock, and locks the folder after its death", async () => {
  await inTemporaryFolder(async (folder) => {
    const holder = await startHolder(folder);
    const message = new RegExp(
      `: process ${holder.pid} \\(since \\d{4}-\\d\\d-\\d\\d .* UTC\\) is at work there: wait for it, or stop it$`,
    );
    await assert.rejects(lockRun(folder), { name: "InputError", message });
    await assert.rejects(checkUnlocked(folder), { name: "InputError", message });
    holder.kill("SIGKILL");
    await holder.status;
    // The dead process's text is still there; only the lock counts.
    assert.match(await Deno.readTextFile(join(folder, ".lock")), new RegExp(`"pid":${holder.pid}`));
    assert.equal(await isLocked(folder), false);
    using _lock = await lockRun(folder);
    assert.match(await Deno.readTextFile(join(folder, ".lock")), new RegExp(`"pid":${Deno.pid}`));
  });
});

Deno.test("lockRun() ignores the content of the lock file", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const text of ["", "rubbish", `{"pid":1,"since":"2020-01-01T00:00:00Z"}`]) {
      await Deno.writeTextFile(join(folder, ".lock"), text);
      using _lock = await lockRun(folder);
    }
  });
});

Deno.test("lockRun() does without a lock on a file system that has none", async () => {
  await inTemporaryFolder(async (folder) => {
    const { tryLockSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.tryLockSync = () => {
      throw Object.assign(new Error("No locks available (os error 37)"), { code: "ENOLCK" });
    };
    try {
      using lock = await lockRun(folder);
      assert.equal(lock.directory, folder);
      assert.equal(await isLocked(folder), false);
    } finally {
      Deno.FsFile.prototype.tryLockSync = tryLockSync;
    }
  });
});
