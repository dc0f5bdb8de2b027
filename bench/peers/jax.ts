/**
 * jax-js as a peer: the fastest way that was found to train this network with a JavaScript library. TensorFlow.js 4.22.0 on
 * its WASM backend took six times as long (it runs on one thread under Deno, and draws its noise in JavaScript).
 *
 * @module
 */
import denoConfig from "../../deno.json" with { type: "json" };
import type { Samples } from "../../src/data/samples.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { seedNetwork } from "../../src/network/presets.ts";
import { parseSafetensors, type SafetensorsFile } from "../../src/network/safetensors.ts";
import type { JaxReply, JaxRequest } from "./jax_worker.ts";
import type { GoldenResult, OpenPeer, Peer, PeerSizes } from "./peer.ts";
import type { PlainBatch, PlainWeights } from "./seed_jax.ts";

const CLASSES = 10;

/** Makes the peer. @param samples What it trains with. */
export function jaxPeer(samples: Samples): Peer {
  return {
    label: "jax-js",
    describe: () =>
      Promise.resolve(`${denoConfig.imports["@jax-js/jax"].replace("npm:", "")}, WASM backend, all cores`),
    check,
    open: (sizes) => open(samples, sizes),
  };
}

async function check(golden: string): Promise<GoldenResult> {
  const file = parseSafetensors(await Deno.readFile(golden), golden);
  const [steps = 0, batchSize = 0, inputs = 0] = file.tensors.get("r")?.shape ?? [];
  const [hidden = 0] = file.tensors.get("b1")?.shape ?? [];
  const labels = file.tensors.get("y");
  if (labels?.dtype !== "I64") throw new Error(`${golden}: tensor y: expected I64`);
  using worker = new JaxWorker();
  await worker.ask({
    kind: "open",
    sizes: { inputs, hidden, classes: CLASSES, steps, batchSize },
    weights: weightsOf(file, ""),
    draws: "given",
  });
  const batch = { features: floats(file, "x"), labels: Uint8Array.from(labels.data, Number) };
  const { losses } = await worker.ask({ kind: "train", batches: [batch], noise: floats(file, "r") });
  const { weights } = await worker.ask({ kind: "weights" });
  const expected = weightsOf(file, "_after1");
  let deviation = 0;
  for (const name of ["w1", "b1", "w2", "b2"] as const) {
    weights![name].forEach((w, i) => deviation = Math.max(deviation, Math.abs(w - expected[name][i]!)));
  }
  return { loss: losses![0]!, deviation };
}

/** Compiles for these sizes, with the batch that does so left out of all times. */
async function open(samples: Samples, { hidden, steps, batchSize }: PeerSizes): Promise<OpenPeer> {
  const worker = new JaxWorker();
  const parameters = initialParameters(seedNetwork({ hidden, steps }), 0);
  const named = (name: string) => Float32Array.from(parameters.get(name)!);
  const weights = { w1: named("w1"), b1: named("b1"), w2: named("w2"), b2: named("b2") };
  const sizes = { inputs: samples.size, hidden, classes: CLASSES, steps, batchSize };
  await worker.ask({ kind: "open", sizes, weights, draws: "drawn" });
  let next = 0;
  const train = async (batches: number) => {
    const some = Array.from({ length: batches }, () => batchOf(samples, next++, batchSize));
    return (await worker.ask({ kind: "train", batches: some })).seconds!;
  };
  await train(1);
  return {
    train: async (batches) => (await train(batches + 1)).slice(1),
    [Symbol.dispose]: () => worker[Symbol.dispose](),
  };
}

/** The n-th run of samples, pixels as the seed's network takes them. */
function batchOf(samples: Samples, n: number, batchSize: number): PlainBatch {
  const { features, labels, size, count } = samples;
  const first = n * batchSize % (count - batchSize + 1);
  return {
    features: Float32Array.from(
      features.subarray(first * size, (first + batchSize) * size),
      (pixel) => pixel / 255 - 0.5,
    ),
    labels: labels.slice(first, first + batchSize),
  };
}

function weightsOf(file: SafetensorsFile, suffix: string): PlainWeights {
  const named = (name: string) => floats(file, name + suffix);
  return { w1: named("w1"), b1: named("b1"), w2: named("w2"), b2: named("b2") };
}

function floats(file: SafetensorsFile, name: string): Float32Array<ArrayBuffer> {
  const tensor = file.tensors.get(name);
  if (tensor?.dtype !== "F32") throw new Error(`tensor ${name}: ${tensor?.dtype ?? "missing"}, expected F32`);
  return Float32Array.from(tensor.data);
}

/** The worker behind promises: one question at a time. */
class JaxWorker implements Disposable {
  readonly #worker = new Worker(new URL("./jax_worker.ts", import.meta.url), { type: "module" });

  ask(request: JaxRequest): Promise<JaxReply> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<JaxReply>) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`jax-js: ${event.message}`));
      };
      this.#worker.postMessage(request);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
