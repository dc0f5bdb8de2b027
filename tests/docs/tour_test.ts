/**
 * Runs every command of docs/tour.md as it stands there, in a folder like a clone, with a small data set in place of MNIST.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeClone } from "../cli/clone.ts";
import { PROJECT } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { OUTSIDE } from "../outside.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { commandsInProse, missingFrom, readTranscript, type Step } from "./transcript.ts";

const TOUR = Deno.readTextFileSync(join(PROJECT, "docs", "tour.md"));
const STEPS = readTranscript(TOUR);

/** Runs a command on a terminal (util-linux). */
const SCRIPT = "/usr/bin/script";
/** The port of the tour's server, which may be taken here. */
const PORT = "8000";
const MISSING = NO_TOOLS !== undefined
  ? NO_TOOLS // the part on the page
  : Deno.build.os === "windows"
  ? "its commands are a Unix shell's"
  : ["/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl"].some((path) => existsSync(path))
  ? undefined
  : "there is no curl here";

/** An epoch has three batches, so that a run of five epochs still runs when it is interrupted after the first. */
const SIZES = { train: 2040, test: 100 };

/** A running command. */
class Running {
  readonly #step: Step;
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<void>;
  #text = "";
  #ended = false;
  #more = Promise.withResolvers<void>();

  constructor(folder: string, step: Step) {
    this.#step = step;
    const onTerminal = step.promised.some((line) => /[\u2800-\u28ff]/.test(line));
    // A command that is interrupted replaces the shell, so that the signal reaches it.
    const script = step.interrupted === undefined ? step.command : `exec ${step.command}`;
    const [program, args] = onTerminal
      ? [SCRIPT, ["-qec", `stty cols 74 rows 24; ${script}`, "/dev/null"]]
      : ["/bin/sh", ["-c", `exec 2>&1\n${script}`]];
    this.#child = new Deno.Command(program, {
      args,
      cwd: folder,
      clearEnv: true,
      env: {
        ...OUTSIDE,
        NO_COLOR: "1",
        TERM: "xterm",
        PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#done = this.#read();
  }

  async #read(): Promise<void> {
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#text += part;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
    this.#ended = true;
    this.#more.resolve();
  }

  /** Waits for lines to appear. Lines that the command did not print until its end are missing. */
  async #expect(promised: readonly string[]): Promise<void> {
    for (;;) {
      const more = this.#more.promise, ended = this.#ended;
      const missing = missingFrom(linesOf(this.#text), promised);
      if (missing === undefined) return;
      assert.ok(!ended, `${this.#step.command}\ndoes not print\n${missing}\nbut\n${this.#text}`);
      await more;
    }
  }

  /** Waits until the command can be interrupted. */
  async untilReady(): Promise<void> {
    await this.#expect(this.#step.promised);
  }

  /** Waits for the command's end. */
  async end(): Promise<void> {
    const { command, promised, interrupted } = this.#step;
    if (interrupted !== undefined) this.#child.kill("SIGINT");
    await this.#done;
    const { code } = await this.#child.status;
    const codes = interrupted === undefined ? [0] : [0, 130];
    assert.ok(codes.includes(code), `${command}: exit code ${code}\n${this.#text}`);
    await this.#expect([...promised, ...interrupted ?? []]);
  }

  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // The command has ended.
    }
    await this.#child.status;
  }
}

/** The written lines, also those drawn over, without control sequences. */
function linesOf(text: string): string[] {
  // deno-lint-ignore no-control-regex
  return text.split(/\r?\n|\r|\x1b\[\d*G/).map((line) => line.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, ""));
}

/** A free port. */
function freePort(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return String(listener.addr.port);
}

/** The promised lines, without drawings if there is no terminal. */
function adapted(step: Step, port: string): Step {
  const drawn = step.promised.some((line) => /[\u2800-\u28ff]/.test(line));
  return {
    ...step,
    command: step.command.replaceAll(PORT, port),
    promised: drawn && !existsSync(SCRIPT) ? [] : step.promised,
  };
}

Deno.test({
  ...named("every command of the tour runs, and prints what the tour shows", MISSING),
  async fn() {
    await inTemporaryFolder(async (folder) => {
      await makeClone(folder, SIZES);
      const port = freePort();
      const steps = STEPS.map((step) => adapted(step, port));
      for (let i = 0; i < steps.length; i++) {
        const running = new Running(folder, steps[i]!);
        try {
          if (steps[i]!.interrupted !== undefined) await running.untilReady();
          for (let { during } = steps[i]!; during > 0; during--) await new Running(folder, steps[++i]!).end();
          await running.end();
        } finally {
          await running.kill();
        }
      }
    });
  },
});

Deno.test("the tour's blocks run every command of its prose", () => {
  const run = STEPS.flatMap(({ command }) => command.split("\n"));
  // The first two explain how to call commands; the third one runs these tests.
  const known = ["deno task", "npx -y deno@2.9.6 task", "deno task test"];
  const unknown = commandsInProse(TOUR).filter((command) =>
    !known.includes(command) && !run.some((line) => line.startsWith(command))
  );
  assert.deepEqual(unknown, []);
  assert.ok(STEPS.length > 15, "the page has been read");
});
