/**
 * What the tasks of deno.json permit, and the command that permits more: a task's own, with one folder added.
 *
 * @module
 */
import { dirname, relative } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { InputError } from "../errors.ts";
import { quoted } from "../report/run_facts.ts";

const WRITE = /--allow-write=(\S+)/;

/** What a task's command line is: the words before `main.ts`, and from there on. */
function commandOf(name: string): string | undefined {
  const found = Object.entries(configuration.tasks).find(([task]) => task === name)?.[1];
  return found && "command" in found ? found.command : undefined;
}

/**
 * Makes sure that a command may write in the folder that a user has named.
 *
 * @param path What the user has named.
 * @param folder Where something is to be written for it.
 * @param args The command as it was given, such as `Deno.args`: its first word is the task's name.
 * @throws {InputError} when Deno may not write there; the message has the command that may.
 */
export async function checkMayWrite(
  path: string,
  folder: string = dirname(path),
  args: readonly string[] = Deno.args,
): Promise<void> {
  if ((await Deno.permissions.query({ name: "write", path: folder })).state === "granted") return;
  const task = commandOf(args[0] ?? ""), usual = task && WRITE.exec(task)?.[1];
  const places = usual?.split(",") ?? [];
  const isUsual = places.some((place) => !relative(place, folder).startsWith(".."));
  if (task === undefined || usual === undefined || isUsual) {
    const flag = `--allow-write=${isUsual ? usual : folder}`;
    throw new InputError(`${path}: Deno may not write it; run again with ${flag}`);
  }
  const [inside = "."] = places;
  const granting = task.replace(WRITE, (flag) => quoted(`${flag},${folder}`));
  throw new InputError(
    `${path}: Deno may not write it: this task writes below ${inside}/ only: name a place there, or add a permission: ` +
      [granting, ...args.slice(1).map(quoted)].join(" "),
  );
}
