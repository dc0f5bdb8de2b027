/**
 * PyTorch as a peer, another program that trains the same network: runs notebook_pytorch.py with the system's Python.
 *
 * Its environment is empty: a variable such as OPENBLAS_CORETYPE, set for another program's sake, makes PyTorch slower.
 */
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { mnistDirectory } from "../../src/data/mnist.ts";

/** Debian's, for which python3-torch is built. */
const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("./notebook_pytorch.py", import.meta.url));
const INSTALL = "apt-get install --no-install-recommends python3-torch libopenblas0-pthread";

/** The network as the notebook writes it, or tuned by hand; see the script. */
export type Mode = "notebook" | "tuned";

/** PyTorch is not installed here; the message says how to install it. */
export class PeerMissing extends Error {
  override name = "PeerMissing";
}

const checked = v.object({ peer: v.string(), loss: v.number(), deviation: v.number() });
const timed = v.object({ seconds: v.array(v.number()) });

/**
 * Trains with the golden case and its draws, one batch.
 *
 * @returns The version, the loss before the update, and the largest |weight − reference| after it.
 * @throws {PeerMissing} when PyTorch is not installed here.
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
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(PYTHON, { args: [SCRIPT, ...args], clearEnv: true }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new PeerMissing(`no ${PYTHON} here: ${INSTALL}`);
    if (error instanceof Deno.errors.NotCapable) {
      throw new PeerMissing(`Deno may not run it: \`deno task bench:peers\`, or --allow-run=${PYTHON}`);
    }
    throw error;
  }
  const [printed, reason] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trim()
  );
  if (output.success) return JSON.parse(printed!);
  if (/No module named 'torch'/.test(reason!)) throw new PeerMissing(`not installed here: ${INSTALL}`);
  throw new Error(`${SCRIPT} ${args.join(" ")}: exit code ${output.code}\n${reason}`);
}
