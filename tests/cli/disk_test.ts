/**
 * Full and read-only disks: small ones in memory, mounted for the test's processes alone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readCheckpoint } from "../../src/runs/read_checkpoint.ts";
import { checkpointPaths, readNewest } from "../../src/runs/checkpoint_folder.ts";
import { inFolderWithData } from "./small_data.ts";
import { linesOf, PROJECT, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const QUICK = [
  ...["train", "--data", "data", "--steps", "6", "--hidden", "5", "--batch-size", "10", "--threads", "1"],
  ...["--epochs", "3", "--checkpoint-every", "1", "--json", "--quiet"],
];

/** Runs a shell as root of a new namespace, which may mount. */
async function inNamespace(folder: string, script: string): Promise<{ success: boolean; stderr: string }> {
  const { success, stderr } = await new Deno.Command("unshare", {
    args: ["--map-root-user", "--mount", "sh", "-ec", script],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}

/** Whether this system lets a test mount a disk; containers often do not. */
const mounts = await (async () => {
  const folder = await Deno.makeTempDir();
  try {
    return (await inNamespace(folder, "mount -t tmpfs -o size=64k tmpfs .")).success;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
})();

/** A command of Spikelet for a shell, with the permissions of `train`; its output and exit code go to files. */
function shellCommand(args: readonly string[], to: string): string {
  const words = [
    ...[Deno.execPath(), "run", "--no-prompt", "--no-remote", "--allow-read", "--allow-write=."],
    ...[`${PROJECT}main.ts`, ...args],
  ].map((word) => `'${word}'`).join(" ");
  return `set +e; ${words} >${to}.out 2>${to}.err; echo $? >${to}.code; set -e`;
}

async function outcomeOf(folder: string, name: string) {
  const read = (ending: string) => Deno.readTextFile(join(folder, `${name}.${ending}`));
  return { code: Number(await read("code")), stdout: await read("out"), stderr: await read("err") };
}

Deno.test({
  name: "train reports a full disk, keeps whole checkpoints, and resumes after space is freed",
  ignore: !mounts, // tests/runs/failing_writes_test.ts lets every single write fail, without a disk
  fn: async () => {
    await inFolderWithData(async (folder) => {
      const whole = await spikeletJson(folder, [...QUICK, "--name", "whole"]);
      // Space for less than one checkpoint, for several, and for all files but the model.
      for (const [i, kilobytes] of [44, 88, 116, 136].entries()) {
        const run = join(folder, "runs");
        await Deno.remove(run, { recursive: true });
        await Deno.mkdir(run);
        const shell = await inNamespace(
          folder,
          [
            `mount -t tmpfs -o size=${kilobytes}k tmpfs runs`,
            shellCommand([...QUICK, "--name", "full"], "full"),
            `cp -r runs left-${i}`,
            "mount -o remount,size=10m runs",
            shellCommand(["train", "--resume", "full", "--json", "--quiet"], "resumed"),
            `cp -r runs/full resumed-${i}`,
          ].join("\n"),
        );
        assert.ok(shell.success, shell.stderr);
        const full = await outcomeOf(folder, "full");
        assert.equal(full.code, 1, `${kilobytes} KiB: ${full.stdout}`);
        const [first, second, ...rest] = full.stderr.trimEnd().split("\n");
        assert.match(first ?? "", /: no space is left on the disk of .*; make room or choose another$/);
        assert.deepEqual(rest, []);
        const newest = await readNewest(join(folder, `left-${i}`, "full"));
        const { epoch, batch } = newest?.checkpoint.progress ?? { epoch: 1, batch: 0 };
        assert.equal(newest?.fault, undefined);
        if (second !== undefined) {
          const place = batch === 0 ? `6 of 6 of epoch ${epoch - 1}` : `${batch} of 6 of epoch ${epoch}`;
          assert.equal(
            second,
            `Kept: all that was done, after batch ${place} of 3. To resume: deno task train --resume full`,
          );
        } else assert.equal(newest, undefined);
        const resumed = await outcomeOf(folder, "resumed");
        assert.equal(resumed.code, 0, resumed.stderr);
        assert.equal(recordOf(JSON.parse(resumed.stdout)).weightsSha256, whole.weightsSha256);
        const metrics = await linesOf(join(folder, `resumed-${i}`, "metrics.jsonl"));
        assert.deepEqual(
          metrics.map(({ epoch, batch }) => [epoch, batch]),
          [1, 2, 3].flatMap((epoch) => [1, 2, 3, 4, 5, 6].map((batch) => [epoch, batch])),
        );
      }
    });
  },
});

Deno.test({
  name: "train on a read-only disk says so, and leaves what is there as it was",
  ignore: !mounts, // root may write despite a folder's permissions
  fn: async () => {
    await inFolderWithData(async (folder) => {
      await spikeletJson(folder, [...QUICK, "--name", "there"]);
      const { last } = checkpointPaths(join(folder, "runs", "there"));
      const before = await Deno.readFile(last);
      const shell = await inNamespace(
        folder,
        [
          "mount --bind runs runs",
          "mount -o remount,ro,bind runs",
          shellCommand([...QUICK, "--name", "new"], "new"),
          shellCommand(["train", "--resume", "there", "--epochs", "9"], "resumed"),
          shellCommand(["runs", "rm", "there", "--yes"], "removed"),
          shellCommand(["runs"], "list"),
          shellCommand(["evaluate", "there", "--data", "data"], "evaluated"),
        ].join("\n"),
      );
      assert.ok(shell.success, shell.stderr);
      for (const name of ["new", "resumed", "removed"]) {
        const { code, stdout, stderr } = await outcomeOf(folder, name);
        assert.deepEqual([code, stdout], [1, ""], stderr);
        assert.match(stderr, /^runs.*: .* is on a read-only disk; choose another folder\n$/);
      }
      assert.match((await outcomeOf(folder, "list")).stdout, /^there +notebook +finished /m);
      assert.equal((await outcomeOf(folder, "evaluated")).code, 0, "it can be measured all the same");
      assert.deepEqual(await Deno.readFile(last), before);
      assert.equal((await readCheckpoint(last)).progress.epoch, 4);
      assert.equal((await spikelet(folder, ["train", "--resume", "there", "--epochs", "4"])).code, 0);
    });
  },
});
