/**
 * Holds a network from a NIR file to what another framework computed with it: spikes and membrane potentials of its nodes.
 *
 * A case is a safetensors file: `x` `[steps, samples, …]`, and of nodes by their NIR names `NODE.spikes` and `NODE.voltage`, and
 * `output`, each `[steps, samples, …]`.
 */
import { createEngine } from "../engine/create_engine.ts";
import { InputError } from "../errors.ts";
import { describeShape, parseSafetensors, type Tensor } from "../network/safetensors.ts";
import { sizeOf } from "../network/shape.ts";
import { structureOf } from "../network/structure.ts";
import { numbersOf } from "../network/tensor_numbers.ts";
import { type NirModel, readNir, type ReadNirOptions } from "../nir/read_nir.ts";
import { STREAM } from "../random.ts";
import { oneLine } from "../text/one_line.ts";
import type { OpenEngine, VerifyOptions } from "./verify.ts";

/** The largest difference of a potential, absolute up to 1 and relative above. */
export const VOLTAGE_TOLERANCE = 1e-5;

/** The first number that differs. */
export interface NirDifference {
  readonly step: number;
  readonly sample: number;
  /** Its place among the node's, row-major. */
  readonly unit: number;
  readonly found: number;
  readonly expected: number;
}

/** One tensor of a case, compared. */
export interface NirComparison {
  /** Such as `lif1.spikes`. */
  readonly tensor: string;
  readonly values: number;
  /** How many differ by more than is allowed: spikes by anything. */
  readonly different: number;
  /** The largest |found − expected|. */
  readonly worst: number;
  readonly first?: NirDifference;
}

/** What a case came to. */
export interface NirVerdict {
  readonly network: NirModel;
  /** In the order of the network's nodes, the output last. */
  readonly comparisons: readonly NirComparison[];
}

/** What of a population a tensor holds. */
type Kind = "spikes" | "voltage";

/** Numbers to compare: `[steps, samples, units]`. */
interface Expected {
  readonly tensor: string;
  readonly kind: Kind;
  /** The population's place. */
  readonly population: number;
  readonly values: ArrayLike<number>;
}

/**
 * Runs a case.
 *
 * @param nir The NIR file, and its name in messages.
 * @param io The case's file, likewise.
 * @param options What the NIR file does not say; the steps are the case's.
 * @throws {InputError} when a file is damaged, or they do not fit.
 */
export async function verifyNirCase(
  nir: { readonly bytes: Uint8Array; readonly name: string },
  io: { readonly bytes: Uint8Array; readonly name: string },
  options: Omit<ReadNirOptions, "steps" | "encoder">,
  engineOptions: VerifyOptions,
  open: OpenEngine = createEngine,
): Promise<NirVerdict> {
  const { tensors } = parseSafetensors(io.bytes, io.name);
  const x = tensors.get("x");
  const [steps = 0, count = 0, ...shape] = x?.shape ?? [];
  if (!x || steps < 1 || count < 1) {
    throw new InputError(
      `${io.name}: tensor x: ${x ? describeShape(x.shape) : "missing"}: expected [steps, samples, …]`,
    );
  }
  const network = await readNir(nir.bytes, { ...options, steps }, nir.name), { spec } = network.model;
  const { inputs, inputShape } = structureOf(spec);
  if (sizeOf(shape) !== inputs) {
    throw new InputError(
      `${io.name}: tensor x: it is ${describeShape(x.shape)}, but the network takes ${
        describeShape(inputShape)
      }: ` +
        `expected [steps, samples, ${inputShape.join(", ")}]`,
    );
  }
  const expected = expectedOf(tensors, network, steps, count, io.name);
  if (expected.length === 0) {
    throw new InputError(`${io.name}: nothing to compare: expected NODE.spikes, NODE.voltage or output`);
  }
  const found = await runNetwork(network, numbersOf(x), { steps, count, inputs }, engineOptions, open);
  return {
    network,
    comparisons: expected.map((each) => compare(each, found[each.population]![each.kind], count, steps)),
  };
}

/** The tensors to compare, in the order of the network's nodes. */
function expectedOf(
  tensors: ReadonlyMap<string, Tensor>,
  { neurons, model, output }: NirModel,
  steps: number,
  count: number,
  file: string,
): Expected[] {
  const { populations } = structureOf(model.spec);
  const placeOf = (id: string) => populations.findIndex((population) => population.id === id);
  const known = new Map<string, { kind: Kind; population: number }>();
  for (const { name, id } of neurons) {
    for (const kind of ["spikes", "voltage"] as const) {
      known.set(`${name}.${kind}`, { kind, population: placeOf(id) });
    }
  }
  known.set("output", {
    kind: output.from === "spikes" ? "spikes" : "voltage",
    population: placeOf(output.id),
  });
  for (const name of tensors.keys()) {
    if (name === "x" || known.has(name)) continue;
    throw new InputError(
      `${file}: tensor ${oneLine(name)}: the network has no neurons of that name: expected ${
        oneLine([...known.keys()].join(", "), 400)
      }`,
    );
  }
  return [...known].flatMap(([tensor, { kind, population }]): Expected[] => {
    const values = tensors.get(tensor), { units, shape } = populations[population]!;
    if (!values) return [];
    if (
      values.shape[0] !== steps || values.shape[1] !== count || sizeOf(values.shape) !== steps * count * units
    ) {
      throw new InputError(
        `${file}: tensor ${oneLine(tensor)}: it is ${describeShape(values.shape)}: expected ${
          describeShape([steps, count, ...shape])
        }`,
      );
    }
    return [{ tensor, kind, population, values: numbersOf(values) }];
  });
}

/** Outputs and potentials of all populations, `[steps, samples, units]`. */
async function runNetwork(
  { model: { spec, parameters } }: NirModel,
  x: ArrayLike<number>,
  { steps, count, inputs }: { readonly steps: number; readonly count: number; readonly inputs: number },
  engineOptions: VerifyOptions,
  open: OpenEngine,
): Promise<{ readonly spikes: Float32Array; readonly voltage: Float32Array }[]> {
  const features = new Float32Array(steps * count * inputs);
  for (let step = 0, at = 0; step < steps; step++) {
    for (let sample = 0; sample < count; sample++) {
      const to = (sample * steps + step) * inputs;
      for (let input = 0; input < inputs; input++) features[to + input] = x[at++]!;
    }
  }
  const samples = {
    name: "x",
    count,
    size: steps * inputs,
    features,
    labels: new Uint8Array(count),
  };
  const { populations } = structureOf(spec);
  const found = populations.map(({ units }) => ({
    spikes: new Float32Array(steps * count * units),
    voltage: new Float32Array(steps * count * units),
  }));
  using engine = await open({ ...engineOptions, spec, batchSize: 1, recordStates: true });
  await engine.setParameters(parameters);
  for (let sample = 0; sample < count; sample++) {
    const trace = await engine.trace({
      samples,
      indices: Uint32Array.of(sample),
      stream: STREAM.training,
      epoch: 0,
    });
    for (const { index, units } of populations) {
      for (let step = 0; step < steps; step++) {
        const from = step * units, to = (step * count + sample) * units;
        found[index]!.spikes.set(trace.outputs[index]!.subarray(from, from + units), to);
        found[index]!.voltage.set(trace.potentials[index]!.subarray(from, from + units), to);
      }
    }
  }
  return found;
}

function compare(
  { tensor, kind, values }: Expected,
  found: Float32Array,
  count: number,
  steps: number,
): NirComparison {
  const units = found.length / (count * steps);
  let different = 0, worst = 0, first: NirDifference | undefined;
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i]! - values[i]!);
    const allowed = kind === "spikes" ? 0 : VOLTAGE_TOLERANCE * Math.max(1, Math.abs(values[i]!));
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
    if (difference <= allowed) continue;
    different++;
    first ??= {
      step: Math.floor(i / (count * units)),
      sample: Math.floor(i / units) % count,
      unit: i % units,
      found: found[i]!,
      expected: values[i]!,
    };
  }
  return { tensor, values: found.length, different, worst, ...(first && { first }) };
}

/** The comparison that differs first in time; of several at a step, that of the first node. */
export function firstToDiffer(comparisons: readonly NirComparison[]): NirComparison | undefined {
  return comparisons.filter(({ first }) => first).toSorted((one, other) =>
    one.first!.step - other.first!.step
  )[0];
}
