import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/network/model_file.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { writeSmallData } from "./small_data.ts";
import { assertOneLine, command, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const SUMMARY_KEYS = [
  "name",
  "dir",
  "model",
  "engine",
  "threads",
  "seed",
  "epochs",
  "trainedEpochs",
  "modelEpoch",
  "trainSamples",
  "seconds",
  "samplesPerSecond",
  "peakRssMiB",
  "weightsSha256",
  "train",
  "validation",
  "test",
  "testWord",
  "warnings",
];

/** Options of a run that takes no time. */
const QUICK = [
  "train",
  "--data",
  "data",
  "--steps",
  "6",
  "--hidden",
  "5",
  "--batch-size",
  "25",
  "--threads",
  "1",
];

/** Names in a folder, sorted. */
async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

/** Everything but printable characters and line ends. */
function controlCodes(text: string): string[] {
  return [...text].filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (code < 32 && character !== "\n") || (code >= 127 && code < 160);
  });
}

Deno.test("train on MNIST writes its run and prints its summary", async () => {
  await inTemporaryFolder(async (folder) => {
    const run = await spikelet(folder, [
      ...[
        "train",
        "--limit",
        "300",
        "--batch-size",
        "100",
        "--epochs",
        "2",
        "--name",
        "first",
        "--threads",
        "2",
      ],
      ...["--out", "runs/copy.safetensors", "--json"],
    ]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout.split("\n").length, 2, "one line of JSON and nothing else");
    const summary = recordOf(JSON.parse(run.stdout));
    assert.deepEqual(Object.keys(summary), SUMMARY_KEYS);
    assert.deepEqual(Object.keys(recordOf(summary.train)), ["loss", "accuracy"]);
    assert.deepEqual(Object.keys(recordOf(summary.test)), ["loss", "accuracy", "correct", "total"]);
    assert.equal(summary.dir, join("runs", "first"));
    assert.equal(summary.trainSamples, 300);
    assert.equal(recordOf(summary.test).total, 10_000);

    const directory = join(folder, "runs", "first");
    assert.deepEqual(await namesIn(directory), [
      ...[".lock", "checkpoints", "epochs.jsonl", "metrics.jsonl", "model.safetensors", "run.json"],
    ]);
    assert.deepEqual(await namesIn(folder), [".spikelet", "runs"]);

    const lines = (await Deno.readTextFile(join(directory, "metrics.jsonl"))).trimEnd().split("\n")
      .map((line) => recordOf(JSON.parse(line)));
    assert.deepEqual(
      lines.map(({ epoch, batch, samples }) => [epoch, batch, samples]),
      [1, 2].flatMap((epoch) => [1, 2, 3].map((batch) => [epoch, batch, 100])),
    );
    for (const { loss, accuracy, firingRate, gradientNorms } of lines) {
      assert.ok(Number(loss) > 0 && Number(accuracy) >= 0 && Number(accuracy) <= 1);
      assert.ok(Number(firingRate) > 0 && Number(firingRate) < 1);
      assert.ok(Array.isArray(gradientNorms) && gradientNorms.length === 2); // a layer each
      assert.ok(gradientNorms.every((norm) => norm > 0 && norm < 100), `${gradientNorms}`);
    }
    const lastEpoch = lines.slice(3).map(({ loss }) => Number(loss));
    const meanLoss = lastEpoch.reduce((sum, loss) => sum + loss, 0) / lastEpoch.length;
    assert.ok(Math.abs(Number(recordOf(summary.train).loss) - meanLoss) < 1e-9);

    const record = recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json"))));
    assert.equal(record.state, "finished");
    assert.deepEqual(record.result, summary);

    const epochs = (await Deno.readTextFile(join(directory, "epochs.jsonl"))).trimEnd().split("\n")
      .map((line) => recordOf(JSON.parse(line)));
    assert.deepEqual(epochs.map(({ epoch, units, validation }) => [epoch, units, validation]), [
      [1, 100, null],
      [2, 100, null],
    ]);
    assert.ok(Math.abs(Number(epochs[1]?.loss) - meanLoss) < 1e-9);

    const model = await readModel(join(directory, "model.safetensors"));
    assert.deepEqual(model.spec, notebookNetwork());
    assert.equal(model.metadata.weightsSha256, summary.weightsSha256);
    assert.deepEqual(
      await Deno.readFile(join(folder, "runs", "copy.safetensors")),
      await Deno.readFile(join(directory, "model.safetensors")),
    );

    const test = recordOf(
      (await spikeletJson(folder, ["evaluate", "first", "--threads", "1"])).test,
    );
    assert.deepEqual(test, summary.test, "evaluate gives the run's figures again");
  });
});

Deno.test("train gives the same weights with 1, 2, 3 and 4 threads", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"), { train: 150, test: 20 });
    const options = ["train", "--data", "data", "--steps", "32", "--batch-size", "70", "--epochs", "2"];
    const runs: Record<string, unknown>[] = [];
    for (const threads of ["1", "2", "3", "4"]) {
      runs.push(
        await spikeletJson(folder, [...options, "--threads", threads, "--name", `threads-${threads}`]),
      );
    }
    const [first] = runs;
    for (const { weightsSha256, train, test } of runs) {
      assert.deepEqual([weightsSha256, train, test], [first?.weightsSha256, first?.train, first?.test]);
    }
    const other = await spikeletJson(folder, [...options, "--seed", "1", "--name", "other-seed"]);
    assert.notEqual(other.weightsSha256, first?.weightsSha256);
  });
});

Deno.test("train --model feed-forward trains the feed-forward peer", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const summary = await spikeletJson(folder, [
      ...[
        "train",
        "--model",
        "feed-forward",
        "--hidden",
        "9",
        "--data",
        "data",
        "--name",
        "dense",
        "--batch-size",
        "20",
      ],
      ...["--epochs", "40", "--threads", "2"],
    ]);
    assert.equal(summary.model, "feed-forward");
    const { spec } = await readModel(join(folder, "runs", "dense", "model.safetensors"));
    assert.deepEqual(spec, feedForwardNetwork({ hidden: 9 }));
    assert.ok(Number(recordOf(summary.test).accuracy) > 0.9, "bars at ten heights are easily learned");
  });
});

Deno.test("train hands each option on to the network", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    await spikeletJson(folder, [
      ...["train", "--data", "data", "--name", "options", "--hidden", "7", "--steps", "9", "--decay", "0.5"],
      ...["--threshold", "-1.5", "--penalty", "0", "--begin-eval", "3", "--learning-rate", "1e-2"],
      ...["--momentum", "0", "--seed", "9007199254740991", "--engine", "wasm"],
    ]);
    const { spec } = await readModel(join(folder, "runs", "options", "model.safetensors"));
    assert.deepEqual(
      spec,
      notebookNetwork({ hidden: 7, steps: 9, decay: 0.5, threshold: -1.5, penalty: 0, beginEval: 3 }),
    );
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "options", "run.json"))));
    const options = recordOf(record.options);
    assert.deepEqual(options.step, { kind: "sgd", learningRate: 0.01, momentum: 0, weightDecay: 0 });
    assert.equal(options.seed, Number.MAX_SAFE_INTEGER);
  });
});

Deno.test("train prints a summary with accuracy, model and what to try next, without control codes", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const { code, stdout, stderr } = await spikelet(folder, [...QUICK, "--name", "plain", "--model", "seed"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^notebook network 784-5-10, 6 steps: 1 epoch of 60 samples$/m);
    assert.match(stdout, /1 thread\ninto runs.plain$/m);
    assert.match(stdout, /^Accuracy +\d+\.\d\d %: \d+ of 20 test images$/m);
    assert.match(stdout, /^Loss +\d\.\d{4} on the test set, \d\.\d{4} while training$/m);
    assert.match(stdout, /^Time +\S+ s for 60 samples: [\d,]+ a second$/m);
    assert.match(stdout, /^Memory +[\d,]+ MiB at its peak$/m);
    assert.match(stdout, /^Model +runs.plain.model\.safetensors$/m);
    assert.match(stdout, /^ {2}deno task evaluate plain +measure it again$/m);
    assert.match(stderr, /^epoch 1\/1 {2}100 % {2}loss \d\.\d{4} {2}accuracy .* samples\/s {2}done$/m);
    assert.deepEqual(controlCodes(stdout + stderr), []);
    for (const line of (stdout + stderr).split("\n")) assert.ok(line.length <= 80, line);
  });
});

Deno.test("train's hints are of the run that it was: with its own options, and none that it would refuse", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const hintsAfter = async (args: readonly string[]) => {
      const { code, stdout, stderr } = await spikelet(folder, [
        "train",
        "--data",
        "data",
        "--threads",
        "1",
        ...args,
      ]);
      assert.equal(code, 0, stderr);
      return stdout.slice(stdout.indexOf("Next:"));
    };
    const learns = ["--model", "lif", "--epochs", "9", "--learning-rate", "0.01", "--batch-size", "20"];
    const limited = await hintsAfter([...learns, "--recurrent", "--limit", "50", "--name", "limited"]);
    assert.match(
      limited,
      /^ {2}deno task train --model lif --recurrent --epochs 9 --batch-size 20 --learning-rate 0\.01 --data data --threads 1\n {4}train on all samples$/m,
    );
    assert.match(
      await hintsAfter(["--threshold", "90", "--batch-size", "20", "--name", "silent"]),
      /^ {2}deno task train --resume silent --epochs 3 --explain +see what each layer does$/m,
    );
    // Beside its peer, or beside the notebook's network, by the options that these take.
    const { stdout: seeded } = await spikelet(folder, [
      ...["train", "--data", "data", "--threads", "1", "--hidden", "7", "--steps", "5", "--batch-size", "20"],
      ...["--optimizer", "adam", "--limit", "40", "--no-tune", "--name", "seeded"],
    ]);
    const [, beside = ""] = /^ {2}deno task (compare .*?)\s+beside its feed-forward peer$/m.exec(seeded) ??
      [];
    assert.equal(
      beside,
      "compare --hidden 7 --steps 5 --batch-size 20 --optimizer adam --limit 40 --data data --threads 1 --no-tune",
    );
    const compared = await spikelet(folder, [...beside.split(" "), "--seeds", "1"]);
    assert.equal(compared.code, 0, compared.stderr);
    assert.match(
      limited,
      /^ {2}deno task train --limit 50 --data data --threads 1 +train the notebook's network$/m,
    );
    const cosine = ["--schedule", "cosine", "--batch-size", "20"];
    assert.doesNotMatch(await hintsAfter([...learns, ...cosine, "--name", "down"]), /--resume/);
    assert.match(
      await hintsAfter([...cosine, "--threshold", "90", "--name", "silenced"]),
      /^ {2}deno task train --threshold 90 --batch-size 20 --schedule cosine --data data --threads 1 --explain\n {4}see what/m,
    );
  });
});

Deno.test("train --explain and --validation tell of layers and of the samples held back", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const options = ["--validation", "0.25", "--epochs", "2", "--explain", "--threshold", "90"];
    const { code, stdout, stderr } = await spikelet(folder, [...QUICK, ...options]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /: 2 epochs of 45 samples, 15 more held back$/m);
    assert.match(
      stdout,
      /^epoch 2\/2 {2}loss \d\.\d{4} {2}accuracy .* % {2}validation .* % {2}silent 5 of 5 {2}saturated 0$/m,
    );
    assert.match(stdout, /^Validation +\d+\.\d\d % of 15 samples held back$/m);
    assert.match(stdout, /^ {2}1 +graded +5 +0\.00 % +5 +0 /m);
    assert.match(stdout, /^Layer 1: 5 of 5 units never fired\./m);
    const { layers, validation } = await spikeletJson(folder, [...QUICK, ...options]);
    assert.ok(Array.isArray(layers) && recordOf(layers[0]).silent === 5);
    assert.equal(recordOf(validation).total, 15);
  });
});

Deno.test("train --quiet prints nothing, and with --json the summary alone", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const quiet = await spikelet(folder, [...QUICK, "--name", "quiet", "--quiet"]);
    assert.deepEqual(quiet, { code: 0, stdout: "", stderr: "" });
    const json = await spikelet(folder, [...QUICK, "--name", "json", "--quiet", "--json"]);
    assert.equal(json.stderr, "");
    assert.equal(recordOf(JSON.parse(json.stdout)).name, "json");
  });
});

Deno.test("train names a run by its model and the time", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const { name } = await spikeletJson(folder, QUICK);
    assert.match(String(name), /^notebook-\d{8}-\d{6}$/);
    assert.deepEqual(await namesIn(join(folder, "runs")), [name]);
  });
});

Deno.test("train --limit above the number of samples takes all", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const all = await spikeletJson(folder, [...QUICK, "--name", "all"]);
    const more = await spikeletJson(folder, [...QUICK, "--name", "more", "--limit", "61"]);
    assert.equal(more.trainSamples, 60);
    assert.equal(more.weightsSha256, all.weightsSha256);
  });
});

Deno.test("train refuses what it may not write, before it trains", async (t) => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    await inTemporaryFolder(async (elsewhere) => {
      const refuses = (name: string, args: string[], message: RegExp, permissions?: string[]) =>
        t.step(name, async () => {
          assertOneLine(await spikelet(folder, [...QUICK, ...args], permissions), 1, message);
          assert.deepEqual(await namesIn(folder), ["data"]);
        });
      const out = join(elsewhere, "model.safetensors");
      await refuses(
        "--out elsewhere",
        ["--out", out],
        /^.*model\.safetensors: Deno may not write it: this task writes below runs\/ only: name a place there, or add a permission: deno run .*--allow-write=runs,\.spikelet,\S+ .* main\.ts train --data data .*--out \S+model\.safetensors$/m,
      );
      await refuses(
        "no folder",
        ["--out", "no/model.safetensors"],
        /^no.model\.safetensors: the folder no does not exist; create it first$/m,
        ["--allow-write=."],
      );
      await refuses("a folder", ["--out", "data"], /^data: this is a folder; expected a file/, [
        "--allow-write=.",
      ]);
      await refuses("no permission", [], /: Deno may not write it; run again with --allow-write=runs/, []);
      await t.step("--out elsewhere, with permission", async () => {
        const { code } = await spikelet(folder, [...QUICK, "--out", out], [`--allow-write=.,${elsewhere}`]);
        assert.equal(code, 0);
        assert.ok((await readModel(out)).spec);
        await Deno.remove(join(folder, "runs"), { recursive: true });
      });
      await t.step("runs is a file", async () => {
        await Deno.writeTextFile(join(folder, "runs"), "");
        assertOneLine(await spikelet(folder, QUICK), 1, /^runs.*\n$/);
        await Deno.remove(join(folder, "runs"));
      });
    });
  });
});

Deno.test("train refuses the name of a run that exists, and leaves that run alone", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    await spikeletJson(folder, [...QUICK, "--name", "taken"]);
    const model = join(folder, "runs", "taken", "model.safetensors");
    const before = await Deno.readFile(model);
    const again = await spikelet(folder, [...QUICK, "--name", "taken", "--seed", "5"]);
    assertOneLine(
      again,
      1,
      /^runs.taken: there is a finished run of this name already: choose another --name, remove that one: deno task runs rm taken, or train it for more epochs: deno task train --resume taken --epochs NUMBER$/m,
    );
    assert.deepEqual(await Deno.readFile(model), before);
  });
});

Deno.test("train that diverges says so and saves no model", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const run = await spikelet(folder, [
      ...[...QUICK, "--penalty", "3e38", "--threshold", "-3", "--epochs", "2", "--name", "wild", "--quiet"],
    ]);
    assertOneLine(
      run,
      1,
      /^epoch 1, batch 1: the loss is NaN: training diverged; try a lower --learning-rate, or --clip 1$/m,
    );
    const directory = join(folder, "runs", "wild");
    assert.ok(!(await namesIn(directory)).includes("model.safetensors"));
    assert.equal(recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json")))).state, "failed");
  });
});

Deno.test("train ends at once with exit code 130 when it is interrupted", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const child = command(folder, [...QUICK, "--epochs", "10000", "--name", "long"]).spawn();
    const metrics = join(folder, "runs", "long", "metrics.jsonl");
    const began = async () => {
      try {
        return (await Deno.stat(metrics)).size > 0;
      } catch {
        return false;
      }
    };
    while (!await began()) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    assert.equal(code, 130, new TextDecoder().decode(stderr));
  });
});

Deno.test("train --precision i16 and --no-skip and --no-tune give the bits that they promise", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const hash = async (...options: string[]) => {
      const args = ["train", "--data", "data", "--steps", "20", "--batch-size", "20", ...options];
      return (await spikeletJson(folder, args)).weightsSha256;
    };
    const float = await hash();
    assert.equal(await hash("--no-skip"), float);
    assert.equal(await hash("--no-tune"), float);
    const integer = await hash("--precision", "i16", "--name", "integer");
    assert.notEqual(integer, float);
    assert.equal(await hash("--precision", "i16", "--no-skip", "--no-tune", "--threads", "1"), integer);
    const cache = recordOf(JSON.parse(await Deno.readTextFile(join(folder, ".spikelet", "tuning.json"))));
    assert.deepEqual(Object.keys(cache), ["machine", "f32", "i16"]);
    await Deno.writeTextFile(join(folder, ".spikelet", "tuning.json"), "{ damaged");
    assert.equal(await hash("--precision", "i16"), integer);

    // The model says how it was trained, and is measured so.
    const { test } = await spikeletJson(folder, ["evaluate", "integer", "--data", "data"]);
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "integer", "run.json"))));
    assert.deepEqual(test, recordOf(record.result).test);
    const info = await spikeletJson(folder, ["info"]);
    assert.ok(recordOf(recordOf(recordOf(info.tuning).tiles).i16).tile);
  });
});
