/** Virtual environments of Python for what is compared with it: below dist/, made once, with what PyPI has. */
import { fileURLToPath } from "node:url";
import { SpikeletError } from "../src/errors.ts";

/** Runs a program, and gives what it printed. @throws {SpikeletError} when it fails, with what it said. */
export async function call(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const decoder = new TextDecoder();
  if (!success) throw new SpikeletError(`${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}

/** An environment in `dist/<name>`. */
export class VirtualEnvironment {
  readonly folder: string;
  /** Its Python. */
  readonly python: string;

  constructor(name: string) {
    this.folder = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
    this.python = `${this.folder}/bin/python`;
  }

  /**
   * Makes it, unless it is there whole.
   *
   * @param what It will have, for the line that says so.
   * @param installs The arguments of `pip install`, one call after the other.
   */
  async make(what: string, installs: readonly (readonly string[])[]): Promise<void> {
    if (await Deno.stat(`${this.folder}/ready`).then(() => true, () => false)) return;
    console.error(`making ${this.folder} with ${what}, once`);
    await call("python3", ["-m", "venv", this.folder]);
    for (const args of installs) await call(this.python, ["-m", "pip", "install", "--quiet", ...args]);
    await Deno.writeTextFile(`${this.folder}/ready`, "");
  }
}
