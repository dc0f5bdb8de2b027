/**
 * ONNX Runtime's web build from npm, in a process of its own.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** The package. It is not one of the project's: it is too large for users who only train. */
const PACKAGE = "npm:onnxruntime-web@1.30.0/wasm";
const RUNNER = fileURLToPath(new URL("runner.ts", import.meta.url));

/** A file, and what it is fed. */
export interface OnnxJob {
  readonly file: Uint8Array;
  readonly name: string;
  /** Steps in front, where `steps` is given. */
  readonly input: Tensor;
  /** Of a graph of one step. */
  readonly steps?: number;
}

/** The outputs of each job. */
export type OnnxOutputs = ReadonlyMap<string, Tensor>;

/** Runs files. @throws {Error} with what ONNX Runtime says of the first that it refuses. */
export async function runOnnx(jobs: readonly OnnxJob[]): Promise<OnnxOutputs[]> {
  const results: OnnxOutputs[] = [];
  await inTemporaryFolder(async (folder) => {
    for (const [i, { file, name, input, steps }] of jobs.entries()) {
      await Deno.writeFile(join(folder, `${i}.onnx`), file);
      const metadata = steps === undefined ? {} : { steps: String(steps) };
      await Deno.writeFile(join(folder, `${i}.safetensors`), serializeSafetensors([[name, input]], metadata));
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-lock", "--quiet", "-A", RUNNER, PACKAGE, folder],
      stdin: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    for (const i of jobs.keys()) {
      results.push(
        parseSafetensors(await Deno.readFile(join(folder, `${i}.out.safetensors`)), "outputs").tensors,
      );
    }
  });
  return results;
}
