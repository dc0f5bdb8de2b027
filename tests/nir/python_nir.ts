/** A Python that has PyPI's package `nir`: the one of dist/nir, which .ci/run makes, or the machine's own. */
import { join } from "node:path";
import { PROJECT } from "../cli/spikelet.ts";

const CANDIDATES = [join(PROJECT, "dist", "nir", "bin", "python"), "python3"];

/** Runs a program of Python with arguments. @returns What it prints on standard output, and its errors. */
export async function runPython(
  python: string,
  program: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const command = new Deno.Command(python, { args: ["-c", program, ...args], stdin: "null" });
  const { code, stdout, stderr } = await command.output(), decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The Python, or `undefined` where there is none. */
export async function findPythonWithNir(): Promise<string | undefined> {
  for (const python of CANDIDATES) {
    try {
      if ((await runPython(python, "import nir")).code === 0) return python;
    } catch {
      // It is not there.
    }
  }
  return undefined;
}
