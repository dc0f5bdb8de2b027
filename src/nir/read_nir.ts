/**
 * Reads a network from a NIR file: the form in which frameworks of spiking networks hand one another theirs (Pedersen et al. 2024, doi
 * 10.1038/s41467-024-52259-9).
 *
 * Bytes → HDF5 groups (`hdf5/`) → a NIR graph (`parse_graph.ts`), made flat (`flatten.ts`), ordered (`order.ts`), with shapes
 * (`shapes.ts`) → a network's nodes and tensors (`conversion.ts`, by the registry in `primitives.ts`).
 */
import { InputError, OptionError } from "../errors.ts";
import type { EncoderDescription } from "../network/builder.ts";
import type { GraphReadout, GraphSpec } from "../network/graph.ts";
import { LIMITS } from "../network/limits.ts";
import { type Model, parameterShapes } from "../network/model_file.ts";
import { parseNetworkSpec } from "../network/parse_graph.ts";
import { describeShape } from "../network/safetensors.ts";
import { sizeOf } from "../network/shape.ts";
import { type Converted, convertGraph, ownShape } from "./conversion.ts";
import { Fields } from "./fields.ts";
import { type FlatGraph, flattenGraph, NETWORK_INPUT } from "./flatten.ts";
import { readHdf5 } from "./hdf5/read.ts";
import { waits } from "./neuron_primitives.ts";
import {
  NIR_DEFAULTS,
  NIR_EXPORTERS,
  type NirExporter,
  type NirOptions,
  parseNirOptions,
} from "./options.ts";
import { orderGraph } from "./order.ts";
import { readOwnNotes } from "./own_notes.ts";
import { parseNirGraph } from "./parse_graph.ts";
import type { Reading } from "./reading.ts";
import { inferNirShapes } from "./shapes.ts";

/** How a file becomes a network: {@linkcode NirOptions}, and what a network has beyond NIR. A file that Spikelet wrote says all of it. */
export interface ReadNirOptions extends Partial<NirOptions> {
  /** Whose exporter wrote the file: its habits, which the other options override. @default {nobody's} */
  readonly as?: NirExporter;
  /** T, time steps. @default {100} */
  readonly steps?: number;
  /** How a sample becomes the inputs of each step. @default {direct: samples are sequences} */
  readonly encoder?: EncoderDescription;
  /** How the steps of the output become one number a class. @default {"mean"} */
  readonly reduce?: GraphReadout["reduce"];
}

/** A network that was read. */
export interface NirModel {
  /** The network with its weights; its metadata have the options as `nir`, and names of nodes as `nirNodes`. */
  readonly model: Model;
  /** All options, those that were assumed among them. */
  readonly options: NirOptions;
  /** The framework by whose habits it was read. */
  readonly as?: NirExporter;
  /** Options that nobody has said and that matter for this network, with their values, by those habits or the defaults: `dt 0.0001`. */
  readonly assumed: readonly string[];
  /** What was repaired or left out, and where. */
  readonly warnings: readonly string[];
  /** The neurons of the file: their NIR names, and what they are called in the network. */
  readonly neurons: readonly { readonly name: string; readonly type: string; readonly id: string }[];
  /** The node that gives the output, and whether its spikes or its potentials are that. */
  readonly output: { readonly id: string; readonly from: "state" | "spikes" };
}

/** Steps where nobody says how many. */
const STEPS = 100;

/**
 * Reads a NIR file.
 *
 * @param bytes The whole file.
 * @param options What the file does not say.
 * @param name Its name in messages.
 * @throws {InputError} when the file is damaged or no NIR file, or its network is none that can be run here; the message names the place.
 * @throws {OptionError} when an option is out of its range.
 */
export async function readNir(
  bytes: Uint8Array,
  options: ReadNirOptions = {},
  name = "the NIR file",
): Promise<NirModel> {
  const { as, steps: saidSteps, encoder: saidEncoder, reduce: saidReduce, ...said } = options;
  if (as !== undefined && !Object.hasOwn(NIR_EXPORTERS, as)) {
    throw new OptionError(`as: ${as}: expected ${Object.keys(NIR_EXPORTERS).join(", ")}`);
  }
  const warnings: string[] = [], reading: Reading = { file: name, warn: (warning) => warnings.push(warning) };
  const root = await readHdf5(bytes, name), notes = readOwnNotes(root, reading);
  const steps = saidSteps ?? notes?.steps ?? STEPS, encoder = saidEncoder ?? notes?.encoder;
  const reduce = saidReduce ?? notes?.reduce ?? "mean";
  const own = { ...(as === undefined && notes?.options), ...parseNirOptions(said) };
  const all: NirOptions = { ...NIR_DEFAULTS, ...(as !== undefined && NIR_EXPORTERS[as]), ...own };
  const graph = flattenGraph(parseNirGraph(root, reading), reading);
  if (graph.nodes.size > LIMITS.nodes) {
    throw new InputError(`${name}: ${graph.nodes.size} nodes: expected ${LIMITS.nodes} at most`);
  }
  const fieldsOf = new Map([...graph.nodes].map(([path, node]) => [path, new Fields(path, node, reading)]));
  const ordered = orderGraph(graph, (path) => waits(fieldsOf.get(path)!, all.dt), name);
  const shapes = inferNirShapes(graph, fieldsOf, reading);
  const converted = convertGraph(ordered, fieldsOf, shapes, all, steps);
  const { nodes, readout, output } = readoutOf(graph, converted, name);
  const spec = parseNetworkSpec({
    steps,
    input: { shape: ownShape(shapes.get(NETWORK_INPUT)!.output), ...(encoder && { encoder }) },
    nodes: [...converted.nodes, ...nodes],
    readout: { ...readout, reduce },
  }, name);
  const names = [...converted.ids].filter(([path, id]) => path !== id);
  return {
    model: {
      spec,
      parameters: parametersOf(spec, converted),
      metadata: {
        nir: JSON.stringify(all),
        ...(names.length > 0 && { nirNodes: JSON.stringify(Object.fromEntries(names)) }),
      },
    },
    options: all,
    ...(as !== undefined && { as }),
    assumed: assumedOf(graph, fieldsOf, own, all),
    warnings,
    neurons: ordered.order.flatMap((path) => {
      const id = converted.ids.get(path)!, type = fieldsOf.get(path)!.type;
      const isNeuron = spec.nodes.some((node) =>
        node.id === id && (node.kind === "lif" || node.kind === "integrator")
      );
      return isNeuron ? [{ name: path, type, id }] : [];
    }),
    output,
  };
}

/** The network's readout: the neurons of the output, or, where it is something else, an integrator that forgets at once. */
function readoutOf(graph: FlatGraph, { nodes, edgesOf, shapeOf, freeId }: Converted, file: string) {
  const from = graph.output.flatMap((path) =>
    path === NETWORK_INPUT ? [{ node: "input", delay: 0 }] : edgesOf(path)
  );
  const [only] = from;
  if (!only) throw new InputError(`${file}: node Output: no edge leads to it: expected one or more`);
  const units = sizeOf(shapeOf(only.node));
  if (units > LIMITS.classes) {
    throw new InputError(
      `${file}: node Output: ${describeShape(shapeOf(only.node))} are ${units} numbers, one a class: ` +
        `expected ${LIMITS.classes} at most`,
    );
  }
  const read = nodes.find(({ id }) => id === only.node);
  if (from.length === 1 && only.delay === 0 && read && shapeOf(only.node).length === 1) {
    if (read.kind === "lif") return readoutAt(only.node, "spikes", []);
    if (read.kind === "integrator") return readoutAt(only.node, "state", []);
  }
  const flat = from.map((edge) => {
    if (shapeOf(edge.node).length === 1) return { edge, nodes: [] };
    const id = freeId(`${edge.node}_flat`);
    return { edge: { node: id, delay: 0 }, nodes: [{ id, kind: "flatten", from: [edge] }] };
  });
  const id = freeId("output");
  return readoutAt(id, "state", [
    ...flat.flatMap((each) => each.nodes),
    { id, kind: "integrator", decay: 0, from: flat.map(({ edge }) => edge) },
  ]);
}

function readoutAt(id: string, from: "state" | "spikes", nodes: readonly object[]) {
  return { nodes, readout: { node: id, from }, output: { id, from } } as const;
}

/** The tensors in the order of a file. */
function parametersOf(spec: GraphSpec, { tensors }: Converted): ReadonlyMap<string, Float32Array> {
  return new Map(
    parameterShapes(spec).map(([name, shape]) => {
      const values = tensors.get(name);
      if (values?.length === sizeOf(shape)) return [name, values];
      throw new Error(`tensor ${name}: ${values?.length} numbers, expected ${sizeOf(shape)}`);
    }),
  );
}

/** Options that nobody has said, of those that this network depends on. */
function assumedOf(
  { nodes }: FlatGraph,
  fieldsOf: ReadonlyMap<string, Fields>,
  own: Partial<NirOptions>,
  all: NirOptions,
): string[] {
  const types = new Set([...nodes.values()].map(({ type }) => type));
  const has = (...names: readonly string[]) => names.some((name) => types.has(name));
  const isLeaky = has("LI", "LIF", "CubaLI", "CubaLIF"), isSpiking = has("IF", "LIF", "CubaLIF");
  const rests = [...fieldsOf.values()].some((fields) =>
    ["v_leak", "v_reset"].some((name) =>
      fields.has(name) && fields.numbers(name).some((value) => value !== 0)
    )
  );
  const matters: Readonly<Record<keyof NirOptions, boolean>> = {
    dt: isLeaky || has("Delay") || (has("I", "IF") && all.gain_if === "ode"),
    method: isLeaky,
    gain: isLeaky,
    gain_if: has("I", "IF"),
    gain_syn: has("CubaLI", "CubaLIF"),
    reset: isSpiking,
    spikes: isSpiking,
    start: rests,
  };
  return (Object.keys(NIR_DEFAULTS) as (keyof NirOptions)[])
    .filter((name) => matters[name] && own[name] === undefined)
    .map((name) => `${name} ${all[name]}`);
}
