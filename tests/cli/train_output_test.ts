import assert from "node:assert/strict";
import { inFolderWithData, QUICK_TRAIN } from "./small_data.ts";
import { recordOf, spikelet, spikeletJson } from "./spikelet.ts";

/** The control characters of a text, without line ends. */
function controlCodes(text: string): string[] {
  return [...text].filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (code < 32 && character !== "\n") || (code >= 127 && code < 160);
  });
}

Deno.test("train prints a summary with accuracy, model and next commands, without control codes", async () => {
  await inFolderWithData(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, [
      ...QUICK_TRAIN,
      "--name",
      "plain",
      "--model",
      "seed",
    ]);
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

Deno.test("train prints hints with the run's options, which the commands accept", async () => {
  await inFolderWithData(async (folder) => {
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
    // A comparison with its peer, or with the notebook's network, by the options that these take.
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

Deno.test("train --explain and --validation print the layers and the held-back samples", async () => {
  await inFolderWithData(async (folder) => {
    const options = ["--validation", "0.25", "--epochs", "2", "--explain", "--threshold", "90"];
    const { code, stdout, stderr } = await spikelet(folder, [...QUICK_TRAIN, ...options]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /: 2 epochs of 45 samples, 15 more held back$/m);
    assert.match(
      stdout,
      /^epoch 2\/2 {2}loss \d\.\d{4} {2}accuracy .* % {2}validation .* % {2}silent 5 of 5 {2}saturated 0$/m,
    );
    assert.match(stdout, /^Validation +\d+\.\d\d % of 15 samples held back$/m);
    assert.match(stdout, /^ {2}1 +graded +5 +0\.00 % +5 +0 /m);
    assert.match(stdout, /^Layer 1: 5 of 5 units never fired\./m);
    const { layers, validation } = await spikeletJson(folder, [...QUICK_TRAIN, ...options]);
    assert.ok(Array.isArray(layers) && recordOf(layers[0]).silent === 5);
    assert.equal(recordOf(validation).total, 15);
  });
});

Deno.test("train --quiet prints nothing, and with --json only the summary", async () => {
  await inFolderWithData(async (folder) => {
    const quiet = await spikelet(folder, [...QUICK_TRAIN, "--name", "quiet", "--quiet"]);
    assert.deepEqual(quiet, { code: 0, stdout: "", stderr: "" });
    const json = await spikelet(folder, [...QUICK_TRAIN, "--name", "json", "--quiet", "--json"]);
    assert.equal(json.stderr, "");
    assert.equal(recordOf(JSON.parse(json.stdout)).name, "json");
  });
});
