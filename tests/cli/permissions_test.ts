import assert from "node:assert/strict";
import { join } from "node:path";
import { needsOf } from "../../src/cli/permissions.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { spikelet } from "./spikelet.ts";

/** The commands in a help text. */
async function commandsIn(folder: string, ...of: string[]): Promise<string[]> {
  const { stdout } = await spikelet(folder, [...of, "--help"]);
  const list = /^Commands:\n((?: .*\n)+)/m.exec(stdout)?.[1] ?? "";
  return [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => name);
}

Deno.test("needsOf() has the permissions of every command", async () => {
  await inTemporaryFolder(async (folder) => {
    const commands = (await commandsIn(folder)).filter((name) => name !== "help");
    assert.ok(commands.length > 5);
    for (const command of commands) {
      const parts = (await commandsIn(folder, command)).filter((name) => name !== "help");
      const names = parts.length === 0 ? [command] : parts.map((part) => `${command} ${part}`);
      for (const name of names) {
        assert.ok(
          needsOf(name),
          `${name}: say in src/cli/permissions.ts what this command needs besides reading`,
        );
      }
    }
  });
});

Deno.test("keepNeeded() revokes all permissions that a command and its workers do not need", async () => {
  await inTemporaryFolder(async (folder) => {
    const module = new URL("../../src/cli/permissions.ts", import.meta.url);
    const program = `import { keepNeeded } from ${JSON.stringify(module)};
      await keepNeeded(Deno.args[0]);
      const states = [];
      for (const name of ["read", "write", "net", "run"]) states.push((await Deno.permissions.query({ name })).state);
      console.log(states.join(" "));
      await Deno.permissions.request({ name: "write" });
      try { Deno.writeTextFileSync("main", ""); } catch { /* the test looks for the file */ }
      const source = 'try { Deno.writeTextFileSync("thread", ""); } catch {} postMessage(0);';
      const worker = new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
      await new Promise((resolve) => worker.onmessage = resolve);
      worker.terminate();`;
    await Deno.writeTextFile(join(folder, "program.ts"), program);
    for (
      const [command, states, written] of [
        ["train", "granted granted granted prompt", ["main", "thread"]],
        ["verify", "granted prompt prompt prompt", []],
        ["report", "granted granted granted prompt", ["main", "thread"]],
      ] as const
    ) {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-check",
          "--no-prompt",
          "-RWN",
          `--allow-run=${Deno.execPath()}`,
          "--no-config",
          "program.ts",
          command,
        ],
        cwd: folder,
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
      assert.equal(text(stdout), states, text(stderr));
      const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
      const found = names.filter((name) => ["main", "thread"].includes(name));
      assert.deepEqual(found.toSorted(), written);
      for (const name of found) await Deno.remove(join(folder, name));
    }
  });
});
