/**
 * A process that runs ONNX files in ONNX Runtime's web build: `runner.ts PACKAGE FOLDER`.
 *
 * Of each file `I.onnx` in the folder it feeds the tensors of `I.safetensors` and writes the outputs to `I.out.safetensors`. A graph of
 * one step (`steps` in the metadata says how many there are) is called step by step, its states beginning at 0; inputs and outputs then
 * have steps in front.
 *
 * @module
 */
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";

/** What is used of ONNX Runtime. */
interface Runtime {
  readonly env: { wasm: { numThreads: number }; logLevel: string };
  readonly Tensor: new (type: string, data: Tensor["data"], shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: { logSeverityLevel: number }): Promise<Session>;
  };
}
interface OrtTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}
interface Session {
  readonly inputMetadata: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

const [specifier = "", folder = ""] = Deno.args;
const ort: Runtime = await import(specifier);
ort.env.wasm.numThreads = 1;

function tensorOf({ dtype, data }: Tensor, shape: readonly number[]): OrtTensor {
  return new ort.Tensor(dtype === "U8" ? "uint8" : "float32", data, shape);
}

/** Stacks the outputs of steps. */
function stacked(steps: readonly OrtTensor[]): Tensor {
  const [first] = steps, size = first!.data.length, data = new Float32Array(size * steps.length);
  steps.forEach((step, i) => data.set(step.data, i * size));
  return { dtype: "F32", shape: [steps.length, ...first!.dims], data };
}

async function runSteps(session: Session, tensors: ReadonlyMap<string, Tensor>, steps: number) {
  const [name, x] = [...tensors][0]!, [, batch = 1] = x.shape, size = x.data.length / steps;
  const given = session.inputMetadata.filter((input) => input.name !== name);
  let states = given.map(({ name, shape }): [string, OrtTensor] => {
    const own = shape.map((size) => typeof size === "number" ? size : batch);
    const data = new Float32Array(own.reduce((a, b) => a * b, 1));
    return [name, new ort.Tensor("float32", data, own)];
  });
  const outputs = new Map<string, OrtTensor[]>();
  for (let t = 0; t < steps; t++) {
    const row = { ...x, data: x.data.slice(t * size, (t + 1) * size) } as Tensor;
    const made = await session.run({
      [name]: tensorOf(row, x.shape.slice(1)),
      ...Object.fromEntries(states),
    });
    states = given.map(({ name }) => [name, made[`${name}.next`]!]);
    for (const [key, value] of Object.entries(made)) {
      if (!key.endsWith(".next")) outputs.set(key, [...outputs.get(key) ?? [], value]);
    }
  }
  return [...outputs].map(([key, values]): [string, Tensor] => [key, stacked(values)]);
}

async function runWhole(session: Session, tensors: ReadonlyMap<string, Tensor>): Promise<[string, Tensor][]> {
  const feeds = Object.fromEntries([...tensors].map(([name, x]) => [name, tensorOf(x, x.shape)]));
  return Object.entries(await session.run(feeds)).map(([name, { data, dims }]) => [
    name,
    { dtype: "F32", shape: dims, data },
  ]);
}

for (let i = 0;; i++) {
  const bytes = await Deno.readFile(`${folder}/${i}.onnx`).catch(() => undefined);
  if (!bytes) break;
  const { tensors, metadata } = parseSafetensors(await Deno.readFile(`${folder}/${i}.safetensors`), "feeds");
  try {
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const steps = Number(metadata.steps ?? 0);
    const outputs = steps > 0 ? await runSteps(session, tensors, steps) : await runWhole(session, tensors);
    await Deno.writeFile(`${folder}/${i}.out.safetensors`, serializeSafetensors(outputs));
    await session.release();
  } catch (error) {
    console.error(`${i}: ${error}`);
    Deno.exit(1);
  }
}
