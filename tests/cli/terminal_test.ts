/**
 * Signals from a terminal: one Ctrl-C, which reaches the program twice, and the hang-up of a closed terminal.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isLocked } from "../../src/runs/run_lock.ts";
import { named } from "../deno_version.ts";
import { drawKey, uniform } from "../../src/random.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { countLines, until } from "../until.ts";
import { makeClone } from "./clone.ts";
import { command, inTurns, linesOf, recordOf, spikelet, spikeletJson } from "./spikelet.ts";
import { CTRL_C, NO_TERMINAL, openTerminal, type Terminal } from "./terminal.ts";

const EPOCHS = 15, BATCHES = 9;
/** A run with nine batches of some ten milliseconds per epoch, and with held-back samples. */
const RUN = [
  ...["train", "--limit", "200", "--validation", "0.1", "--batch-size", "20", "--epochs", `${EPOCHS}`],
  ...["--steps", "24", "--hidden", "12", "--threads", "1", "--checkpoint-every", "1000"],
];
const SIZES = { train: 220, test: 2500 };

/** The README's ways to call tasks. */
const CALLS = { deno: "deno", npx: `npx -y deno@${Deno.version.deno}` } as const;

/** Why npx cannot run. */
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

/** The moment of Ctrl-C: after a number of batches, or when a text or a file has appeared. */
type Moment = { readonly batches: number } | { readonly appears: RegExp } | { readonly file: string };

/** Moments before the start, at the start, in the first epoch, later, and at the end. */
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

/** Waits for a moment, or for the run's end. */
async function untilMoment(moment: Moment, directory: string, terminal: Terminal): Promise<void> {
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
  await until(async () => hasEnded || await isThere());
}

async function stateOf(directory: string): Promise<unknown> {
  return recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json")))).state;
}

/** Asserts that a stopped run has kept every batch, and ends in the bits of `whole`. */
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
      stderr.match(/^resumes in \S+ (?:after batch (\d+) of|with) epoch (\d+)$/m) ?? [];
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

/** Runs a test in a clone with an uninterrupted run. */
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
          await untilMoment(moment, directory, terminal);
          await terminal.type(CTRL_C);
          const code = await terminal.code;
          const at = `${name}, ${JSON.stringify(moment)}: ${code}\n${terminal.text}`;
          const state = await exists(join(directory, "run.json")) ? await stateOf(directory) : "none";
          // A run in its last evaluation finishes, though its caller may end by the signal.
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
  ...named("train ends on one Ctrl-C during validation and during the test", NO_TERMINAL),
  async fn() {
    await inTemporaryFolder(async (clone) => {
      // Nine training batches per epoch, and much more to evaluate: two batches held back, three of the test set.
      await makeClone(clone, { train: 1500, test: 2500 });
      const epochs = 2;
      const run = [
        ...[...RUN, "--limit", "1500", "--validation", "0.88", "--epochs", `${epochs}`],
      ];
      const whole = await spikeletJson(clone, [...run, "--name", "whole", "--quiet"]);
      for (let epoch = 1; epoch <= epochs; epoch++) {
        const name = `measuring-${epoch}`, directory = join(clone, "runs", name);
        const terminal = openTerminal(clone, `deno task ${run.join(" ")} --name ${name}`);
        await untilMoment({ batches: epoch * BATCHES }, directory, terminal);
        await terminal.type(CTRL_C);
        assert.ok([0, 130].includes(await terminal.code), terminal.text);
        await assertNothingLost(clone, name, whole, run, epochs);
      }
    });
  },
});

Deno.test({
  ...named("train keeps its batches when its terminal is closed, and --resume continues", NO_TERMINAL),
  async fn() {
    await inClone(async (clone, whole) => {
      for (const batches of [3, 5 * BATCHES]) {
        const name = `closed-${batches}`, directory = join(clone, "runs", name);
        const terminal = openTerminal(clone, `deno task ${RUN.join(" ")} --name ${name}`);
        await untilMoment({ batches }, directory, terminal);
        await terminal.hangUp();
        await until(async () => await stateOf(directory) !== "running");
        assert.equal(await stateOf(directory), "interrupted");
        await assertNothingLost(clone, name, whole);
      }
    });
  },
});

Deno.test("train continues when its output pipes are closed", async () => {
  await inTemporaryFolder(async (clone) => {
    await makeClone(clone, SIZES);
    const child = command(clone, [...RUN, "--epochs", "3", "--name", "unread"]).spawn();
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    assert.equal((await child.status).code, 0);
    assert.equal(await stateOf(join(clone, "runs", "unread")), "finished");
  });
});

Deno.test({
  ...named("train under nohup outlives its terminal", NO_TERMINAL),
  async fn() {
    await inTemporaryFolder(async (clone) => {
      await makeClone(clone, SIZES);
      const terminal = openTerminal(clone, `nohup deno task ${RUN.join(" ")} --name outlives`);
      const directory = join(clone, "runs", "outlives");
      await untilMoment({ batches: 1 }, directory, terminal);
      await terminal.hangUp();
      await until(async () => !await isLocked(directory));
      assert.equal(await stateOf(directory), "finished");
    });
  },
});

Deno.test({
  ...named("compare keeps its finished runs when its terminal is closed", NO_TERMINAL),
  async fn() {
    await inTemporaryFolder(async (clone) => {
      await makeClone(clone, SIZES);
      const options = "--limit 100 --steps 8 --hidden 10 --epochs 30 --batch-size 10 --threads 1 --seeds 200";
      // All processes of the command inherit file descriptor 9, and with it the lock.
      const terminal = openTerminal(
        clone,
        `exec 9>running; flock 9; exec deno task compare ${options} --name many`,
      );
      await terminal.appears(/^seed 1 {2}notebook/m);
      await terminal.hangUp();
      using running = await Deno.open(join(clone, "running"), { write: true });
      await running.lock(true); // waits for the end of the last process
      const { length: runs } = await runsOf(join(clone, "runs", "many.json"));
      assert.ok(runs >= 3 && runs < 400, String(runs));
      const { code, stdout, stderr } = await spikelet(clone, [
        "compare",
        "--resume",
        "many",
        "--json",
        "--seeds",
        "100",
      ]);
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
