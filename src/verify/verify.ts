/**
 * Checks an engine against reference cases: numbers that another program computed for the same network and the same draws.
 *
 * A case is a safetensors file, such as those of tests/reference/. Its inputs go through the same plan and kernels as
 * training's: forward pass with every state, loss, gradients, two steps of SGD; and the feed-forward peer's numbers where it has them.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { createEngine, type EngineOptions } from "../engine/create_engine.ts";
import type { Batch, Engine, Parameters } from "../engine/engine.ts";
import { InputError } from "../errors.ts";
import { parameterShapes } from "../network/model_file.ts";
import { kindOf } from "../network/neurons.ts";
import { feedForwardNetwork } from "../network/presets.ts";
import { classesOf, type NetworkSpec } from "../network/spec.ts";
import { STREAM } from "../random.ts";
import type { ReferenceCase } from "./reference_case.ts";

/** Deviation of one tensor from the reference. */
export interface Deviation {
  readonly tensor: string;
  /** The largest |value − reference|. */
  readonly absolute: number;
  /** The largest |value − reference| relative to its tolerance: a miss above 1. */
  readonly ofTolerance: number;
  readonly values: number;
}

/** Whether a tensor is within tolerance. */
export function isWithin({ ofTolerance }: Deviation): boolean {
  return ofTolerance <= 1;
}

/** Values hold to 1e-4 relative, 1e-5 absolute near zero; gates exactly. */
export const TOLERANCE = { relative: 1e-4, absolute: 1e-5 } as const;

/** Options of the engine under test. */
export type VerifyOptions = Pick<EngineOptions, "engine" | "gpuMemory" | "threads">;

/** Opens an engine for a network; the default is {@linkcode createEngine}. */
export type OpenEngine = (options: EngineOptions) => Promise<Engine & Disposable>;

/**
 * Compares an engine with a reference case.
 *
 * @param open Creates the engines.
 * @returns Each tensor's deviation, in the order of computation.
 * @throws {InputError} when the case lacks a tensor.
 */
export async function verifyCase(
  reference: ReferenceCase,
  options: VerifyOptions,
  open: OpenEngine = createEngine,
): Promise<Deviation[]> {
  const { spec, samples, parameters, step } = reference;
  const all = Uint32Array.from({ length: samples.count }, (_, i) => i);
  const deviations = await compareStates(reference, options, open, spec, samples, parameters, "");

  using engine = await open({ ...options, spec, batchSize: samples.count, shards: samples.count });
  await engine.setParameters(parameters);
  const batch: Batch = { samples, indices: all, stream: STREAM.training, epoch: 0 };
  for (const pass of [1, 2]) {
    const { loss } = await engine.train(batch, step);
    if (pass === 1) {
      deviations.push(deviation(reference, "loss", Float32Array.of(loss / samples.count)));
      const gradients = (await engine.getState()).moments.get("velocity")!; // from zero velocity, the first step's is the gradient
      for (const [name] of parameterShapes(spec)) {
        deviations.push(deviation(reference, `grad_${name}`, gradients.get(name)!));
      }
    }
    const after = await engine.getParameters();
    for (const [name] of parameterShapes(spec)) {
      deviations.push(deviation(reference, `${name}_after${pass}`, after.get(name)!));
    }
  }
  if (reference.feedForward) {
    deviations.push(...await verifyFeedForward(reference, reference.feedForward, options, open));
  }
  return deviations;
}

/** The feed-forward peer with the same weights. */
async function verifyFeedForward(
  reference: ReferenceCase,
  samples: Samples,
  options: VerifyOptions,
  open: OpenEngine,
): Promise<Deviation[]> {
  const { spec, parameters, step } = reference;
  const feedForward = feedForwardNetwork({
    inputs: spec.inputs,
    hidden: spec.layers[0]!.units,
    classes: classesOf(spec),
  });
  const deviations = await compareStates(
    reference,
    options,
    open,
    feedForward,
    samples,
    parameters,
    "dense_",
  );
  using engine = await open({
    ...options,
    spec: feedForward,
    batchSize: samples.count,
    shards: samples.count,
  });
  await engine.setParameters(parameters);
  const indices = Uint32Array.from({ length: samples.count }, (_, i) => i);
  const { loss } = await engine.train({ samples, indices, stream: STREAM.training, epoch: 0 }, step);
  deviations.push(deviation(reference, "dense_loss", Float32Array.of(loss / samples.count)));
  const gradients = (await engine.getState()).moments.get("velocity")!;
  for (const [name] of parameterShapes(feedForward)) {
    deviations.push(deviation(reference, `dense_grad_${name}`, gradients.get(name)!));
  }
  return deviations;
}

/** States (the notebook's only), logits and log-probabilities of every sample. */
async function compareStates(
  reference: ReferenceCase,
  options: VerifyOptions,
  open: OpenEngine,
  spec: NetworkSpec,
  samples: Samples,
  parameters: Parameters,
  prefix: string,
): Promise<Deviation[]> {
  using engine = await open({ ...options, spec, batchSize: samples.count, recordStates: true });
  await engine.setParameters(parameters);
  const found = new Map<string, Float32Array>();
  /** Spikes `[steps, samples, units]`, by the name of the layer's outputs. */
  const gates = new Map<string, Uint8Array>();
  const tensor = (name: string, size: number) =>
    found.get(name) ?? found.set(name, new Float32Array(size)).get(name)!;
  for (let sample = 0; sample < samples.count; sample++) {
    const trace = await engine.trace({
      samples,
      indices: Uint32Array.of(sample),
      stream: STREAM.training,
      epoch: 0,
    });
    if (prefix === "") {
      spec.layers.forEach(({ units, neuron }, layer) => {
        if (kindOf(neuron).isSpiking) {
          const name = `o${layer + 1}`;
          const whole = gates.get(name) ?? new Uint8Array(spec.steps * samples.count * units);
          gates.set(name, whole);
          for (let t = 0; t < spec.steps; t++) {
            whole.set(
              trace.spikes[layer]!.subarray(t * units, (t + 1) * units),
              (t * samples.count + sample) * units,
            );
          }
        }
        for (const [name, states] of [["u", trace.potentials], ["o", trace.outputs]] as const) {
          const whole = tensor(`${name}${layer + 1}`, spec.steps * samples.count * units); // [steps, samples, units]
          for (let t = 0; t < spec.steps; t++) {
            whole.set(
              states[layer]!.subarray(t * units, (t + 1) * units),
              (t * samples.count + sample) * units,
            );
          }
        }
      });
      tensor("logits", samples.count * classesOf(spec)).set(trace.logits, sample * classesOf(spec));
    }
    tensor(`${prefix}logp`, samples.count * classesOf(spec)).set(
      trace.logProbabilities,
      sample * classesOf(spec),
    );
  }
  const deviations = [...found].map(([name, values]) => deviation(reference, name, values));
  for (const [name, spikes] of gates) deviations.push(gateDeviation(reference, name, spikes));
  return deviations;
}

function expected(reference: ReferenceCase, tensor: string, length: number): Float32Array {
  const values = reference.expected.get(tensor);
  if (values?.length !== length) {
    throw new InputError(
      `${reference.name}: tensor ${tensor}: ${
        values ? `${values.length} values` : "missing"
      }, expected ${length} values`,
    );
  }
  return values;
}

function deviation(reference: ReferenceCase, tensor: string, values: Float32Array): Deviation {
  const wanted = expected(reference, tensor, values.length);
  let absolute = 0, ofTolerance = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = Math.abs(values[i]! - wanted[i]!);
    const allowed = Math.max(TOLERANCE.absolute, TOLERANCE.relative * Math.abs(wanted[i]!));
    // A NaN on either side is a miss, whatever it is compared with.
    absolute = Number.isNaN(difference) ? Infinity : Math.max(absolute, difference);
    ofTolerance = Number.isNaN(difference) ? Infinity : Math.max(ofTolerance, difference / allowed);
  }
  return { tensor, absolute, ofTolerance, values: values.length };
}

/** Compares gates exactly: a unit must spike where the reference's output is not 0. */
function gateDeviation(reference: ReferenceCase, tensor: string, values: Uint8Array): Deviation {
  const wanted = expected(reference, tensor, values.length);
  const different = values.filter((spike, i) => (spike === 1) !== (wanted[i] !== 0)).length;
  return {
    tensor: `gates of ${tensor}`,
    absolute: different,
    ofTolerance: different === 0 ? 0 : Infinity,
    values: values.length,
  };
}
