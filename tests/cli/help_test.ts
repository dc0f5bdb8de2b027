import assert from "node:assert/strict";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import configuration from "../../deno.json" with { type: "json" };
import { allCommands } from "../../src/cli/commands.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { command, inTurns, spikelet } from "./spikelet.ts";

/** The commands and their options, as in docs/commands.md. */
function optionsOf(commands: readonly CommandUnknownOpts[], parents = ""): [string, string[]][] {
  return commands.flatMap((command) => {
    const name = parents + command.name();
    const options = command.createHelp().visibleOptions(command).map(({ long }) => long ?? "");
    return [[name, options.sort()], ...optionsOf(command.commands, `${name} `)];
  });
}

Deno.test("--help names every option, and an example, in 80 columns", async () => {
  await inTemporaryFolder(async (folder) => {
    await inTurns(optionsOf(allCommands()), async ([command, options]) => {
      const { code, stdout, stderr } = await spikelet(folder, [...command.split(" "), "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      const found = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <[^>]+>)? +\S/gm)];
      assert.deepEqual(found.map(([, option = ""]) => option).sort(), options, command);
      assert.match(stdout, new RegExp(`^Example:\n {2}deno task ${command} .+$`, "m"));
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    });
  });
});

Deno.test("--help lists the commands, and `help COMMAND` prints each one's help", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout } = await spikelet(folder, ["--help"]);
    assert.equal(code, 0);
    for (const command of allCommands()) {
      assert.match(stdout, new RegExp(`^ {2}${command.name()} .*\\w`, "m"));
    }
    assert.deepEqual(await spikelet(folder, ["help", "train"]), await spikelet(folder, ["train", "--help"]));
  });
});

Deno.test("--version prints the version of deno.json", async () => {
  await inTemporaryFolder(async (folder) => {
    const expected = { code: 0, stdout: `${configuration.version}\n`, stderr: "" };
    assert.deepEqual(await spikelet(folder, ["--version"]), expected);
    assert.deepEqual(await spikelet(folder, ["-V"]), expected);
  });
});

Deno.test("--help reports no bug to a reader that stops after a line, such as `head`", async () => {
  await inTemporaryFolder(async (folder) => {
    const child = command(folder, ["train", "--help"]).spawn();
    await child.stdout.cancel();
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });
});
