/**
 * Takes the tensors of a PyTorch state_dict into a network: by name, or by shape and order where that leaves no choice.
 *
 * A tensor `<module>.<leaf>` belongs to a node `<id>` as `<id>.<name>`; what a framework calls otherwise is in {@linkcode LEAVES}. Nothing is
 * guessed: a tensor that fits nothing, on either side, is an error that lists all of them.
 */
import { InputError } from "../errors.ts";
import { oneLine } from "../text/one_line.ts";
import { isNeuronNode, type NeuronNode } from "./graph.ts";
import { type Constant, kindOf } from "./neurons.ts";
import { describeShape, type Tensor } from "./safetensors.ts";
import { sizeOf } from "./shape.ts";
import type { NetworkSpec } from "./spec.ts";
import { structureOf, type TensorSpec } from "./structure.ts";
import { numbersOf } from "./tensor_numbers.ts";

/** What a framework's name of a tensor means here. */
interface Meaning {
  /** The part of the module that it belongs to. @default {the module itself} */
  readonly part?: string;
  /** The name that its numbers have here. */
  readonly leaf: string;
  /** Its number in our units. @default {the same} */
  readonly convert?: (value: number) => number;
}

/** Of a time constant in steps, how much is left after one. */
const decayOf = (tau: number) => Math.exp(-1 / tau);
/** Frameworks' names of a module's tensors, where they are not ours. */
const LEAVES: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["running_mean", { leaf: "mean" }],
  ["running_var", { leaf: "variance" }],
  // snnTorch
  ["beta", { leaf: "decay" }],
  ["alpha", { leaf: "synapticDecay" }],
  // Norse
  ["input_weights", { part: "input", leaf: "weight" }],
  ["recurrent_weights", { part: "recurrent", leaf: "weight" }],
  // sinabs
  ["tau_mem", { leaf: "decay", convert: decayOf }],
  ["tau_syn", { leaf: "synapticDecay", convert: decayOf }],
  ["spike_threshold", { leaf: "threshold" }],
]);
/** Counts, and states that the last sample left: they say nothing of what a network answers. */
const MEANINGLESS = ["num_batches_tracked", "v_mem", "i_syn"];
/** snnTorch's `reset_mechanism_val`, by what our reset begins with. */
const RESET = "reset_mechanism_val", RESETS = ["subtract", "zero", "none"];
/** snnTorch's factor of a spike, which is 1 of ours. */
const SPIKE_FACTOR = "graded_spikes_factor";
/** Two numbers are the same that differ by float32's rounding alone. */
const SAME = 1e-6;

/** How tensors are to be taken. */
export interface MatchOptions {
  /** Names of theirs by ours, `<id>.<name>`. @default {none} */
  readonly map?: ReadonlyMap<string, string>;
  /** Theirs that are to be left out. @default {none} */
  readonly ignore?: readonly string[];
  /** What messages call the file of the tensors, and that of the network. */
  readonly names: { readonly state: string; readonly network: string };
}

/** A tensor of ours, and where it is from. */
export interface TakenTensor {
  readonly ours: string;
  /** Undefined where the description's number holds. */
  readonly theirs: string | undefined;
  readonly how: "name" | "map" | "shape" | "description";
}

/** A network's tensors. */
export interface MatchedState {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** In the order of a model file. */
  readonly taken: readonly TakenTensor[];
  /** Theirs that say the same as the description, such as a threshold. */
  readonly agreeing: readonly string[];
  /** Theirs that have been left out. */
  readonly ignored: readonly string[];
}

/** A tensor of a state_dict. */
interface Their {
  readonly name: string;
  readonly module: string;
  /** In our words. */
  readonly leaf: string;
  readonly tensor: Tensor;
  /** Its numbers in our units. */
  numbers(): number[];
}

/**
 * Finds for each of a network's tensors the one of a state_dict that it is.
 *
 * @throws {InputError} when tensors are left on either side, a shape or a number does not fit, or which one is meant is not clear.
 */
export function matchState(
  spec: NetworkSpec,
  tensors: ReadonlyMap<string, Tensor>,
  options: MatchOptions,
): MatchedState {
  const matching = new Matching(spec, tensors, options);
  matching.byMap();
  matching.byName();
  matching.byShape();
  return matching.result();
}

class Matching {
  readonly #spec: NetworkSpec;
  readonly #options: MatchOptions;
  readonly #ours: ReadonlyMap<string, TensorSpec>;
  /** Not matched yet. */
  readonly #theirs: Map<string, Their>;
  readonly #taken = new Map<string, { theirs: Their; how: TakenTensor["how"] }>();
  /** Populations to which something of theirs belongs. */
  readonly #found = new Set<string>();
  readonly #agreeing: string[] = [];
  readonly #ignored: string[] = [];

  constructor(spec: NetworkSpec, tensors: ReadonlyMap<string, Tensor>, options: MatchOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#ours = new Map(structureOf(spec).tensors.map((tensor) => [tensor.name, tensor]));
    this.#theirs = new Map(Array.from(tensors, ([name, tensor]) => [name, theirOf(name, tensor)]));
    for (const name of options.ignore ?? []) {
      if (!this.#theirs.delete(name)) throw this.#noTensor(name, "--ignore");
      this.#ignored.push(name);
    }
    for (const [name, { leaf }] of this.#theirs) {
      if (!MEANINGLESS.includes(leaf)) continue;
      this.#theirs.delete(name);
      this.#ignored.push(name);
    }
  }

  byMap(): void {
    for (const [ours, name] of this.#options.map ?? []) {
      const theirs = this.#theirs.get(name);
      if (!theirs) throw this.#noTensor(name, "--map");
      if (this.#ours.has(ours)) this.#take(ours, theirs, "map");
      else if (!this.#compare(ours, theirs)) {
        const known = oneLine([...this.#ours.keys()].join(", "), 400);
        throw new InputError(
          `${this.#options.names.network}: it has no tensor ${
            oneLine(ours)
          }, which --map names: expected one of ${known}`,
        );
      }
    }
  }

  byName(): void {
    for (const theirs of [...this.#theirs.values()]) {
      const ours = [theirs.name, `${theirs.module}.${theirs.leaf}`].find((name) =>
        this.#ours.has(name) && !this.#taken.has(name)
      );
      if (ours !== undefined) this.#take(ours, theirs, "name");
      else this.#compare(`${theirs.module}.${theirs.leaf}`, theirs);
    }
  }

  /**
   * Pairs nodes with modules of the same tensors: where there is one of either, or where modules differ in numbers alone, such as `fc1` and
   * `fc2` or `0` and `2`, which then have the order of the description's nodes.
   */
  byShape(): void {
    const nodes = Map.groupBy(
      [...this.#ours.values()].filter(({ name, constant }) => !this.#taken.has(name) && !constant),
      ({ node }) => node,
    );
    const modules = Map.groupBy(this.#theirs.values(), ({ module }) => module);
    const bySignature = Map.groupBy(
      nodes,
      ([id, tensors]) => signatureOf(tensors.map(({ name, shape }) => [name.slice(id.length + 1), shape])),
    );
    const modulesBySignature = Map.groupBy(
      modules,
      ([, all]) => signatureOf(all.map(({ leaf, tensor }) => [leaf, tensor.shape])),
    );
    for (const [signature, alike] of bySignature) {
      const found = inOrder(modulesBySignature.get(signature)?.map(([module]) => module) ?? []);
      if (found?.length !== alike.length) continue;
      alike.forEach(([id], i) => {
        for (const theirs of modules.get(found[i]!)!) this.#take(`${id}.${theirs.leaf}`, theirs, "shape");
      });
    }
    this.#neuronsByOrder();
  }

  /** Pairs populations whose names are not theirs with the modules that have constants of neurons. */
  #neuronsByOrder(): void {
    const modules = Map.groupBy(this.#theirs.values(), ({ module }) => module);
    const constants = inOrder(
      [...modules].filter(([, all]) => all.every((theirs) => isOfNeurons(theirs))).map(([module]) => module),
    );
    const nodes = this.#spec.nodes.filter((node) => isNeuronNode(node) && !this.#found.has(node.id));
    if (!constants || constants.length !== nodes.length) return;
    constants.forEach((module, i) => {
      for (const theirs of modules.get(module)!) {
        const ours = `${nodes[i]!.id}.${theirs.leaf}`;
        if (this.#ours.has(ours)) this.#take(ours, theirs, "shape");
        else this.#compare(ours, theirs);
      }
    });
  }

  /** @throws {InputError} where something is left on either side. */
  result(): MatchedState {
    const { state, network } = this.#options.names;
    const missing = [...this.#ours.values()].filter(({ name, constant }) =>
      !this.#taken.has(name) && !constant
    );
    const faults = [
      ...(missing.length > 0
        ? [
          `nothing in it fits ${missing.length} of ${network}: ${
            listOf(missing.map(({ name, shape }) => `${name} ${describeShape(shape)}`))
          }`,
        ]
        : []),
      ...(this.#theirs.size > 0
        ? [
          `${this.#theirs.size} of its tensors fit nothing in ${network}: ${
            listOf([...this.#theirs.values()].map(({ name, tensor }) =>
              `${oneLine(name)} ${describeShape(tensor.shape)}`
            ))
          }`,
        ]
        : []),
    ];
    if (faults.length > 0) {
      throw new InputError(
        `${state}: ${
          faults.join("; ")
        }: pair them in --map, a JSON object of our names with theirs, or leave theirs out by --ignore`,
      );
    }
    const parameters = new Map<string, Float32Array>(), taken: TakenTensor[] = [];
    for (const [name, spec] of this.#ours) {
      const found = this.#taken.get(name);
      parameters.set(name, found ? this.#numbers(found.theirs, spec) : filled(spec, spec.first ?? 0));
      taken.push({ ours: name, theirs: found?.theirs.name, how: found?.how ?? "description" });
    }
    return { parameters, taken, agreeing: this.#agreeing, ignored: this.#ignored };
  }

  #take(ours: string, theirs: Their, how: TakenTensor["how"]): void {
    const spec = this.#ours.get(ours)!, { shape } = theirs.tensor;
    const isFilled = spec.constant !== undefined && sizeOf(shape) === 1;
    if (!isFilled && signatureOf([["", shape]]) !== signatureOf([["", spec.shape]])) {
      throw new InputError(
        `${this.#options.names.state}: tensor ${oneLine(theirs.name)}: its shape is ${
          describeShape(shape)
        }, expected ` +
          `${describeShape(spec.shape)}, that of ${ours} in ${this.#options.names.network}`,
      );
    }
    if (this.#taken.has(ours)) {
      throw new InputError(
        `${this.#options.names.state}: ${oneLine(theirs.name)} and ${
          oneLine(this.#taken.get(ours)!.theirs.name)
        } are both taken for ${ours}: expected one`,
      );
    }
    this.#taken.set(ours, { theirs, how });
    this.#found.add(spec.node);
    this.#theirs.delete(theirs.name);
  }

  /**
   * Holds a tensor to a number of the description, where it stands for one, such as the threshold of neurons.
   *
   * @returns Whether it does.
   * @throws {InputError} when the numbers differ.
   */
  #compare(ours: string, theirs: Their): boolean {
    const dot = ours.lastIndexOf("."), id = ours.slice(0, dot), leaf = ours.slice(dot + 1);
    const node = this.#spec.nodes.find((node) => node.id === id);
    if (!node || !isNeuronNode(node)) return false;
    const expected = expectedOf(node, leaf);
    if (expected === undefined) return false;
    const numbers = theirs.numbers(), strange = numbers.findIndex((number) => !expected.holds(number));
    if (numbers.length === 0) return false;
    if (strange >= 0) {
      const each = numbers.length > 1 ? `, or "perUnit": ["${leaf}"] for one a unit` : "";
      const advice = leaf === RESET
        ? "set its reset"
        : leaf === SPIKE_FACTOR
        ? "no neuron here has another"
        : `write it there${each}`;
      const found = numbersOf(theirs.tensor)[strange], number = numbers[strange]!;
      const here = Number(found) === number ? "" : `, here a ${leaf} of ${number}`;
      throw new InputError(
        `${this.#options.names.state}: ${
          oneLine(theirs.name)
        } is ${found}${here}, but ${expected.words} of ${id} in ` +
          `${this.#options.names.network}: ${advice}`,
      );
    }
    this.#agreeing.push(theirs.name);
    this.#found.add(id);
    this.#theirs.delete(theirs.name);
    return true;
  }

  /** A tensor's numbers as ours has them. @throws {InputError} when one is not finite, or below 0 where it must not be. */
  #numbers({ name, ...theirs }: Their, spec: TensorSpec): Float32Array {
    const numbers = Float32Array.from(theirs.numbers());
    const strange = numbers.findIndex((value) =>
      !Number.isFinite(value) || (spec.isNotNegative === true && value < 0)
    );
    if (strange >= 0) {
      throw new InputError(
        `${this.#options.names.state}: tensor ${oneLine(name)}: value ${strange} is ${
          numbers[strange]
        }, expected a finite number` +
          (spec.isNotNegative ? ", 0 or more" : ""),
      );
    }
    return numbers.length === 1 && sizeOf(spec.shape) > 1 ? filled(spec, numbers[0]!) : numbers;
  }

  #noTensor(name: string, option: string): InputError {
    const known = oneLine([...this.#theirs.keys()].join(", "), 400);
    return new InputError(
      `${this.#options.names.state}: it has no tensor ${
        oneLine(name)
      }, which ${option} names: expected one of ${known}`,
    );
  }
}

function filled({ shape }: TensorSpec, value: number): Float32Array {
  return new Float32Array(sizeOf(shape)).fill(value);
}

function theirOf(name: string, tensor: Tensor): Their {
  const dot = name.lastIndexOf("."), own = name.slice(dot + 1), module = dot < 0 ? "" : name.slice(0, dot);
  const { part, leaf, convert = (value: number) => value } = LEAVES.get(own) ?? { leaf: own };
  return {
    name,
    module: part === undefined ? module : `${module}.${part}`,
    leaf,
    tensor,
    numbers: () => Array.from(numbersOf(tensor), convert),
  };
}

/** Whether a tensor is a constant of neurons. */
function isOfNeurons({ leaf }: Their): boolean {
  return ["decay", "synapticDecay", "threshold", RESET, SPIKE_FACTOR].includes(leaf);
}

/** What a description says of a neuron's constant, and which numbers agree. */
function expectedOf(
  node: NeuronNode,
  leaf: string,
): { readonly words: string; holds(value: number): boolean } | undefined {
  if (leaf === RESET) {
    const reset = node.kind === "lif" ? node.reset : "none";
    return { words: `the reset is ${reset}`, holds: (value) => reset.startsWith(RESETS[value] ?? "?") };
  }
  if (leaf === SPIKE_FACTOR) return { words: "the factor of a spike is 1", holds: (value) => value === 1 };
  const values: Readonly<Record<string, number>> = kindOf(node).values(node);
  const isConstant = (name: string): name is Constant => Object.hasOwn(values, name);
  // An integrator never fires: any threshold will do.
  if (leaf === "threshold" && node.kind === "integrator") return { words: "", holds: () => true };
  if (!isConstant(leaf)) return undefined;
  const value = values[leaf]!;
  return {
    words: `${leaf} is ${value}`,
    holds: (other) => Math.abs(other - value) <= SAME * Math.max(1, Math.abs(value)),
  };
}

/** Tensors of a node or a module as text: alike for those that are alike, but for lengths of 1. */
function signatureOf(tensors: readonly (readonly [leaf: string, shape: readonly number[]])[]): string {
  return tensors.map(([leaf, shape]) => `${leaf} ${shape.filter((length) => length !== 1)}`).sort().join(
    "; ",
  );
}

/** Names in the order of the numbers in them; undefined where more than numbers differ. */
function inOrder(names: readonly string[]): string[] | undefined {
  const stems = new Set(names.map((name) => name.replace(/\d+/g, "#")));
  if (stems.size > 1) return undefined;
  const numbers = (name: string) => [...name.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  return names.toSorted((one, other) => {
    const [a, b] = [numbers(one), numbers(other)];
    const at = a.findIndex((number, i) => number !== b[i]);
    return at < 0 ? 0 : a[at]! - b[at]!;
  });
}

/** Names for a message, cut off where they are many. */
function listOf(names: readonly string[]): string {
  const most = 20;
  return names.length > most
    ? `${names.slice(0, most).join(", ")}, and ${names.length - most} more`
    : names.join(", ");
}
