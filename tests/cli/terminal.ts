/**
 * A real terminal, as a user sits at: the kernel's, by `script` of util-linux. What is typed goes through its line discipline, so
 * Ctrl-C reaches every process that the terminal shows; who hangs up takes the terminal from all of them.
 *
 * @module
 */
import { OUTSIDE } from "../outside.ts";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** Puts a command on a terminal of its own. */
export const SCRIPT = "/usr/bin/script";

/** Why there is no terminal to be had here; `undefined` where there is one. */
export const NO_TERMINAL: string | undefined = Deno.build.os !== "linux"
  ? "its terminals are those of Linux"
  : existsSync(SCRIPT)
  ? undefined
  : "there is no script of util-linux here";

/** The key that interrupts. */
export const CTRL_C = "\x03";

/** A command on a terminal. */
export interface Terminal {
  /** What has appeared so far, without colours and movements. */
  readonly text: string;
  /** Waits until it appears. @throws {Error} when the command ends without. */
  appears(pattern: RegExp): Promise<RegExpMatchArray>;
  type(keys: string): Promise<void>;
  /** Closes the terminal, as its window's button does. */
  hangUp(): Promise<void>;
  /** The command's exit code, once it has ended. */
  readonly code: Promise<number>;
}

/** Starts a shell's command on a terminal. @param folder The current one. */
export function openTerminal(folder: string, command: string): Terminal {
  const child = new Deno.Command(SCRIPT, {
    args: ["-qec", command, "/dev/null"],
    cwd: folder,
    clearEnv: true,
    env: {
      ...OUTSIDE,
      SHELL: "/bin/sh",
      TERM: "xterm",
      NO_COLOR: "1",
      PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  let text = "", ended = false, more = Promise.withResolvers<void>();
  const read = (async () => {
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      more.resolve();
      more = Promise.withResolvers();
    }
    ended = true;
    more.resolve();
  })();
  const code = (async () => {
    await read;
    const status = await child.status;
    await keyboard.close().catch(() => {}); // where the command has ended, nobody reads
    return status.code;
  })();
  return {
    get text() {
      return plain(text);
    },
    async appears(pattern) {
      for (;;) {
        const { promise } = more, isLast = ended;
        const match = plain(text).match(pattern);
        if (match) return match;
        if (isLast) throw new Error(`${command}: no ${pattern} in\n${plain(text)}`);
        await promise;
      }
    },
    async type(keys) {
      await keyboard.write(new TextEncoder().encode(keys));
    },
    async hangUp() {
      child.kill("SIGKILL"); // with it goes the terminal's other end
      await code;
    },
    code,
  };
}

/** Without colours and movements; what is drawn over begins a line. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[\d*G|\r\n?/g, "\n").replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
