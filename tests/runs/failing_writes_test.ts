import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder } from "../temporary_folder.ts";

Deno.test("a run with a failing write, sync or move reports it, keeps whole files, and resumes to the same bits", async () => {
  await inTemporaryFolder(async (folder) => {
    const program = fileURLToPath(new URL("failing_writes.ts", import.meta.url));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", "--allow-write=.", program],
      cwd: folder,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.ok(Number(new TextDecoder().decode(stdout)) > 30, "a run makes many calls that can fail");
  });
});
