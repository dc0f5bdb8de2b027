/**
 * Runs workerd, Cloudflare's runtime, from npm.
 *
 * @module
 */
import assert from "node:assert/strict";

/** The package. It is not one of the project's: its program is too large for users who only train. */
const PACKAGE = "npm:workerd@1.20261117.1";

/** The program's path, or why it cannot be installed. */
export async function findWorkerd(): Promise<{ path: string } | { reason: string }> {
  const script = `import workerd from "${PACKAGE}"; console.log(workerd.default ?? workerd)`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", script],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (success) return { path: decoder.decode(stdout).trim() };
  const reason = decoder.decode(stderr).split("\n").find((line) => line.startsWith("error"));
  return { reason: reason ?? "it cannot be fetched" };
}

/** Runs workerd with a configuration during `test`. */
export async function withWorkerd(
  path: string,
  config: string,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(path, {
    args: ["serve", config, "--socket-addr", "http=127.0.0.1:0", "--control-fd", "1"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value } = await output.read(); // {"event":"listen","socket":"http","port":40231}
    const port = /"port":(\d+)/.exec(value ?? "")?.[1];
    if (port === undefined) assert.fail(await errors);
    await test(`http://127.0.0.1:${port}`);
  } finally {
    await output.cancel();
    child.kill("SIGKILL");
    await child.status;
    const text = await errors;
    if (text !== "") console.error(text);
  }
}
