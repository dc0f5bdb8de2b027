/**
 * A pseudo-terminal of the kernel, by `script` of util-linux. Keys go through its line discipline, so Ctrl-C reaches every process
 * in the foreground; closing it sends them a hang-up.
 *
 * @module
 */
import { OUTSIDE } from "../outside.ts";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** The program that runs a command on a terminal. */
export const SCRIPT = "/usr/bin/script";

/** Why there is no terminal here; `undefined` if there is one. */
export const NO_TERMINAL: string | undefined = Deno.build.os !== "linux"
  ? "its terminals are those of Linux"
  : existsSync(SCRIPT)
  ? undefined
  : "there is no script of util-linux here";

/** The key that interrupts. */
export const CTRL_C = "\x03";

/** A command on a terminal. */
export interface Terminal {
  /** The text so far, without control sequences. */
  readonly text: string;
  /** Waits until a text appears. @throws {Error} if the command ends before. */
  appears(pattern: RegExp): Promise<RegExpMatchArray>;
  type(keys: string): Promise<void>;
  /** Closes the terminal, like its window's button. */
  hangUp(): Promise<void>;
  /** The command's exit code. */
  readonly code: Promise<number>;
}

/** Runs a shell command on a terminal. @param folder The current folder. */
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
    await keyboard.close().catch(() => {}); // fails after the command's end
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
      child.kill("SIGKILL"); // closes the terminal's other end
      await code;
    },
    code,
  };
}

/** A text without control sequences; a line that is drawn over becomes two. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[\d*G|\r\n?/g, "\n").replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
