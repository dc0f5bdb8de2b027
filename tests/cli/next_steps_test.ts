/**
 * “What to try next” of real runs: each page proposes what its run asks for, and `train` accepts each of its commands.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { assertSelfContained } from "../report/self_contained.ts";
import { inFolderWithData } from "./small_data.ts";
import { spikelet, spikeletJson } from "./spikelet.ts";

const TRAIN = ["train", "--data", "data", "--batch-size", "10", "--threads", "1"];
const SMALL = ["--hidden", "12", "--steps", "10"];

/** Options of a run, with what its page proposes to change. */
const CASES: readonly (readonly [options: readonly string[], proposed: RegExp])[] = [
  // Nothing reaches the threshold.
  [[...SMALL, "--threshold", "50"], /--threshold 50 .*--init rate$/m],
  // All units fire at every step.
  [[...SMALL, "--threshold", "-90", "--penalty", "0"], /--threshold -89$/m],
  // Steps that move nothing, and steps that are far too long.
  [
    ["--model", "feed-forward", "--learning-rate", "1e-9", "--momentum", "0"],
    /--optimizer adam --learning-rate 0\.001$/m,
  ],
  [["--model", "feed-forward", "--learning-rate", "300"], /--learning-rate 30$/m],
  // Units that stay silent though the first weights were scaled, and samples that were left out.
  [
    ["--model", "fast", "--epochs", "3", "--limit", "40"],
    /--threshold 0\.5\n.*--epochs 3 --batch-size 10 --data data --threads 1$/,
  ],
];

/** The commands that a run's page proposes. */
async function proposalsOf(folder: string, name: string): Promise<string[]> {
  const { path } = await spikeletJson(folder, ["report", name]);
  const document = assertSelfContained(await Deno.readTextFile(join(folder, String(path))));
  return [...document.querySelectorAll(".steps code")].map(({ textContent }) => textContent ?? "");
}

Deno.test("report proposes what a run asks for, in commands that train accepts", async (t) => {
  await inFolderWithData(async (folder) => {
    const carryOut = async (command: string) => {
      const { code, stderr } = await spikelet(folder, command.slice(command.indexOf("train ")).split(" "));
      assert.equal(code, 0, `${command}: ${stderr}`);
    };
    for (const [i, [options, proposed]] of CASES.entries()) {
      await t.step(options.join(" "), async () => {
        await spikeletJson(folder, [...TRAIN, ...options, "--name", `run${i}`]);
        const commands = await proposalsOf(folder, `run${i}`);
        assert.match(commands.join("\n"), proposed);
        for (const command of commands) await carryOut(command);
      });
    }
    await t.step("a run whose loss still falls goes on", async () => {
      const options = ["--model", "feed-forward", "--learning-rate", "0.02"];
      await spikeletJson(folder, [...TRAIN, ...options, "--epochs", "2", "--name", "falling"]);
      const commands = await proposalsOf(folder, "falling");
      assert.match(commands.join("\n"), /train --resume falling --epochs 4$/m);
      for (const command of commands) await carryOut(command);
    });
  }, { train: 100, test: 60 });
});
