/** What the tasks of deno.json permit, and the command that permits more: a task's own, with one folder added. */
import { dirname, relative } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { InputError } from "../errors.ts";
import { mayWrite, mayWriteFile, partOf } from "../files/write_file.ts";
import { INVOCATION } from "../text/invocation.ts";
import { callersFolder } from "./user_path.ts";
import { quoted } from "../report/run_facts.ts";

const NET = /--allow-net=[^'\s]+/;
const WRITE = /--allow-write=(\S+)/;

/** What a task's command line is: the words before `main.ts`, and from there on. */
function commandOf(name: string): string | undefined {
  const found = Object.entries(configuration.tasks).find(([task]) => task === name)?.[1];
  return found && "command" in found ? found.command : undefined;
}

/**
 * Makes sure that a command may write a file that a user has named, after all else about its path has been checked.
 *
 * @param args The command as it was given, such as `Deno.args`: its first word is the task's name.
 * @throws {InputError} when Deno may not write it; the message has the command that may.
 */
export async function checkMayWriteFile(path: string, args: readonly string[] = Deno.args): Promise<void> {
  if (!await mayWriteFile(path)) throw refusal(path, [path, partOf(path)], args);
}

/**
 * Makes sure that a command may write in a folder that a user has named.
 *
 * @param path What messages call it.
 * @param args As for {@linkcode checkMayWriteFile}.
 * @throws {InputError} when Deno may not write there; the message has the command that may.
 */
export async function checkMayWrite(
  path: string,
  folder: string = dirname(path),
  args: readonly string[] = Deno.args,
): Promise<void> {
  if (!await mayWrite(folder)) throw refusal(path, [folder], args);
}

function refusal(path: string, places: readonly string[], args: readonly string[]): InputError {
  const task = commandOf(args[0] ?? ""), usual = task && WRITE.exec(task)?.[1];
  const usualPlaces = usual?.split(",") ?? [];
  const isUsual = places.every((place) =>
    usualPlaces.some((each) => !relative(each, place).startsWith(".."))
  );
  const denied = `${path}: Deno may not write it`;
  if (usual !== undefined && isUsual) {
    return new InputError(`${denied}; run again with --allow-write=${usual}`);
  }
  const [inside = "."] = usualPlaces;
  const within = usual === undefined ? denied : `${denied}: this task writes below ${inside}/ only`;
  if (places.some((place) => place.includes(","))) {
    return new InputError(
      `${within}: name a place there, or one without a comma, which no permission can name`,
    );
  }
  if (places.some(isWide)) {
    return new InputError(`${within}: name a place there, or a folder of its own that is not hidden`);
  }
  if (task === undefined || usual === undefined) {
    return new InputError(`${denied}; run again with --allow-write=${places.join(",")}`);
  }
  const whole = permitting(task.replace(WRITE, (flag) => quoted([flag, ...places].join(","))), args);
  return new InputError(`${within}: name a place there, or add a permission: ${whole}`);
}

/** The whole command that runs a task's words with a user's arguments. */
function permitting(task: string, args: readonly string[]): string {
  const granting = task.replace(/^deno\b/, INVOCATION.replace(/ task$/, ""));
  const command = [granting, ...args.slice(1).map(quoted)].join(" ");
  const from = callersFolder();
  // The paths that were given count from where the user stands, those of the command from the project's folder.
  return from === undefined ? command : `(cd ${quoted(Deno.cwd())} && INIT_CWD=${quoted(from)} ${command})`;
}

/**
 * Makes sure that a command may listen at an address.
 *
 * @throws {InputError} when Deno may not; the message has the command that may.
 */
export async function checkMayListen(
  hostname: string,
  port: number,
  args: readonly string[] = Deno.args,
): Promise<void> {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  if ((await Deno.permissions.query({ name: "net", host: `${host}:${port}` })).state === "granted") return;
  const task = commandOf(args[0] ?? "") ?? "", denied = `${host}:${port}: Deno may not listen there`;
  throw new InputError(
    NET.test(task)
      ? `${denied}: this task listens at this machine's own addresses only: choose one of them, or add a permission: ${
        permitting(task.replace(NET, (flag) => `${flag},${host}`), args)
      }`
      : `${denied}; run again with --allow-net=${host}`,
  );
}

/** Whether leave to write there would be leave for far more: the current folder and those above it, and what is hidden. */
function isWide(place: string): boolean {
  const way = relative(".", place);
  return /^(\.\.([/\\]\.\.)*)?$/.test(way) || place.split(/[/\\]/).some((name) => /^\.[^.]/.test(name));
}
