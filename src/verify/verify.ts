/**
 * Checks an engine against reference cases: numbers that another program computed for the same network and the same draws.
 *
 * A case is a safetensors file, such as those of tests/reference/. Its inputs go through the same plan and kernels as
 * training's: forward pass with every state, loss, gradients, two steps of SGD; and the feed-forward peer's numbers where it has them.
 */
import type { Samples } from "../data/samples.ts";
import { createEngine, type EngineOptions } from "../engine/create_engine.ts";
import type { Batch, Engine } from "../engine/engine.ts";
import { InputError } from "../errors.ts";
import { feedForwardNetwork } from "../network/presets.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { isLearned, normalisesBatches, structureOf } from "../network/structure.ts";
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

/** A network of a reference case: its own, or its feed-forward peer, whose tensors are named `dense_…`. */
interface Subject {
  readonly reference: ReferenceCase;
  readonly spec: NetworkSpec;
  readonly samples: Samples;
  readonly prefix: "" | "dense_";
  readonly open: OpenEngine;
}

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
  const { spec, samples, feedForward } = reference;
  const subjects: Subject[] = [
    { reference, spec, samples, prefix: "", open: (more) => open({ ...options, ...more }) },
  ];
  if (feedForward) {
    // The feed-forward peer with the same weights.
    const { inputs, spikingUnits: hidden, classes } = structureOf(spec);
    const peer = feedForwardNetwork({ inputs, hidden, classes });
    subjects.push({ ...subjects[0]!, spec: peer, samples: feedForward, prefix: "dense_" });
  }
  const deviations: Deviation[] = [];
  // States of a case that normalises over a batch are those of training, which an engine does not record.
  const isRecorded = !normalisesBatches(spec);
  for (const subject of subjects) {
    if (isRecorded) deviations.push(...await compareStates(subject));
    deviations.push(...await compareTraining(subject));
  }
  return deviations;
}

/** Loss and gradients of a batch of all samples, and the network's parameters after one and two updates. */
async function compareTraining({ reference, spec, samples, prefix, open }: Subject): Promise<Deviation[]> {
  const learned = structureOf(spec).tensors.filter(isLearned).map(({ name }) => name);
  const { names } = reference;
  using engine = await open({ spec, batchSize: samples.count, shards: samples.count });
  await engine.setParameters(reference.parameters);
  const indices = Uint32Array.from({ length: samples.count }, (_, i) => i);
  const batch: Batch = { samples, indices, stream: STREAM.training, epoch: 0 };
  const { loss } = await engine.train(batch, reference.step);
  const gradients = (await engine.getState()).moments.get("velocity")!; // from zero velocity, the first update's is the gradient
  const deviations = [
    deviation(reference, `${prefix}loss`, Float32Array.of(loss / samples.count)),
    ...learned.map((name) => deviation(reference, `${prefix}${names.gradient(name)}`, gradients.get(name)!)),
  ];
  if (prefix !== "") return deviations; // cases have no parameters of the peer after updates
  const changed = structureOf(spec).tensors.filter(({ role }) => role !== "fixed").map(({ name }) => name);
  for (const pass of [1, 2]) {
    if (pass === 2) await engine.train(batch, reference.step);
    const after = await engine.getParameters();
    deviations.push(
      ...changed.map((name) => deviation(reference, names.after(name, pass), after.get(name)!)),
    );
  }
  return deviations;
}

/** States and logits (not the peer's) and log-probabilities of every sample. */
async function compareStates({ reference, spec, samples, prefix, open }: Subject): Promise<Deviation[]> {
  const { steps } = spec, { count } = samples, { populations, classes } = structureOf(spec);
  const { names } = reference;
  using engine = await open({ spec, batchSize: count, recordStates: true });
  await engine.setParameters(reference.parameters);
  const found = new Map<string, Float32Array>();
  /** Spikes, by the name of the layer's outputs. */
  const gates = new Map<string, Float32Array>();
  for (let sample = 0; sample < count; sample++) {
    const indices = Uint32Array.of(sample);
    const trace = await engine.trace({ samples, indices, stream: STREAM.training, epoch: 0 });
    /** Copies the sample's `[rows, units]` into a tensor `[rows, samples, units]`. */
    const put = (
      to: typeof found,
      name: string,
      values: Float32Array | Uint8Array,
      units: number,
      rows = 1,
    ) => {
      const whole = to.get(name) ?? new Float32Array(rows * count * units);
      to.set(name, whole);
      for (let row = 0; row < rows; row++) {
        whole.set(values.subarray(row * units, (row + 1) * units), (row * count + sample) * units);
      }
    };
    if (prefix === "") {
      for (const population of populations) {
        const { index, units, isSpiking } = population, outputs = names.outputs(population);
        if (isSpiking) put(gates, outputs, trace.spikes[index]!, units, steps);
        put(found, names.potentials(population), trace.potentials[index]!, units, steps);
        put(found, outputs, trace.outputs[index]!, units, steps);
      }
      put(found, "logits", trace.logits, classes);
    }
    put(found, `${prefix}logp`, trace.logProbabilities, classes);
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
function gateDeviation(reference: ReferenceCase, tensor: string, values: Float32Array): Deviation {
  const wanted = expected(reference, tensor, values.length);
  const different = values.filter((spike, i) => (spike > 0) !== (wanted[i] !== 0)).length;
  return {
    tensor: `gates of ${tensor}`,
    absolute: different,
    ofTolerance: different === 0 ? 0 : Infinity,
    values: values.length,
  };
}
