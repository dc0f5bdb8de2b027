/**
 * Signals as they come in life: by one press of Ctrl-C on a terminal, which reaches the program twice, and by a terminal that is
 * closed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isLocked } from "../../src/runs/run_lock.ts";
import { named } from "../deno_version.ts";
import { drawKey, uniform } from "../../src/random.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { makeClone } from "./clone.ts";
import { command, inTurns, linesOf, recordOf, spikelet, spikeletJson } from "./spikelet.ts";
import { CTRL_C, NO_TERMINAL, openTerminal, type Terminal } from "./terminal.ts";

const EPOCHS = 30, BATCHES = 9;
/** Nine batches an epoch of some ten milliseconds each, and samples held back to be measured after each epoch. */
const RUN = [
  ...["train", "--limit", "200", "--validation", "0.1", "--batch-size", "20", "--epochs", `${EPOCHS}`],
  ...["--steps", "24", "--hidden", "12", "--threads", "1", "--checkpoint-every", "1000"],
];
const SIZES = { train: 220, test: 2500 };

/** How the README says that tasks are called. */
const CALLS = { deno: "deno", npx: `npx -y deno@${Deno.version.deno}` } as const;

/** Why there is no npx to be had. */
const NO_NPX = NO_TERMINAL ?? await findNpx();

async function findNpx(): Promise<string | undefined> {
  try {
    const [program = "", ...args] = `${CALLS.npx} --version`.split(" ");
    const { success } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    })
      .output();
    return success ? undefined : "npx cannot fetch Deno here";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no npx here";
    throw error;
  }
}

/** When Ctrl-C is pressed: once so many batches are done, or once this has appeared on the terminal or on the disk. */
type Moment = { readonly batches: number } | { readonly appears: RegExp } | { readonly file: string };

/** Moments all over a run: before anything, as it starts, in the first epoch, anywhere, as it ends. */
const MOMENTS: readonly Moment[] = [
  { appears: /Task/ },
  { file: "" },
  { file: "run.json" },
  { batches: 1 },
  { batches: BATCHES - 1 },
  { batches: BATCHES },
  ...Array.from({ length: 3 }, (_, i) => ({
    batches: Math.round(2 + uniform(drawKey(7, 99, 0, 0), i) * (EPOCHS - 3) * BATCHES),
  })),
  { batches: EPOCHS * BATCHES },
];

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function countLines(path: string): Promise<number> {
  return await Deno.readTextFile(path).then((text) => text.split("\n").length - 1, () => 0);
}

/** Waits for a moment; for the run's end where that comes first. */
async function until(moment: Moment, directory: string, terminal: Terminal): Promise<void> {
  if ("appears" in moment) {
    await terminal.appears(moment.appears);
    return;
  }
  const isThere = async () =>
    "file" in moment
      ? await exists(join(directory, moment.file))
      : await countLines(join(directory, "metrics.jsonl")) >= moment.batches;
  let hasEnded = false;
  terminal.code.then(() => hasEnded = true);
  while (!hasEnded && !await isThere()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function stateOf(directory: string): Promise<unknown> {
  return recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json")))).state;
}

/** Holds a run that was stopped to what is promised: all that was done is kept, and it ends in the bits of `whole`. */
async function assertNothingLost(
  clone: string,
  name: string,
  whole: Readonly<Record<string, unknown>>,
  run: readonly string[] = RUN,
  epochs: number = EPOCHS,
): Promise<void> {
  const directory = join(clone, "runs", name), metrics = join(directory, "metrics.jsonl");
  const done = await countLines(metrics);
  const hasBegun = await exists(join(directory, "run.json"));
  const state = hasBegun ? await stateOf(directory) : "none";
  if (state === "finished") {
    assert.deepEqual((await linesOf(metrics)).length, epochs * BATCHES);
    return;
  }
  assert.equal(state, hasBegun ? "interrupted" : "none");
  const { code, stdout, stderr } = await spikelet(
    clone,
    hasBegun ? ["train", "--resume", name, "--json"] : [...run, "--name", name, "--json"],
  );
  assert.equal(code, 0, stderr);
  if (done > 0) {
    const [, batch = "0", epoch] =
      stderr.match(/^goes on in \S+ (?:after batch (\d+) of|with) epoch (\d+)$/m) ?? [];
    assert.equal((Number(epoch) - 1) * BATCHES + Number(batch), done, `${name}: batches are lost`);
  }
  const summary = recordOf(JSON.parse(stdout));
  assert.deepEqual(
    [summary.weightsSha256, summary.validation, summary.test],
    [whole.weightsSha256, whole.validation, whole.test],
    name,
  );
  const lines = await linesOf(metrics);
  assert.deepEqual(
    lines.map(({ epoch, batch }) => (Number(epoch) - 1) * BATCHES + Number(batch)),
    Array.from({ length: epochs * BATCHES }, (_, i) => i + 1),
    name,
  );
}

/** Runs a test in a clone with a run that was never stopped. */
async function inClone(
  test: (clone: string, whole: Readonly<Record<string, unknown>>) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (clone) => {
    await makeClone(clone, SIZES);
    await test(clone, await spikeletJson(clone, [...RUN, "--name", "whole", "--quiet"]));
  });
}

for (const [way, reason] of [["deno", NO_TERMINAL], ["npx", NO_NPX]] as const) {
  Deno.test({
    ...named(
      `train by \`${
        CALLS[way]
      } task\` ends as promised on one Ctrl-C, at ${MOMENTS.length} moments, and loses no batch`,
      reason,
    ),
    async fn() {
      await inClone(async (clone, whole) => {
        await inTurns([...MOMENTS.entries()], async ([i, moment]) => {
          const name = `${way}-${i}`, directory = join(clone, "runs", name);
          const terminal = openTerminal(clone, `${CALLS[way]} task ${RUN.join(" ")} --name ${name}`);
          await until(moment, directory, terminal);
          await terminal.type(CTRL_C);
          const code = await terminal.code;
          const at = `${name}, ${JSON.stringify(moment)}: ${code}\n${terminal.text}`;
          const state = await exists(join(directory, "run.json")) ? await stateOf(directory) : "none";
          // What is measured for the last time when the signal comes is as good as done; who called it may end by the signal.
          assert.ok(code === 130 || code === 0 && state === "finished", at);
          if (state === "interrupted") {
            assert.match(terminal.text, /^Stopped (after batch|before the first batch)/m, at);
          }
          await assertNothingLost(clone, name, whole);
        });
      });
    },
  });
}

Deno.test({
  ...named("train ends on one Ctrl-C while it measures what is held back, and the test set", NO_TERMINAL),
  async fn() {
    await inTemporaryFolder(async (clone) => {
      // Much more to measure than to learn from: nine batches an epoch, and two batches of what is held back, of the test set three.
      await makeClone(clone, { train: 1500, test: 2500 });
      const epochs = 2;
      const run = [
        ...[...RUN, "--limit", "1500", "--validation", "0.88", "--epochs", `${epochs}`],
      ];
      const whole = await spikeletJson(clone, [...run, "--name", "whole", "--quiet"]);
      for (let epoch = 1; epoch <= epochs; epoch++) {
        const name = `measuring-${epoch}`, directory = join(clone, "runs", name);
        const terminal = openTerminal(clone, `deno task ${run.join(" ")} --name ${name}`);
        await until({ batches: epoch * BATCHES }, directory, terminal);
        await terminal.type(CTRL_C);
        assert.ok([0, 130].includes(await terminal.code), terminal.text);
        await assertNothingLost(clone, name, whole, run, epochs);
      }
    });
  },
});

Deno.test({
  ...named("train whose terminal is closed keeps all that it did, and --resume goes on", NO_TERMINAL),
  async fn() {
    await inClone(async (clone, whole) => {
      for (const batches of [3, 5 * BATCHES]) {
        const name = `closed-${batches}`, directory = join(clone, "runs", name);
        const terminal = openTerminal(clone, `deno task ${RUN.join(" ")} --name ${name}`);
        await until({ batches }, directory, terminal);
        await terminal.hangUp();
        while (await stateOf(directory) === "running") {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assert.equal(await stateOf(directory), "interrupted");
        await assertNothingLost(clone, name, whole);
      }
    });
  },
});

Deno.test("train goes on when nobody reads what it prints any more", async () => {
  await inTemporaryFolder(async (clone) => {
    await makeClone(clone, SIZES);
    const child = command(clone, [...RUN, "--epochs", "3", "--name", "unread"]).spawn();
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    assert.equal((await child.status).code, 0);
    assert.equal(await stateOf(join(clone, "runs", "unread")), "finished");
  });
});

Deno.test({
  ...named("train by nohup outlives its terminal", NO_TERMINAL),
  async fn() {
    await inTemporaryFolder(async (clone) => {
      await makeClone(clone, SIZES);
      const terminal = openTerminal(clone, `nohup deno task ${RUN.join(" ")} --name outlives`);
      const directory = join(clone, "runs", "outlives");
      await until({ batches: 1 }, directory, terminal);
      await terminal.hangUp();
      while (await isLocked(directory)) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await stateOf(directory), "finished");
    });
  },
});

Deno.test({
  ...named("compare whose terminal is closed keeps the runs that are done", NO_TERMINAL),
  async fn() {
    await inTemporaryFolder(async (clone) => {
      await makeClone(clone, SIZES);
      const options = "--limit 100 --steps 8 --hidden 10 --epochs 30 --batch-size 10 --threads 1 --seeds 200";
      const terminal = openTerminal(clone, `deno task compare ${options} --name many`);
      await terminal.appears(/^seed 1 {2}notebook/m);
      await terminal.hangUp();
      const resume = ["compare", "--resume", "many", "--json"];
      // Nobody tells when it has ended: its last words go nowhere.
      let before = -1, runs = 0;
      while (runs !== before) {
        before = runs;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        ({ length: runs } = await runsOf(join(clone, "runs", "many.json")));
      }
      assert.ok(runs >= 3 && runs < 400, String(runs));
      const { code, stdout, stderr } = await spikelet(clone, [...resume, "--seeds", "100"]);
      assert.equal(code, 2, stdout);
      assert.match(stderr, /^--seeds 100: the comparison was begun with 200: /);
    });
  },
});

async function runsOf(path: string): Promise<readonly unknown[]> {
  const { runs } = recordOf(JSON.parse(await Deno.readTextFile(path)));
  assert.ok(Array.isArray(runs));
  return runs;
}
