import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { decodeModel, encodeModel, readModel } from "../../src/network/model_file.ts";
import { readTrained } from "../../src/runs/read_checkpoint.ts";
import { greyFile } from "../data/png_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const NAMES = ["left", "middle", "right"] as const;
const SIDE = 14;

/** A light bar on a dark ground, shifted by `shift`. */
function bar(name: typeof NAMES[number], shift: number): Uint8Array<ArrayBuffer> {
  const at = 2 + 4 * NAMES.indexOf(name) + shift % 2;
  return greyFile(
    SIDE,
    SIDE,
    Array.from({ length: SIDE * SIDE }, (_, i) => {
      const column = i % SIDE, row = Math.floor(i / SIDE);
      return column >= at && column < at + 2 && row > shift ? 255 - 20 * shift : 0;
    }),
  );
}

/** Writes six pictures per class into a folder per class, with the classes' names. */
async function writeBars(folder: string, names: Readonly<Partial<Record<typeof NAMES[number], string>>>) {
  for (const name of NAMES) {
    const called = names[name];
    for (let shift = 0; called !== undefined && shift < 6; shift++) {
      const path = join(folder, called, `${shift}.png`);
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeFile(path, bar(name, shift));
    }
  }
}

const TRAIN = [
  ...["train", "--hidden", "20", "--steps", "16", "--batch-size", "6", "--epochs", "12", "--threads", "1"],
  ...["--engine", "wasm", "--data", "bars", "--name", "bars"],
];

Deno.test("a model keeps the names of its classes, and evaluate matches data by them", async (t) => {
  await inTemporaryFolder(async (folder) => {
    const all = { left: "left", middle: "middle", right: "right" };
    await writeBars(join(folder, "bars", "train"), all);
    await writeBars(join(folder, "bars", "test"), { left: "left", right: "right" });
    const evaluate = (model: string, data: string) =>
      spikelet(folder, ["evaluate", model, "--threads", "1", "--engine", "wasm", "--data", data, "--json"]);
    const accuracy = (stdout: string) => recordOf(recordOf(JSON.parse(stdout)).test).accuracy;
    const path = join(folder, "runs", "bars", "model.safetensors");

    await t.step("train writes them into the model, the checkpoints and run.json", async () => {
      const { test } = await spikeletJson(folder, TRAIN);
      assert.equal(
        recordOf(test).accuracy,
        1,
        "the test part has no class middle, and is numbered as the training part is",
      );
      assert.deepEqual((await readModel(path)).classes, NAMES);
      const checkpoint = join(folder, "runs", "bars", "checkpoints", "last.safetensors");
      assert.deepEqual((await readTrained(checkpoint)).classes, NAMES);
      const record = JSON.parse(await Deno.readTextFile(join(folder, "runs", "bars", "run.json")));
      assert.deepEqual(record.classes, NAMES);
    });

    await t.step("evaluate matches a folder with some of the classes by name", async () => {
      await writeBars(join(folder, "some"), { left: "left", right: "right" });
      const { code, stdout, stderr } = await evaluate("bars", "some");
      assert.equal(code, 0, stderr);
      assert.equal(accuracy(stdout), 1);
      assert.deepEqual(recordOf(JSON.parse(stdout)).classes, NAMES);
    });

    await t.step("evaluate --by-class gives each class's figures by its name", async () => {
      // Pictures of the middle, named left.
      await writeBars(join(folder, "mixed"), { left: "left", right: "right" });
      for (const shift of [0, 1]) {
        await Deno.writeFile(join(folder, "mixed", "left", `m${shift}.png`), bar("middle", shift));
      }
      const args = [
        "evaluate",
        "bars",
        "--data",
        "mixed",
        "--by-class",
        "--threads",
        "1",
        "--engine",
        "wasm",
      ];
      const { stdout } = await spikelet(folder, args);
      assert.match(stdout, /^Classes +left, middle, right$/m);
      assert.match(
        stdout,
        /^Class +images +named rightly +most often taken for\nleft +8 +75\.00 % +middle, 2\nmiddle +0 +–\nright +6 +100\.00 %$/m,
      );
      const { byClass } = await spikeletJson(folder, args);
      assert.deepEqual(byClass, [
        {
          label: 0,
          name: "left",
          total: 8,
          correct: 6,
          named: 6,
          takenFor: { label: 1, name: "middle", count: 2 },
        },
        { label: 1, name: "middle", total: 0, correct: 0, named: 2 },
        { label: 2, name: "right", total: 6, correct: 6, named: 6 },
      ]);
    });

    await t.step("evaluate refuses a class that the model does not have", async () => {
      await writeBars(join(folder, "other"), { left: "left", right: "star" });
      assertOneLine(
        await evaluate("bars", "other"),
        1,
        /model\.safetensors: it has no class star, which other test has: its classes are left, middle, right: give --data/,
      );
    });

    await t.step(
      "a model without names takes only data with as many classes, in order, and says so",
      async () => {
        const { classes: _, ...rest } = decodeModel(await Deno.readFile(path), "model");
        await Deno.writeFile(join(folder, "old.safetensors"), encodeModel(rest));
        const { code, stdout, stderr } = await evaluate("old.safetensors", "bars/train");
        assert.equal(code, 0, stderr);
        assert.equal(accuracy(stdout), 1);
        assert.match(
          stderr,
          /old\.safetensors names no classes: its 3 outputs are taken for those of bars\/train test in their/,
        );
        assertOneLine(
          await evaluate("old.safetensors", "some"),
          1,
          /has 2, left, right: they cannot be matched/,
        );
      },
    );

    await t.step("train --resume requires the classes of the run", async () => {
      const resume = ["train", "--resume", "bars", "--epochs", "13", "--threads", "1"];
      await writeBars(join(folder, "renamed", "train"), { ...all, middle: "centre" });
      await writeBars(join(folder, "renamed", "test"), all);
      assertOneLine(
        await spikelet(folder, [...resume, "--data", "renamed"]),
        1,
        /class middle is not among those of .*train: expected one of centre, left, right/,
      );
      await Deno.remove(join(folder, "renamed", "test", "middle"), { recursive: true });
      assertOneLine(
        await spikelet(folder, [...resume, "--data", "renamed"]),
        1,
        /it has no class centre, which renamed train has: its classes are left, middle, right: name the data that the run/,
      );
      await spikeletJson(folder, resume);
      assert.deepEqual((await readModel(path)).classes, NAMES);
    });
  });
});
