/**
 * Commands overwrite only their own files, for any output path and with any permission.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/network/model_file.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { QUICK, refusedOutputs, writeVictims } from "./victims.ts";
import { inFolderWithData, writeSmallData } from "./small_data.ts";
import { assertOneLine, spikelet, spikeletJson } from "./spikelet.ts";

const TRAIN = ["train", ...QUICK], ALL = ["--allow-write"];

/** Runs a test in a folder with a run and with files that must not change. */
async function withVictims(
  test: (folder: string, unharmed: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, [...TRAIN, "--name", "own"]);
    await inTemporaryFolder(async (elsewhere) => await test(folder, await writeVictims(folder, elsewhere)));
  });
}

Deno.test("train --out and report --out overwrite only their own files, with a task's permissions", async () => {
  await withVictims(async (folder, unharmed) => {
    // The message names the path's fault, and advises no permission, which would not help.
    for (const [out, reason] of refusedOutputs(folder)) {
      assertOneLine(await spikelet(folder, [...TRAIN, "--out", out]), 1, reason);
      assertOneLine(
        await spikelet(folder, ["report", "own", "--out", out.replace(".safetensors", ".html")]),
        1,
        reason,
      );
    }
    assertOneLine(
      await spikelet(folder, [...TRAIN, "--out", "a,b.safetensors"]),
      1,
      /this task writes below runs\/ only: name a place there, or one without a comma, which no permission can name$/m,
    );
    await unharmed();
  });
});

Deno.test("train --out and report --out overwrite only their own files, with every permission", async () => {
  await withVictims(async (folder, unharmed) => {
    for (const [out, reason] of refusedOutputs(folder)) {
      assertOneLine(await spikelet(folder, [...TRAIN, "--out", out], ALL), 1, reason);
      assertOneLine(
        await spikelet(folder, ["report", "own", "--out", out.replace(".safetensors", ".html")], ALL),
        1,
        reason,
      );
    }
    await unharmed();
  });
});

Deno.test("train --out replaces a model of Spikelet's, but not one of another run", async () => {
  await withVictims(async (folder, unharmed) => {
    const again = [...TRAIN, "--out", "runs/mine.safetensors"];
    const first = await spikeletJson(folder, [...again, "--seed", "1"]);
    const second = await spikeletJson(folder, [...again, "--seed", "2"]);
    assert.notEqual(first.weightsSha256, second.weightsSha256);
    const { metadata } = await readModel(join(folder, "runs", "mine.safetensors"));
    assert.equal(metadata.weightsSha256, second.weightsSha256);
    for (
      const out of [
        "runs/own/model.safetensors",
        "runs/own/checkpoints/last.safetensors",
        "runs/own/x.safetensors",
      ]
    ) {
      assertOneLine(
        await spikelet(folder, [...TRAIN, "--out", out]),
        1,
        /is a run's folder, whose files are its own/,
      );
    }
    await unharmed();
  });
});

Deno.test("report replaces only its own pages, and gives one on other data another name", async () => {
  await withVictims(async (folder) => {
    const page = join(folder, "runs", "own", "report.html");
    await Deno.writeTextFile(page, "<p>my notes</p>");
    assertOneLine(
      await spikelet(folder, ["report", "own"]),
      1,
      /^runs.own.report\.html: this file is there already, and is not a report that Spikelet wrote: move it away, or name another$/m,
    );
    assert.equal(await Deno.readTextFile(page), "<p>my notes</p>");
    await Deno.remove(page);
    for (const _ of [1, 2]) await spikeletJson(folder, ["report", "own"]);
    const own = await Deno.readTextFile(page);
    await writeSmallData(join(folder, "data", "other"), { train: 20, test: 31 });
    const { path } = await spikeletJson(folder, ["report", "own", "--data", "data/other"]);
    assert.equal(path, join("runs", "own", "report-on-data-other.html"));
    assert.equal(await Deno.readTextFile(page), own);
    assert.equal(
      (await spikeletJson(folder, ["report", "own", "--data", "./data/"])).path,
      join("runs", "own", "report.html"),
    );
  });
});

Deno.test("the command in a refusal writes the output", async () => {
  await inFolderWithData(async (folder) => {
    const { stderr } = await spikelet(folder, [...TRAIN, "--out", "mine.safetensors"]);
    const command = /add a permission: deno (run .*)$/m.exec(stderr)?.[1] ?? "";
    const [, flag = ""] = /(--allow-write=\S+)/.exec(command) ?? [];
    assert.equal(flag, "--allow-write=runs,.spikelet,mine.safetensors,mine.safetensors.part");
    const words = command.slice(command.indexOf("main.ts ") + "main.ts ".length).split(" ");
    assert.equal((await spikelet(folder, words, [flag])).code, 0);
    assert.ok((await readModel(join(folder, "mine.safetensors"))).spec);
  });
});

Deno.test("train --resume writes through no link in the run's folder", async () => {
  await withVictims(async (folder, unharmed) => {
    const run = join(folder, "runs", "own"), goOn = ["train", "--resume", "own", "--epochs", "2", "--quiet"];
    for (const name of ["metrics.jsonl", "epochs.jsonl", "run.json", "checkpoints", ".lock"]) {
      const path = join(run, name), aside = join(folder, `aside-${name}`);
      await Deno.rename(path, aside);
      await Deno.symlink(aside, path);
      assertOneLine(
        await spikelet(folder, goOn, ALL),
        1,
        /: this is a symbolic link, which nothing is written through; /,
      );
      await Deno.remove(path);
      await Deno.rename(aside, path);
    }
    await Deno.symlink(join(folder, "runs", "own"), join(folder, "runs", "alias"));
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "alias"], ALL),
      1,
      /: this is a symbolic link/,
    );
    assertOneLine(
      await spikelet(folder, ["runs", "rm", "alias", "--yes"], ALL),
      1,
      /: this is a symbolic link/,
    );
    await unharmed();
    assert.equal((await spikelet(folder, goOn)).code, 0);
  });
});

Deno.test("no refusal advises a permission for the current folder, one above it, or a hidden one", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const to of [".", "..", ".git/hooks", join(folder, ".config")]) {
      assertOneLine(
        await spikelet(folder, ["data", "fetch", "--to", to]),
        1,
        /: this task writes below data\/ only: name a place there, or a folder of its own that is not hidden$/m,
      );
    }
  });
});

Deno.test("serve and edge refuse a checkpoint and name its run", async () => {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, [...TRAIN, "--name", "kk"]);
    const checkpoint = join("runs", "kk", "checkpoints", "last.safetensors");
    assertOneLine(
      await spikelet(folder, ["serve", "--model", checkpoint]),
      1,
      /: this is a checkpoint of the run kk, not a model, .*continue it with `train --resume kk`; `evaluate` takes/m,
    );
    await Deno.remove(join(folder, "runs", "kk", "model.safetensors"));
    assertOneLine(
      await spikelet(folder, ["serve", "--model", "kk"]),
      1,
      /^kk: the run is not finished: resume it \(deno task train --resume kk\)$/m,
    );
    assertOneLine(await spikelet(folder, ["report", "kk", "runs/kk"]), 2, /: kk is named twice: expected/);
  });
});
