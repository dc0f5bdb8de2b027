import { countLines, until } from "../until.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { FILES, inFolderWithData, labelBytes } from "./small_data.ts";
import {
  assertOneLine,
  command,
  linesOf,
  type Outcome,
  recordOf,
  spikelet,
  spikeletJson,
} from "./spikelet.ts";

/** A short run with six batches per epoch. */
const QUICK = [
  ...["train", "--data", "data", "--steps", "6", "--hidden", "5", "--batch-size", "10", "--threads", "1"],
];

/** Runs a command until its run has this number of metrics lines, and sends it a signal. */
async function stopAfter(
  folder: string,
  args: readonly string[],
  name: string,
  lines: number,
  signal: Deno.Signal,
): Promise<Outcome> {
  const child = command(folder, args).spawn();
  await until(async () => await countLines(join(folder, "runs", name, "metrics.jsonl")) >= lines);
  child.kill(signal);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function metadataOfRun(folder: string, name: string): Promise<Record<string, unknown>> {
  return recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", name, "run.json"))));
}

/** Runs a test in a folder with data. */
function withData(test: (folder: string) => Promise<void>): () => Promise<void> {
  return () => inFolderWithData(test);
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(
    `train exits ${code} on ${signal} and keeps its batches, and --resume continues`,
    withData(async (folder) => {
      const long = [...QUICK, "--epochs", "60"];
      const whole = await spikeletJson(folder, [...long, "--name", "whole", "--quiet"]);
      const stopped = await stopAfter(folder, [...long, "--name", "stopped"], "stopped", 8, signal);
      assert.equal(stopped.code, code, stopped.stderr);
      assert.match(stopped.stderr, /^stopping after the batches under way; once more to stop at once$/m);
      const place = stopped.stdout.match(
        /^Stopped after batch (\d) of 6 of epoch (\d+) of 60\. All of it is kept, in runs.stopped\.$/m,
      );
      assert.match(stopped.stdout, /^ {2}deno task train --resume stopped {2}resume, to the same weights$/m);
      const lines = await linesOf(join(folder, "runs", "stopped", "metrics.jsonl"));
      assert.deepEqual([String(lines.at(-1)?.batch), String(lines.at(-1)?.epoch)], place?.slice(1));
      assert.equal((await metadataOfRun(folder, "stopped")).state, "interrupted");
      const again = await stopAfter(
        folder,
        ["train", "--resume", "stopped", "--json", "--threads", "2"],
        "stopped",
        lines.length + 5,
        signal,
      );
      assert.equal(again.code, code);
      const { state, name, epochs, batches } = recordOf(JSON.parse(again.stdout));
      assert.deepEqual([state, name, epochs, batches], ["interrupted", "stopped", 60, 6]);
      const resumed = await spikeletJson(folder, ["train", "--resume", "stopped", "--quiet"]);
      assert.equal(resumed.weightsSha256, whole.weightsSha256);
      assert.deepEqual(resumed.test, whole.test);
      assert.equal(await countLines(join(folder, "runs", "stopped", "metrics.jsonl")), 360);
      assert.ok(Number(resumed.seconds) > Number(lines.at(-1)?.seconds), "times add up");
      const { sessions } = await metadataOfRun(folder, "stopped");
      assert.ok(Array.isArray(sessions));
      assert.deepEqual(sessions.map((session) => recordOf(session).threads), [1, 2, 2]);
    }),
  );
}

Deno.test(
  "train stops at once on a second signal, but not on one right after the first",
  withData(async (folder) => {
    // Batches that take far longer than the interval for a second signal.
    const slow = [
      ...[...QUICK, "--batch-size", "30", "--steps", "40000", "--hidden", "80", "--no-skip", "--no-tune"],
      "--quiet",
    ];
    const child = command(folder, [...slow, "--name", "slow"]).spawn();
    const metrics = join(folder, "runs", "slow", "metrics.jsonl");
    // After the first batch, the second one is in flight.
    await until(async () => await countLines(metrics) > 0);
    const began = performance.now();
    child.kill("SIGINT");
    child.kill("SIGTERM");
    let hasEnded = false;
    const ended = child.status.then(({ code }) => {
      hasEnded = true;
      return { code, milliseconds: performance.now() - began };
    });
    while (!hasEnded) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended
      }
    }
    const { code, milliseconds } = await ended;
    assert.equal(code, 143);
    assert.ok(milliseconds >= 1000, `a second lies between them: ${milliseconds} ms`);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    assert.equal((await metadataOfRun(folder, "slow")).state, "running", "it had no time to say more");
    assert.equal((await spikeletJson(folder, ["runs", "show", "slow"])).state, "killed");
  }),
);

Deno.test(
  "train --resume of a finished run requires more epochs, and equals a run with as many",
  withData(async (folder) => {
    const whole = await spikeletJson(folder, [...QUICK, "--epochs", "4", "--name", "four"]);
    await spikeletJson(folder, [...QUICK, "--epochs", "2", "--name", "two"]);
    const resume = ["train", "--resume", "two"];
    assertOneLine(
      await spikelet(folder, resume),
      2,
      /^runs.two: the run is finished: give more --epochs than 2 to train on$/m,
    );
    assertOneLine(
      await spikelet(folder, [...resume, "--epochs", "1"]),
      2,
      /^--epochs 1: the run was begun with 2: /m,
    );
    const longer = await spikeletJson(folder, [...resume, "--epochs", "4", "--out", "runs/four.safetensors"]);
    assert.equal(longer.weightsSha256, whole.weightsSha256);
    assert.equal(await countLines(join(folder, "runs", "two", "metrics.jsonl")), 24);
    assert.equal(await countLines(join(folder, "runs", "two", "epochs.jsonl")), 4);
    assert.deepEqual(
      await Deno.readFile(join(folder, "runs", "four.safetensors")),
      await Deno.readFile(join(folder, "runs", "four", "model.safetensors")),
    );

    await spikeletJson(folder, [...QUICK, "--schedule", "cosine", "--name", "cosine"]);
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "cosine", "--epochs", "2"]),
      2,
      /^--epochs 2: the run's --schedule cosine has led the learning rate down/m,
    );
  }),
);

Deno.test(
  "train --patience stops with the best epoch's weights and finishes the run",
  withData(async (folder) => {
    const stopped = await spikeletJson(folder, [
      ...[...QUICK, "--epochs", "60", "--patience", "2", "--validation", "0.2", "--learning-rate", "0.5"],
      ...["--name", "patient"],
    ]);
    const epochs = await linesOf(join(folder, "runs", "patient", "epochs.jsonl"));
    const best = epochs.findLast((line) => line.best === true);
    assert.equal(stopped.trainedEpochs, epochs.length);
    assert.equal(stopped.modelEpoch, best?.epoch);
    assert.equal(Number(stopped.trainedEpochs) - Number(stopped.modelEpoch), 2);
    assert.equal(recordOf(stopped.validation).accuracy, recordOf(best?.validation).accuracy);
    // A run up to the best epoch has the same weights.
    const short = await spikeletJson(folder, [
      ...[...QUICK, "--epochs", String(best?.epoch), "--validation", "0.2", "--learning-rate", "0.5"],
      ...["--name", "short"],
    ]);
    assert.equal(short.weightsSha256, stopped.weightsSha256);
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "patient", "--epochs", "100"]),
      2,
      /^runs.patient: the run is finished: --patience 2 ended it after epoch \d+$/m,
    );
    // evaluate takes the best checkpoint as a model.
    const { test } = await spikeletJson(folder, [
      ...["evaluate", join("runs", "patient", "checkpoints", "best.safetensors"), "--data", "data"],
    ]);
    assert.deepEqual(test, stopped.test);
  }),
);

Deno.test(
  "train --resume continues from the checkpoint before a damaged one, and says so",
  withData(async (folder) => {
    const options = [...QUICK, "--epochs", "3"];
    const whole = await spikeletJson(folder, [...options, "--name", "whole"]);
    // The last checkpoint is damaged after the end, so --resume repeats the end.
    await spikeletJson(folder, [...options, "--name", "damaged", "--checkpoint-every", "2"]);
    const directory = join(folder, "runs", "damaged");
    const last = join(directory, "checkpoints", "last.safetensors");
    const bytes = await Deno.readFile(last);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(last, bytes);
    const resumed = await spikelet(folder, ["train", "--resume", "damaged", "--json"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /last\.safetensors: its checksum .* the file is damaged/);
    assert.match(
      resumed.stderr,
      /previous\.safetensors is whole: resuming from there, after batch 6 of epoch 3$/m,
    );
    assert.equal(recordOf(JSON.parse(resumed.stdout)).weightsSha256, whole.weightsSha256);
    assert.equal(await countLines(join(directory, "metrics.jsonl")), 18);

    // With both damaged, nothing changes.
    for (const name of ["last", "previous"]) {
      await Deno.writeTextFile(join(directory, "checkpoints", `${name}.safetensors`), "rubbish");
    }
    const refused = await spikelet(folder, ["train", "--resume", "damaged", "--epochs", "9"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no checkpoint is whole: remove them to begin at the first batch again$/m);
    assert.equal(await countLines(join(directory, "metrics.jsonl")), 18);
    await Deno.remove(join(directory, "checkpoints"), { recursive: true });
    const anew = await spikeletJson(folder, ["train", "--resume", "damaged"]);
    assert.equal(anew.weightsSha256, whole.weightsSha256);
  }),
);

Deno.test(
  "train --resume refuses options, data and files that are not the run's",
  withData(async (folder) => {
    await spikeletJson(folder, [...QUICK, "--name", "run"]);
    const resume = ["train", "--resume", "run", "--epochs", "2"];
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "none"]),
      1,
      /^runs.none: there is no run of this name: `deno task runs` lists those that there are$/m,
    );
    const labels = join(folder, "data", FILES.trainLabels);
    const right = await Deno.readFile(labels);
    await Deno.writeFile(labels, labelBytes(60).map((byte, i) => i < 8 ? byte : 9 - byte));
    assertOneLine(
      await spikelet(folder, resume),
      1,
      /not the data that the run began with: .* with other labels/,
    );
    await Deno.writeFile(labels, right);

    const path = join(folder, "runs", "run", "run.json");
    const record = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, record.replace(`"seed": 0`, `"seed": 1`));
    assertOneLine(
      await spikelet(folder, resume),
      1,
      /run\.json: options: seed: other than when the run began: put back what was there$/m,
    );
    await Deno.writeTextFile(path, record.slice(0, 100));
    const resumed = await spikelet(folder, [...resume, "--quiet", "--json"]);
    assert.equal(resumed.code, 0, "the checkpoint has the options too");
    await Deno.writeTextFile(path, record);
    await Deno.remove(join(folder, "runs", "run", "checkpoints"), { recursive: true });
    await Deno.writeTextFile(path, record.replace(`"precision"`, `"accuracy"`));
    assertOneLine(
      await spikelet(folder, resume),
      1,
      /run\.json: options: accuracy: another version of Spikelet wrote this$/m,
    );
  }),
);

Deno.test(
  "train locks a run's folder: a second process is refused with the first one's id",
  withData(async (folder) => {
    const first = command(folder, [...QUICK, "--epochs", "10000", "--name", "busy"]).spawn();
    const metrics = join(folder, "runs", "busy", "metrics.jsonl");
    await until(async () => await countLines(metrics) >= 20);
    const busy = new RegExp(
      `^runs.busy: process ${first.pid} \\(since .* UTC\\) is at work there: wait for it, or stop it$`,
      "m",
    );
    assertOneLine(await spikelet(folder, ["train", "--resume", "busy"]), 1, busy);
    assertOneLine(await spikelet(folder, [...QUICK, "--name", "busy"]), 1, busy);
    assertOneLine(await spikelet(folder, ["runs", "rm", "busy", "--yes"]), 1, busy);
    const [run] = JSON.parse((await spikelet(folder, ["runs", "--json"])).stdout);
    assert.equal(recordOf(run).state, "running");
    first.kill("SIGKILL");
    await first.output();
    assert.equal((await spikeletJson(folder, ["runs", "show", "busy"])).state, "killed");
    // The name is taken, but the lock is free: the run can resume.
    assertOneLine(
      await spikelet(folder, [...QUICK, "--name", "busy"]),
      1,
      /^runs.busy: there is an unfinished run of this name already: choose another --name, or resume it: deno task train --resume busy$/m,
    );
    assertOneLine(
      await spikelet(folder, ["evaluate", "busy", "--data", "data"]),
      1,
      /^busy: the run is not finished: resume it \(deno task train --resume busy\), or measure its checkpoint, runs.busy.checkpoints.(last|previous)\.safetensors \(deno task evaluate\)$/m,
    );
    const resumed = await stopAfter(folder, ["train", "--resume", "busy"], "busy", 1, "SIGINT");
    assert.equal(resumed.code, 130, resumed.stderr);
  }),
);

Deno.test(
  "train reuses the name of a run that was killed before it began",
  withData(async (folder) => {
    const directory = join(folder, "runs", "unborn");
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(join(directory, ".lock"), "");
    await Deno.writeTextFile(join(directory, ".spikelet-x.tmp"), "{");
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "unborn"]),
      1,
      /^runs.unborn: it was stopped before it began: train it anew with --name unborn$/m,
    );
    await spikeletJson(folder, [...QUICK, "--name", "unborn"]);
  }),
);

Deno.test(
  "train refuses a folder below runs/ with other files as no run, and writes nothing to it",
  withData(async (folder) => {
    const directory = join(folder, "runs", "plain");
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(join(directory, "a.txt"), "hi");
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "plain"]),
      1,
      /^runs.plain: this is no run: it has no run\.json, and it holds a\.txt: `deno task runs` lists the runs$/m,
    );
    assertOneLine(
      await spikelet(folder, [...QUICK, "--name", "plain"]),
      1,
      /^runs.plain: this folder is no run, and it holds a\.txt: choose another --name, or move it away$/m,
    );
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["a.txt"]);
    const [listed] = JSON.parse((await spikelet(folder, ["runs", "--json"], [])).stdout);
    assert.equal(recordOf(listed).state, "foreign");
    // train takes an empty folder's name; --resume of it leaves nothing there.
    const empty = join(folder, "runs", "empty");
    await Deno.mkdir(empty);
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "empty"]),
      1,
      /^runs.empty: it was stopped before it began: train it anew with --name empty$/m,
    );
    assert.deepEqual([...Deno.readDirSync(empty)], []);
    await spikeletJson(folder, [...QUICK, "--name", "empty"]);
  }),
);
