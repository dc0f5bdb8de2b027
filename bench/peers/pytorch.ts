/**
 * PyTorch as a peer: runs notebook_pytorch.py with the system's Python.
 *
 * Its environment is empty: a variable such as OPENBLAS_CORETYPE, set for another program's sake, makes PyTorch slower.
 */
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { mnistDirectory } from "../../src/data/mnist.ts";
import { type Peer, PeerMissing } from "./peer.ts";

/** Debian's, for which python3-torch is built. */
const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("./notebook_pytorch.py", import.meta.url));
const INSTALL = "apt-get install --no-install-recommends python3-torch libopenblas0-pthread";

const checked = v.object({ peer: v.string(), loss: v.number(), deviation: v.number() });
const timed = v.object({ seconds: v.array(v.number()) });

/** Makes the peer. @param mode As the notebook writes it, or tuned by hand; see the script. */
export function pytorchPeer(mode: "notebook" | "tuned"): Peer {
  let version = "PyTorch";
  const threads = navigator.hardwareConcurrency;
  return {
    label: `PyTorch, ${mode}`,
    describe: () => Promise.resolve(version),
    async check(golden) {
      const result = v.parse(checked, await run({ mode, check: golden }));
      version = `${result.peer}, ${threads} threads`;
      return result;
    },
    open: ({ batchSize, ...sizes }) =>
      Promise.resolve({
        async train(batches) {
          const options = { ...sizes, "batch-size": batchSize, batches, threads };
          return v.parse(timed, await run({ mode, data: mnistDirectory(), ...options })).seconds;
        },
        [Symbol.dispose]: () => {}, // each call is a process of its own
      }),
  };
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
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (output.success) return JSON.parse(text(output.stdout));
  const reason = text(output.stderr).trim();
  if (/No module named 'torch'/.test(reason)) throw new PeerMissing(`not installed here: ${INSTALL}`);
  throw new Error(`${SCRIPT} ${args.join(" ")}: exit code ${output.code}\n${reason}`);
}
