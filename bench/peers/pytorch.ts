/**
 * PyTorch as a peer, another program that trains the same network: runs notebook_pytorch.py.
 */
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { PEERS_ENVIRONMENT, peersPython } from "./environment.ts";
import { mnistDirectory } from "../../src/data/mnist.ts";

const SCRIPT = fileURLToPath(new URL("./notebook_pytorch.py", import.meta.url));

/** The network as the notebook writes it, tuned by hand, or the first compiled by PyTorch; see the script. */
export type Mode = "notebook" | "tuned" | "compiled";

const checked = v.object({ peer: v.string(), loss: v.number(), deviation: v.number() });
const timed = v.object({ seconds: v.array(v.number()) });

/**
 * Trains with the golden case and its draws, one batch.
 *
 * @returns The version, the loss before the update, and the largest |weight − reference| after it.
 * @throws {PeerMissing} when there is no Python for it.
 */
export async function checkPyTorch(mode: Mode, golden: string): Promise<v.InferOutput<typeof checked>> {
  return v.parse(checked, await run({ mode, check: golden }));
}

/** Trains with batches of its own choice. @returns Seconds of each, without start and warm-up. */
export async function timePyTorch(
  mode: Mode,
  sizes: {
    readonly hidden: number;
    readonly steps: number;
    readonly batchSize: number;
    readonly batches: number;
  },
): Promise<readonly number[]> {
  const { batchSize, ...others } = sizes, threads = navigator.hardwareConcurrency;
  const options = { mode, data: mnistDirectory(), ...others, "batch-size": batchSize, threads };
  return v.parse(timed, await run(options)).seconds;
}

/** Runs the script. @returns The JSON that it prints. */
async function run(options: Readonly<Record<string, string | number>>): Promise<unknown> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const output = await new Deno.Command(await peersPython(), {
    args: [SCRIPT, ...args],
    clearEnv: true,
    env: PEERS_ENVIRONMENT,
  })
    .output();
  const [printed, reason] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trim()
  );
  if (output.success) return JSON.parse(printed!);
  throw new Error(`${SCRIPT} ${args.join(" ")}: exit code ${output.code}\n${reason}`);
}
