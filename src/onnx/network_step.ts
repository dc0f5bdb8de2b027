/**
 * One step of a network as operations of ONNX: its nodes in order, what its edges carry over, and its readout.
 *
 * Values have the samples of a batch in front, `[batch, …shape]`. All that a step leaves to the next is in {@linkcode NetworkState}s.
 */
import { isNeuronNode, type Shape } from "../network/graph.ts";
import type { ShapedNode } from "../network/infer_shapes.ts";
import type { Model } from "../network/model_file.ts";
import { type Constant, kindOf } from "../network/neurons.ts";
import { INPUT } from "../network/place.ts";
import { structureOf } from "../network/structure.ts";
import type { GraphBuilder, Value } from "./graph_builder.ts";
import { stepPopulation } from "./neurons.ts";
import { operate } from "./operators.ts";

/** What a step leaves to the next; 0 before the first. */
export interface NetworkState {
  /** Of the value that goes into a step. */
  readonly name: Value;
  /** Behind the samples of a batch. */
  readonly shape: readonly number[];
  /** What it is. */
  readonly words: string;
  /** The value after the step. */
  readonly next: Value;
}

/** Where a step's operations go, and what is known before it. */
export interface StepPlace {
  readonly graph: GraphBuilder;
  /** x_t. */
  readonly input: Value;
  /** t, from 0, `[1]`; called at most once, where the network needs it. */
  readonly step: () => Value;
  /** Where x_t is the same at all steps, takes what is computed from it alone, once. */
  readonly before?: GraphBuilder;
}

/** What comes of a step. */
export interface NetworkStep {
  readonly states: readonly NetworkState[];
  /** Of each population in the order of the description, its outputs and potentials. */
  readonly populations: readonly {
    readonly id: string;
    readonly shape: Shape;
    readonly output: Value;
    readonly potential: Value;
  }[];
  /** The numbers that the readout has of this step, of the classes. */
  readonly read: Value;
  /** What `reduce` has made of the steps so far: a sum for `mean`. */
  readonly reduced: Value;
}

/** Adds a step to a graph. @throws {InputError} where ONNX cannot say what a node is; the message names it. */
export function addStep({ spec, parameters }: Model, place: StepPlace): NetworkStep {
  return new Stepping(spec, parameters, place).step();
}

/** The values of a step, as they come to be. */
class Stepping {
  readonly #spec: Model["spec"];
  readonly #parameters: Model["parameters"];
  readonly #place: StepPlace;
  readonly #nodes: readonly ShapedNode[];
  readonly #states = new Map<string, { shape: readonly number[]; words: string; next?: Value }>();
  /** Of this step, by node. */
  readonly #outputs = new Map<string, Value>();
  /** Nodes whose output is the same at all steps. */
  readonly #steady = new Set<string>();

  constructor(spec: Model["spec"], parameters: Model["parameters"], place: StepPlace) {
    this.#spec = spec;
    this.#parameters = parameters;
    this.#place = place;
    this.#nodes = structureOf(spec).nodes;
    this.#outputs.set(INPUT, place.input);
    if (place.before) this.#steady.add(INPUT);
  }

  step(): NetworkStep {
    const { readout } = this.#spec;
    const populations = [];
    let toRead: Value | undefined;
    for (const shaped of this.#nodes) {
      const { node, shape } = shaped, graph = this.#graphOf(shaped);
      const input = graph.sum(node.from.map((edge) => this.#delayed(edge.node, edge.delay)));
      if (isNeuronNode(node)) {
        const { output, potential } = stepPopulation(graph, node, this.#populationPlace(shaped, input));
        this.#outputs.set(node.id, output);
        populations.push({ id: node.id, shape, output, potential });
        if (node.id === readout.node) toRead = readout.from === "state" ? potential : output;
      } else if (node.kind === "delay") {
        this.#outputs.set(node.id, this.#delayedByUnit(shaped, input));
      } else {
        const output = operate(graph, node, {
          id: node.id,
          inputShape: shaped.inputShape,
          tensor: (name) => this.#parameters.get(`${node.id}.${name}`)!,
        }, input);
        this.#outputs.set(node.id, output);
      }
    }
    for (const [id, longest] of this.#longestDelays()) {
      this.#remember(`${id}.past`, this.#outputs.get(id)!, longest);
    }
    const { read, reduced } = this.#read(toRead!);
    const states = Array.from(
      this.#states,
      ([name, { next, ...state }]) => ({ name, ...state, next: next! }),
    );
    return { states, populations, read, reduced };
  }

  /** Where a node is computed: once, where it has no memory and what comes in is always the same. */
  #graphOf({ node }: ShapedNode): GraphBuilder {
    const { before, graph } = this.#place;
    const isSteady = before && !isNeuronNode(node) && node.kind !== "delay" &&
      node.from.every((edge) => edge.delay === 0 && this.#steady.has(edge.node));
    if (!isSteady) return graph;
    this.#steady.add(node.id);
    return before;
  }

  /** A state's value before the step. */
  #state(name: string, shape: readonly number[], words: string): Value {
    if (!this.#states.has(name)) this.#states.set(name, { shape, words });
    return name;
  }

  #populationPlace({ node, shape }: ShapedNode, input: Value) {
    const { constants } = this.#place.graph;
    if (!isNeuronNode(node)) throw new TypeError(`${node.id}: no neurons`);
    const values = kindOf(node).values(node), { id } = node;
    const named = new Map<Constant, Value>();
    const own = (name: Constant) => this.#parameters.get(`${id}.${name}`);
    return {
      id,
      input,
      constant: (name: Constant): Value => {
        const tensor = own(name);
        if (!tensor) return constants.number(values[name]!);
        const value = named.get(name) ?? constants.add(`${id}.${name}`, shape, tensor);
        named.set(name, value);
        return value;
      },
      isAlways: (name: Constant, value: number) => !own(name) && (values[name] ?? value) === value,
      isFirst: () => this.#place.graph.add("Less", [this.#place.step(), constants.number(1)]),
      state: (name: string, words: string) => this.#state(`${id}.${name}`, shape, `${words}, of ${id}`),
      next: (name: string, value: Value) => void (this.#states.get(`${id}.${name}`)!.next = value),
    };
  }

  /** The longest delay of the edges from each node, where there is any. */
  #longestDelays(): Map<string, number> {
    const longest = new Map<string, number>();
    for (const { from } of this.#spec.nodes) {
      for (const { node, delay } of from) {
        if (delay > 0) longest.set(node, Math.max(delay, longest.get(node) ?? 0));
      }
    }
    return longest;
  }

  /** What an edge carries. */
  #delayed(id: string, delay: number): Value {
    if (delay === 0) return this.#outputs.get(id)!;
    const longest = this.#longestDelays().get(id)!;
    return this.#pastAt(`${id}.past`, longest, this.#shapeOf(id), delay, `outputs of ${id}`);
  }

  #shapeOf(id: string): Shape {
    return id === INPUT ? this.#spec.input.shape : this.#nodes.find(({ node }) => node.id === id)!.shape;
  }

  /** A value as it was some steps ago. @param longest How many steps of it are kept. */
  #pastAt(name: string, longest: number, shape: Shape, delay: number, words: string): Value {
    const { graph } = this.#place;
    const past = this.#state(name, [longest, ...shape], `${words} of the steps before, the latest first`);
    return graph.add("Gather", [past, graph.constants.whole([delay - 1], true)], { axis: 1 });
  }

  /** Puts a value in front of those of the steps before. */
  #remember(name: string, value: Value, longest: number): Value {
    const { graph } = this.#place, { constants } = graph;
    const latest = graph.add("Unsqueeze", [value, constants.whole([1])]);
    const whole = graph.add("Concat", [latest, name], { axis: 1 });
    this.#states.get(name)!.next = graph.add("Slice", [
      whole,
      constants.whole([0]),
      constants.whole([longest]),
      constants.whole([1]),
    ]);
    return whole;
  }

  /** The node `delay`: of each number, as it was its own number of steps ago. */
  #delayedByUnit({ node: { id }, shape }: ShapedNode, input: Value): Value {
    const steps = this.#parameters.get(`${id}.steps`)!, longest = Math.max(...steps);
    if (longest === 0) return input;
    const { graph } = this.#place, { constants } = graph;
    const own = `${id}.input.past`; // edges from this node have another one, of what it gives
    this.#state(own, [longest, ...shape], `inputs of ${id} of the steps before, the latest first`);
    const whole = this.#remember(own, input, longest);
    const chosen = new Float32Array((longest + 1) * steps.length);
    steps.forEach((delay, unit) => chosen[delay * steps.length + unit] = 1);
    const mask = constants.add(`${id}.chosen`, [longest + 1, ...shape], chosen);
    return graph.add("ReduceSum", [graph.add("Mul", [whole, mask]), constants.whole([1])], { keepdims: 0 });
  }

  /** The readout: what it has of this step, and what it makes of the steps so far. */
  #read(value: Value): Pick<NetworkStep, "read" | "reduced"> {
    const { readout } = this.#spec, { graph } = this.#place, { constants } = graph;
    const shape = this.#shapeOf(readout.node), classes = [shape[0]];
    let read = value;
    if (readout.delay > 0) {
      const words = `what is read of ${readout.node}`;
      read = this.#pastAt("readout.waiting", readout.delay, shape, readout.delay, words);
      this.#remember("readout.waiting", value, readout.delay);
    }
    switch (readout.reduce) {
      case "last":
        return { read, reduced: read };
      case "mean":
      case "sum": {
        const sum = this.#state("readout.sum", classes, "sum of what has been read");
        const counted = readout.begin === 0
          ? read
          : graph.add("Where", [this.#isFrom(readout.begin), read, constants.number(0)]);
        const reduced = graph.add("Add", [sum, counted]);
        this.#states.get("readout.sum")!.next = reduced;
        return { read, reduced };
      }
      case "max": {
        const most = this.#state("readout.max", classes, "the largest of what has been read");
        const reduced = graph.add("Where", [
          this.#isFrom(readout.begin + 1),
          graph.add("Max", [most, read]),
          read,
        ]);
        this.#states.get("readout.max")!.next = reduced;
        return { read, reduced };
      }
      default:
        return readout.reduce satisfies never;
    }
  }

  /** Whether this step is the one of this number, or a later one. */
  #isFrom(step: number): Value {
    const { graph } = this.#place;
    return graph.add("GreaterOrEqual", [this.#place.step(), graph.constants.number(step)]);
  }
}
