import assert from "node:assert/strict";
import { join, sep as SEPARATOR } from "node:path";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inFolderWithData, writeSmallData } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const QUICK = [
  ...["train", "--data", "data", "--steps", "6", "--hidden", "5", "--batch-size", "30", "--threads", "1"],
];

/** The names in a folder, sorted. */
async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("runs lists all runs with accuracy, time and state, without permission to write", async () => {
  await inTemporaryFolder(async (folder) => {
    const none = await spikelet(folder, ["runs"], []);
    assert.deepEqual(none, {
      code: 0,
      stdout: "There are no runs yet: deno task train makes one.\n",
      stderr: "",
    });
    assert.deepEqual(JSON.parse((await spikelet(folder, ["runs", "--json"], [])).stdout), []);

    await writeSmallData(join(folder, "data"));
    const first = await spikeletJson(folder, [...QUICK, "--name", "zz-first", "--epochs", "2"]);
    await spikeletJson(
      folder,
      [...QUICK, "--name", "dense-one", "--model", "feed-forward"].filter((x) =>
        x !== "6" && x !== "--steps"
      ),
    );
    await spikelet(folder, [...QUICK, "--penalty", "3e38", "--threshold", "-3", "--name", "wild"]);
    await Deno.mkdir(join(folder, "runs", "empty"));
    const path = join(folder, "runs", "dense-one", "run.json");
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(`"finished"`, `"running"`));

    const { stdout, stderr, code } = await spikelet(folder, ["runs"], []);
    assert.deepEqual([code, stderr], [0, ""]);
    const [head, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
    // Settings that differ have a column: the feed-forward peer has one step, and so other inputs to its first layer.
    assert.deepEqual(head, [
      ...["run", "model", "state", "epochs", "accuracy", "time", "steps", "begun (UTC)"],
    ]);
    const accuracy = `${(100 * Number(recordOf(first.test).accuracy)).toFixed(2)} %`;
    assert.deepEqual(rows.map((row) => row.slice(0, 3)), [
      ["zz-first", "notebook", "finished"],
      ["dense-one", "feed-forward", "killed"],
      ["wild", "notebook", "failed"],
      ["empty", "empty"],
    ]);
    assert.deepEqual(rows[0]?.slice(3, 5), ["2", accuracy]);
    const listed = JSON.parse((await spikelet(folder, ["runs", "--json"], [])).stdout);
    assert.ok(Array.isArray(listed));
    assert.deepEqual(listed.map((run) => recordOf(run).state), ["finished", "killed", "failed", "empty"]);
  });
});

Deno.test({
  name: "runs lists a run whose files are huge or never end as damaged, and the others as they are",
  ignore: Deno.build.os === "windows", // without mkfifo
  async fn() {
    await inTemporaryFolder(async (folder) => {
      const record = {
        state: "finished",
        version: "0",
        started: "2026-01-01",
        options: { model: "seed", epochs: 1, seed: 0 },
      };
      const run = async (name: string) => {
        const path = join(folder, "runs", name);
        await Deno.mkdir(path, { recursive: true });
        await Deno.writeTextFile(join(path, "run.json"), JSON.stringify(record));
        return path;
      };
      const pipe = async (path: string) => {
        await Deno.remove(path).catch(() => {});
        const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
        assert.ok(success);
      };
      await run("good");
      await Deno.truncate(join(await run("huge"), "run.json"), 3_000_000_000); // sparse: almost no space on the disk
      await pipe(join(await run("piped"), "run.json"));
      await pipe(join(await run("lock"), ".lock"));
      await pipe(join(await run("metrics"), "metrics.jsonl"));
      await Deno.writeTextFile(join(await run("cut"), "run.json"), '{\n"state": "fini');
      const listed: unknown = JSON.parse((await spikelet(folder, ["runs", "--json"], [])).stdout);
      assert.ok(Array.isArray(listed));
      const states = listed.map((entry) => [recordOf(entry).name, recordOf(entry).state]);
      assert.deepEqual(Object.fromEntries(states), {
        good: "finished",
        huge: "damaged",
        piped: "damaged",
        lock: "damaged",
        metrics: "finished",
        cut: "damaged",
      });
      const shown = async (name: string) => (await spikelet(folder, ["runs", "show", name], [])).stdout;
      assert.match(await shown("huge"), /3,000,000,000 bytes, expected at most 16,777,216/);
      assert.match(await shown("piped"), /run\.json: this is a pipe or a device/);
      assert.match(await shown("cut"), /run\.json: not JSON: line 2, column 15: the text ends/);
    });
  },
});

Deno.test("runs show prints a run's options, its files and how to resume it", async () => {
  await inFolderWithData(async (folder) => {
    const run = await spikeletJson(folder, [...QUICK, "--name", "one", "--epochs", "2", "--seed", "4"]);
    const { code, stdout, stderr } = await spikelet(folder, ["runs", "show", "one"], []);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^State +finished$/m);
    assert.match(stdout, /^Begun +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, 1 session$/m);
    assert.match(stdout, /^Reached +epoch 2 of 2, batch 2$/m);
    assert.match(stdout, new RegExp(`^Weights +SHA-256 ${run.weightsSha256}$`, "m"));
    assert.match(stdout, /^Network +notebook, 784-5-10, 6 steps; 3,985 parameters$/m); // 785·5 + 6·10
    assert.match(
      stdout,
      /^ +layer 1: 5 graded \(decay 0\.9, threshold 2, penalty 2\.5, scale 1\), delay 1$/m,
    );
    assert.match(
      stdout,
      /^Command +deno task train --hidden 5 --steps 6 --epochs 2 --batch-size 30 --seed 4 .*--data data/m,
    );
    assert.match(stdout, /^ +seed 4$/m);
    assert.match(stdout, /^ +learning-rate 0\.1$/m);
    assert.match(stdout, /last\.safetensors: after epoch 2$/m);
    assert.match(stdout, /^ {2}deno task evaluate one +measure it again$/m);

    const last = join(folder, "runs", "one", "checkpoints", "last.safetensors");
    const bytes = await Deno.readFile(last);
    bytes[9]! ^= 1;
    await Deno.writeFile(last, bytes);
    const shown = await spikelet(folder, ["runs", "show", "one"], []);
    assert.match(shown.stdout, /last\.safetensors: its checksum .*: the file is damaged/m);
    assertOneLine(
      await spikelet(folder, ["runs", "show", "two"], []),
      1,
      /^runs.two: there is no run of this name/,
    );
  });
});

Deno.test("runs rm refuses folders that are no run, and removes one that had not begun", async () => {
  await inTemporaryFolder(async (folder) => {
    const runs = join(folder, "runs");
    await Deno.mkdir(join(runs, "notes"), { recursive: true });
    await Deno.writeTextFile(join(runs, "notes", "todo.txt"), "mine");
    assertOneLine(
      await spikelet(folder, ["runs", "rm", "notes", "--yes"]),
      1,
      /^runs.notes: this is no run, for it has no run\.json: what is in it is left alone; remove it by other means$/m,
    );
    assert.equal(await Deno.readTextFile(join(runs, "notes", "todo.txt")), "mine");
    assert.deepEqual(await namesIn(join(runs, "notes")), ["todo.txt"]);
    await Deno.mkdir(join(runs, "unborn"));
    await Deno.writeTextFile(join(runs, "unborn", "metrics.jsonl"), "");
    assert.equal((await spikelet(folder, ["runs", "rm", "unborn", "--yes"])).code, 0);
    assert.deepEqual(await namesIn(runs), ["notes"]);
  });
});

Deno.test("runs rm removes only the named run, and only with --yes", async () => {
  await inFolderWithData(async (folder) => {
    for (const name of ["one", "two"]) await spikeletJson(folder, [...QUICK, "--name", name]);
    assertOneLine(
      await spikelet(folder, ["runs", "rm", "one"]),
      2,
      /^runs rm one: there is no terminal to ask on: say --yes to remove runs.one, finished, \d+\.\d\d %$/m,
    );
    assert.deepEqual(await namesIn(join(folder, "runs")), ["one", "two"]);
    const removed = await spikelet(folder, ["runs", "rm", "one", "--yes"]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(await namesIn(join(folder, "runs")), ["two"]);
    assertOneLine(
      await spikelet(folder, ["runs", "rm", "one", "--yes"]),
      1,
      /^runs.one: there is no run of this name/,
    );
    for (const name of ["..", ".", "../data", "a/b"]) {
      assertOneLine(
        await spikelet(folder, ["runs", "rm", name, "--yes"]),
        2,
        /^run ".*": expected 1 to 100 letters/,
      );
    }
    assert.deepEqual(await namesIn(folder), [".spikelet", "data", "runs"]);
  });
});

/** A run's folder with only its metadata, as `train` writes them. */
async function writeRun(
  folder: string,
  name: string,
  { accuracy, loss = 1, started, ...options }: Record<string, unknown>,
) {
  const layer = { units: 5, neuron: { kind: "lif", decay: 0.9, threshold: 1 } };
  const record = {
    state: accuracy === undefined ? "interrupted" : "finished",
    version: "0",
    started,
    options: { model: "lif", spec: { inputs: 9, steps: 4, layers: [layer] }, epochs: 2, seed: 0, ...options },
    ...(accuracy !== undefined && { result: { seconds: 1, test: { accuracy, loss }, weightsSha256: "0" } }),
  };
  const directory = join(folder, "runs", name);
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(join(directory, "run.json"), JSON.stringify(record));
}

const sgd = (learningRate: number) => ({ kind: "sgd", learningRate, momentum: 0.5 });

Deno.test("runs shows the settings that differ, and sorts and filters by figures and settings", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeRun(folder, "one", { started: "2026-01-01", accuracy: 0.5, step: sgd(0.1) });
    await writeRun(folder, "two", {
      started: "2026-01-02",
      accuracy: 0.9,
      step: sgd(0.001),
      augmentation: { shift: 1, rotate: 15 },
    });
    await writeRun(folder, "three", {
      started: "2026-01-03",
      step: sgd(0.02),
      schedule: { kind: "cosine", warmUp: 3 },
    });
    await writeRun(folder, "four", {
      started: "2026-01-04",
      accuracy: 0.7,
      step: { kind: "adam", learningRate: 0.001 },
    });
    const namesOf = async (...args: string[]) => {
      const { code, stdout, stderr } = await spikelet(folder, ["runs", ...args, "--json"], []);
      assert.equal(code, 0, stderr);
      const listed: unknown = JSON.parse(stdout);
      assert.ok(Array.isArray(listed));
      return listed.map((run) => recordOf(run).name).join(" ");
    };
    assert.equal(await namesOf(), "one two three four");
    assert.equal(await namesOf("--sort", "accuracy"), "two four one three"); // runs without one come last
    assert.equal(await namesOf("--sort", "learning-rate"), "two four three one");
    assert.equal(await namesOf("--sort", "name"), "four one three two");
    assert.equal(await namesOf("--where", "state=finished", "--sort", "accuracy"), "two four one");
    assert.equal(await namesOf("--where", "learning-rate=1e-3"), "two four"); // as numbers
    assert.equal(await namesOf("--where", "learning-rate=0.001", "optimizer=sgd"), "two");
    assert.equal(await namesOf("--where", "augment=shift=1,rotate=15"), "two");
    assert.equal(await namesOf("--where", "schedule=none", "--where", "augment=none"), "one four");
    const { stdout } = await spikelet(folder, ["runs"], []);
    const [head = "", first = ""] = stdout.split("\n");
    assert.match(
      head,
      /accuracy +time +optimizer +learning-rate +momentum +augment +schedule +warm-up +begun/,
    );
    assert.match(first, /50\.00 % +1\.00 s +sgd +0\.1 +0\.5 +none +none +none +2026/);
    const none = await spikelet(folder, ["runs", "--where", "model=seed"], []);
    assert.deepEqual(none, { code: 0, stdout: "None of 4 runs is so.\n", stderr: "" });
    assertOneLine(
      await spikelet(folder, ["runs", "--sort", "size"], []),
      2,
      /^--sort "size": expected one of name, model, .*learning-rate/,
    );
    assertOneLine(
      await spikelet(folder, ["runs", "--where", "size=1"], []),
      2,
      /^--where "size": expected one of name, /,
    );
    assertOneLine(
      await spikelet(folder, ["runs", "--where", "size"], []),
      2,
      /^--where "size": expected key=value, such as/,
    );
  });
});

Deno.test("runs rm removes several runs, or none if one of them cannot be removed", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const name of ["a", "b", "c"]) {
      await writeRun(folder, name, { started: "2026-01-01", accuracy: 0.5 });
    }
    const missing = await spikelet(folder, ["runs", "rm", "a", "zz", "--yes"]);
    assertOneLine(missing, 1, /^runs.zz: there is no run of this name/);
    assert.deepEqual(await namesIn(join(folder, "runs")), ["a", "b", "c"]);
    const refused = await spikelet(folder, ["runs", "rm", "a", "c"]);
    assertOneLine(
      refused,
      2,
      /^runs rm a c: there is no terminal to ask on: say --yes to remove runs.a, finished, 50\.00 %; runs.c, /,
    );
    const { code, stdout } = await spikelet(folder, ["runs", "rm", "a", "runs/c", "a", "--yes"]);
    assert.deepEqual([code, stdout], [
      0,
      "runs/a is removed\nruns/c is removed\n".replaceAll("/", SEPARATOR),
    ]);
    assert.deepEqual(await namesIn(join(folder, "runs")), ["b"]);
  });
});
