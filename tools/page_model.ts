/**
 * Makes the model that the page begins with, `playground/model.safetensors`:
 *
 *     deno run -A tools/page_model.ts
 *
 * It trains 100 leaky integrate-and-fire neurons with {@linkcode OPTIONS}, on all of MNIST, and keeps the weights in 16 bits, which
 * halves the bytes that a reader waits for. The same seed gives the same weights; the seconds are this machine's.
 */
import { join } from "node:path";
import { InputError } from "../src/errors.ts";
import { readModel } from "../src/network/model_file.ts";
import { parseSafetensors, serializeSafetensors } from "../src/network/safetensors.ts";
import { parseJson } from "../src/text/json.ts";
import { count } from "../src/text/figures.ts";
import { ROOT } from "./steps.ts";

/** Where the model lies. */
const MODEL = join(ROOT, "playground", "model.safetensors");

/** Options of `train`. */
const OPTIONS = ["--model", "lif", "--hidden", "100", "--steps", "50", "--epochs", "4", "--seed", "0"];

/** Trains, and reads the run's result. */
async function train(folder: string): Promise<number> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "main.ts"), "train", "--name", "page", ...OPTIONS, "--quiet", "--json"],
    cwd: folder,
    stderr: "inherit",
  }).output();
  const result = parseJson(new TextDecoder().decode(stdout), "train", "look at what it printed");
  if (!success || typeof result !== "object" || result === null || !("seconds" in result)) {
    throw new InputError("train: it ended without a result");
  }
  return Number(result.seconds);
}

/** The same file with weights of 16 bits, and metadata of its own. */
function halved(bytes: Uint8Array, seconds: number): Uint8Array {
  const { tensors, metadata } = parseSafetensors(bytes, MODEL);
  const { weightsSha256: _ofOther, ...rest } = metadata;
  const halves = [...tensors].map(([name, { shape, data }]) =>
    [
      name,
      { dtype: "F16", shape, data: new Uint16Array(Float16Array.from(data, Number).buffer) },
    ] as const
  );
  return serializeSafetensors(halves, { ...rest, seconds: seconds.toFixed(1) });
}

const folder = await Deno.makeTempDir({ prefix: "spikelet-page-" });
try {
  const seconds = await train(folder);
  const bytes = halved(await Deno.readFile(join(folder, "runs", "page", "model.safetensors")), seconds);
  await Deno.writeFile(MODEL, bytes);
  const { metadata } = await readModel(MODEL);
  console.log(`${MODEL}: ${count(bytes.length)} bytes, ${metadata.accuracy} in ${metadata.seconds} s`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
