import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { answered } from "../engine/deadline.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

Deno.test("a run whose worker throws ends with an error that names the worker, and resumes to the same bits", async () => {
  await inTemporaryFolder(async (folder) => {
    const program = fileURLToPath(new URL("dying_worker.ts", import.meta.url));
    const { code, stderr } = await answered(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--allow-read", "--allow-write=.", program],
        cwd: folder,
      }).output(),
      60, // long enough for a busy machine: only a hang fails
    );
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  });
});
