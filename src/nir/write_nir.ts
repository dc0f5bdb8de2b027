/**
 * Writes a network as a NIR file, as far as it can in the form that snnTorch, Norse and SpikingJelly all run to the same spikes: r = 1 with
 * what inputs count in the weights before, one number for all units, v_leak and v_reset 0, loops as graphs in the graph, names that sort
 * in the order of execution.
 *
 * A network's nodes become drafts of NIR nodes (`writing/operators.ts`, `neurons.ts`), whose numbers are folded into one another
 * (`fold.ts`), whose loops are nested (`loops.ts`), and which are named and joined (`nir_graph.ts`).
 */
import { OptionError } from "../errors.ts";
import { foldBatchNorm } from "../network/fold.ts";
import { type GraphNode, isNeuronNode } from "../network/graph.ts";
import { checkModel, type Model } from "../network/model_file.ts";
import { type Constant, kindOf } from "../network/neurons.ts";
import type { Edge } from "../network/place.ts";
import { sizeOf } from "../network/shape.ts";
import { structureOf } from "../network/structure.ts";
import { type Constants, simplest } from "./constants.ts";
import type { NirGraph } from "./graph.ts";
import type { Dataset, Group } from "./hdf5/tree.ts";
import { writeHdf5 } from "./hdf5/write.ts";
import { NIR_DEFAULTS, type NirOptions, parseNirOptions } from "./options.ts";
import { writeOwnNotes } from "./own_notes.ts";
import { type Draft, Drafts } from "./writing/draft.ts";
import { foldMeans, foldWanted } from "./writing/fold.ts";
import { nestLoops } from "./writing/loops.ts";
import { draftNeurons, type Habits } from "./writing/neurons.ts";
import { graphOf } from "./writing/nir_graph.ts";
import { notesOf } from "./writing/notes.ts";
import { draftOperator, makeFlatten, refusal } from "./writing/operators.ts";

/** The version of nir whose files these are like. */
const VERSION = "1.0.8";

/** How a network is written. */
export interface EncodeNirOptions {
  /** Of a step, in seconds. @default {0.0001, which snnTorch and SpikingJelly take for granted} */
  readonly dt?: number;
  /** What NIR cannot say is left out or replaced, which the notes tell, instead of refused. @default {false} */
  readonly approximate?: boolean;
}

/** A file, and what a user has to know of it. */
export interface NirFile {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** What a reader has to be told, and which framework will differ; a line each. */
  readonly notes: readonly string[];
}

/**
 * Encodes a model as a NIR file.
 *
 * @throws {InputError} when NIR cannot say what the network is; the message names the node.
 * @throws {OptionError} when dt is no time.
 */
export async function encodeNir(model: Model, options: EncodeNirOptions = {}): Promise<NirFile> {
  checkModel(model);
  const { dt = NIR_DEFAULTS.dt, approximate = false } = options;
  if (!(Number.isFinite(dt) && dt > 0)) throw new OptionError(`dt: ${dt}: expected a number above 0`);
  const folded = foldBatchNorm(model), habits: Habits = new Map(), drafts = new Drafts();
  draftNodes(folded, { dt, approximate }, drafts, habits);
  keepNeeded(drafts);
  nestLoops(drafts);
  foldMeans(drafts);
  foldWanted(drafts);
  const said = { dt, ...Object.fromEntries([...habits].map(([name, { value }]) => [name, value])) };
  const all: NirOptions = { ...NIR_DEFAULTS, ...parseNirOptions(said) };
  const graph = graphOf(folded.spec, drafts, all.dt);
  const { spec } = folded;
  const own = { options: all, steps: spec.steps, encoder: spec.input.encoder, reduce: spec.readout.reduce };
  const bytes = await writeHdf5(
    new Map<string, Group | Dataset>([
      ["version", text(VERSION)],
      ["node", groupOf(graph, writeOwnNotes(own))],
    ]),
  );
  return { bytes, notes: notesOf(folded.spec, drafts, all) };
}

/** Makes a draft of each node; what inference leaves out is left out. */
function draftNodes(
  { spec, parameters }: Model,
  options: { readonly dt: number; readonly approximate: boolean },
  drafts: Drafts,
  habits: Habits,
): void {
  const passed = new Map<string, readonly Edge[]>();
  for (const { node, inputShape, shape } of structureOf(spec).nodes) {
    const { id, from } = node;
    if (node.kind === "dropout" || isReader(node, spec.readout.node)) {
      passed.set(id, from);
      continue;
    }
    const draft: Draft = {
      id,
      type: "",
      input: inputShape,
      output: shape,
      from,
      constants: new Map(),
      whole: new Map(),
    };
    if (isNeuronNode(node)) {
      const values = kindOf(node).values(node);
      const constant = (name: Constant): Constants => {
        const tensor = parameters.get(`${id}.${name}`);
        return tensor ? simplest(tensor) : values[name] ?? 0;
      };
      draftNeurons(node, draft, constant, options, drafts, habits);
    } else {
      if (node.kind === "affine" && inputShape.length > 1) {
        const flat: Draft = {
          ...{ id: `${id}_flat`, type: "", input: inputShape, output: [sizeOf(inputShape)], from },
          ...{ constants: new Map(), whole: new Map() },
        };
        makeFlatten(flat);
        drafts.nodes.set(flat.id, flat);
        draft.from = [{ node: flat.id, delay: 0 }];
      }
      const input = node.kind === "affine" ? [sizeOf(inputShape)] : inputShape;
      draftOperator(node, Object.assign(draft, { input }), (name) => parameters.get(`${id}.${name}`), drafts);
      const delays = draft.constants.get("delay");
      if (delays !== undefined && typeof delays !== "number") {
        draft.constants.set("delay", delays.map((steps) => steps * options.dt));
      }
    }
    drafts.nodes.set(id, draft);
  }
  const resolve = (edges: readonly Edge[], through: readonly string[] = []): Edge[] =>
    edges.flatMap(({ node, delay }) => {
      const own = passed.get(node);
      if (!own) return [{ node, delay }];
      if (through.includes(node)) {
        throw refusal(node, "dropout", "a loop without neurons, which NIR does not have");
      }
      return resolve(own, [...through, node]).map((other) => ({ ...other, delay: other.delay + delay }));
    });
  for (const draft of drafts.nodes.values()) {
    // What comes later than the last step is 0.
    const all = resolve(draft.from), heard = all.filter(({ delay }) => delay < spec.steps);
    draft.from = heard.length > 0 ? heard : all;
  }
  drafts.output = resolve([{ node: spec.readout.node, delay: 0 }]);
}

/** Whether a node only reads what is before it: an integrator that forgets at once, as `readNir` adds it. */
function isReader(node: GraphNode, readout: string): boolean {
  return node.id === readout && node.kind === "integrator" && node.perUnit.length === 0 &&
    node.trainable.length === 0 &&
    [node.decay, node.synapticDecay, node.current, node.start].every((value) => value === 0);
}

/** Leaves out branches that lead nowhere. */
function keepNeeded(drafts: Drafts): void {
  const needed = new Set<string>(), open = drafts.output.map(({ node }) => node);
  for (let id; (id = open.pop()) !== undefined;) {
    const draft = drafts.nodes.get(id);
    if (needed.has(id) || !draft) continue;
    needed.add(id);
    open.push(...draft.from.map(({ node }) => node));
  }
  for (const id of [...drafts.nodes.keys()]) if (!needed.has(id)) drafts.nodes.delete(id);
}

/** The groups of a graph. */
function groupOf({ nodes, edges }: NirGraph, metadata?: Group): Group {
  return new Map<string, Group | Dataset>([
    ["type", text("NIRGraph")],
    [
      "nodes",
      new Map(
        [...nodes].map(([name, node]): [string, Group] => [
          name,
          "edges" in node
            ? groupOf(node)
            : new Map<string, Dataset>([["type", text(node.type)], ...node.fields]),
        ]),
      ),
    ],
    ["edges", { shape: [edges.length, 2], strings: edges.flat() }],
    ...(metadata ? [["metadata", metadata] as const] : []),
  ]);
}

function text(words: string): Dataset {
  return { shape: [], strings: [words] };
}
