/**
 * How long a new process takes until its first batch is done: the one binary, and beside it the same program run by Deno.
 *
 * Measured from outside, with no help from the program: from its start until there is a line in metrics.jsonl. The batch is
 * so small that what is left is start-up: the runtime, modules, kernels, MNIST, threads.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { mnistDirectory } from "../src/data/mnist.ts";
import { interleave } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";
import { pairedRatios } from "./statistics.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BINARY = join(ROOT, "dist", "spikelet");
const TRAIN = ["train", "--batch-size", "16", "--threads", "2", "--no-tune", "--quiet", "--name", "startup"];
/** A process that has not come to its first batch by then has failed. */
const LONGEST_SECONDS = 60;

/** A way to start the program. */
interface Way {
  readonly name: string;
  readonly program: string;
  readonly before: readonly string[];
}

/** Starts processes in turns; where there is no binary, or none may be run, it says so. */
export async function measureStartup({ sizes }: Setting): Promise<Section> {
  const ways: Way[] = [], remarks: string[] = [];
  if (!await isFile(BINARY)) {
    remarks.push("dist/spikelet: not there, not measured: `deno task compile` makes it");
  } else if (!await mayRun(BINARY)) {
    remarks.push("dist/spikelet: not measured: it needs --allow-run=dist/spikelet");
  } else ways.push({ name: "dist/spikelet", program: BINARY, before: [] });
  if (ways.length > 0 && await mayRun(Deno.execPath())) {
    const before = ["run", "--no-prompt", "--allow-read", "--allow-write=.", join(ROOT, "main.ts")];
    ways.push({ name: "deno run main.ts", program: Deno.execPath(), before });
  }
  const seconds = await interleave(
    ways.map((way) => () => secondsToFirstBatch(way)),
    { seconds: ways.length > 0 ? sizes.seconds : 0, atLeast: ways.length > 0 ? sizes.rounds : 0 },
  );
  return {
    key: "startup",
    title: "From the start of a process to the end of its first batch, of 16 samples",
    ratio: { meaning: "how long beside the first line", style: "times" },
    rows: ways.map(({ name }, i): Row => ({
      name,
      unit: "ms",
      samples: seconds[i]!.map((each) => 1000 * each),
      ratios: pairedRatios(seconds[i]!, seconds[0]!),
    })),
    remarks,
  };
}

/** Starts the program in a folder of its own, and stops it once the first batch is on the disk. */
async function secondsToFirstBatch({ program, before }: Way): Promise<number> {
  // Below the current folder, where the bench may write.
  const folder = join(".spikelet", `startup-${crypto.randomUUID()}`);
  await Deno.mkdir(folder, { recursive: true });
  try {
    const metrics = join(folder, "runs", "startup", "metrics.jsonl");
    const started = performance.now();
    const process = new Deno.Command(program, {
      args: [...before, ...TRAIN, "--data", resolve(mnistDirectory())],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    let over = false;
    const status = process.status.finally(() => over = true);
    try {
      while (!await hasContent(metrics)) {
        const waited = (performance.now() - started) / 1000;
        if (over || waited > LONGEST_SECONDS) {
          throw new Error(`${program}: no batch after ${waited.toFixed(1)} s`);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return (performance.now() - started) / 1000;
    } finally {
      if (!over) process.kill("SIGKILL");
      await status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function mayRun(command: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "run", command })).state === "granted";
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

async function hasContent(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).size > 0;
  } catch {
    return false;
  }
}
