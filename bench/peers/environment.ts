/** Python and PyTorch for the peers: a virtual environment that is made when it is first needed, with what PyPI has then. */
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../dist/peers", import.meta.url));
const PYTHON = `${FOLDER}/bin/python`;
const REQUIREMENTS = fileURLToPath(new URL("./requirements.txt", import.meta.url));

/**
 * What the peers' processes have of an environment, and nothing else: a variable such as OPENBLAS_CORETYPE, set for another program's
 * sake, would make them slower. torch.compile needs a C++ compiler, and room for what it makes.
 */
export const PEERS_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: FOLDER,
  TORCHINDUCTOR_CACHE_DIR: fileURLToPath(new URL("../../dist/inductor", import.meta.url)),
};

/** Peers cannot be measured here; the message says why. */
export class PeerMissing extends Error {
  override name = "PeerMissing";
}

let made: Promise<string> | undefined;

/** The environment's Python. @throws {PeerMissing} when it cannot be made. */
export function peersPython(): Promise<string> {
  return made ??= makeEnvironment();
}

async function makeEnvironment(): Promise<string> {
  const isThere = await Deno.stat(PYTHON).then(() => true, () => false);
  if (!isThere) {
    console.error(`making ${FOLDER} with PyTorch and the frameworks (some 6 GB, once)`);
    await run("python3", ["-m", "venv", FOLDER]);
  }
  const check = await execute(PYTHON, ["-c", "import torch, snntorch, norse, spikingjelly"]);
  if (!check.success) await run(PYTHON, ["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]);
  return PYTHON;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, code, stderr } = await execute(program, args);
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new PeerMissing(`${program} ${args.join(" ")}: exit code ${code}: ${reason}`);
}

async function execute(program: string, args: readonly string[]): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(program, { args: [...args] }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new PeerMissing(`no ${program} here: install Python 3`);
    if (error instanceof Deno.errors.NotCapable) {
      throw new PeerMissing(`Deno may not run ${program}: \`deno task bench:peers\` may`);
    }
    throw error;
  }
}
