/**
 * From nodes to steps: the forward pass of a graph, step by step on whole arrays.
 *
 * A node becomes a product, a call of its kernel, or a scan; edges that are delayed or summed become a `sum` before it. A cycle
 * becomes a loop over time.
 */
import { componentsOf } from "../../network/components.ts";
import {
  type Edge,
  type GraphNode,
  type GraphSpec,
  isNeuronNode,
  type NeuronNode,
  type OperatorNode,
  type Shape,
} from "../../network/graph.ts";
import { type Constant, kernelConstantsOf, kindOf, trainableOf } from "../../network/neurons.ts";
import { operatorKindOf } from "../../network/operators.ts";
import type { ShapedNode } from "../../network/infer_shapes.ts";
import { STREAM } from "../../random.ts";
import { isFlat, sizeOf } from "../../network/shape.ts";
import { isLearned, type Structure, structureOf } from "../../network/structure.ts";
import type { ForwardStep, PopulationPlan, Port, Product, SumStep, Value } from "./plan.ts";
import type { Draft, DraftOperator } from "./draft.ts";

/** Lowers a graph: its values, products, operators and populations, and the steps that compute them. */
export function lower(spec: GraphSpec): Draft {
  return new Lowering(spec).draft();
}

class Lowering {
  readonly #spec: GraphSpec;
  readonly #structure: Structure;
  readonly #values: Value[] = [];
  readonly #products: Product[] = [];
  readonly #operators: DraftOperator[] = [];
  readonly #populations: PopulationPlan[] = [];
  /** What each node gives, by its id; `"input"` is the encoder's inputs. */
  readonly #outputs = new Map<string, number>();

  constructor(spec: GraphSpec) {
    this.#spec = spec;
    this.#structure = structureOf(spec);
  }

  draft(): Draft {
    const { input: { shape, encoder }, readout } = this.#spec;
    const input = this.#value("input", shape, encoder.kind === "constant" ? "one" : "each step");
    this.#outputs.set("input", input);
    const steps: ForwardStep[] = [{ kind: "encode" }];
    for (const { nodes: places, isLoop } of componentsOf(this.#spec)) {
      const nodes = places.map((place) => this.#spec.nodes[place]!);
      if (!isLoop) {
        for (const node of nodes) this.#lower(node, steps);
        const scan = steps.at(-1)!;
        if (scan.kind === "scan" && this.#isSpiking(scan.population)) steps.push({ ...scan, kind: "list" });
        continue;
      }
      const body: ForwardStep[] = [];
      for (const node of nodes) this.#outputs.set(node.id, this.#value(node.id, this.#shapeOf(node)));
      for (const node of nodes) this.#lower(node, body);
      steps.push({ kind: "loop", body });
      for (const step of body) {
        if (step.kind === "scan" && this.#isSpiking(step.population)) steps.push({ ...step, kind: "list" });
      }
    }
    this.#populations.sort((a, b) => a.index - b.index);
    return {
      spec: this.#spec,
      values: this.#values,
      products: this.#products,
      operators: this.#operators,
      populations: this.#populations,
      input,
      top: this.#populations.findIndex(({ node }) => node === readout.node),
      forward: steps,
    };
  }

  #isSpiking(index: number): boolean {
    return this.#structure.populations[index]!.isSpiking;
  }

  #lower(node: GraphNode, steps: ForwardStep[]): void {
    if (isNeuronNode(node)) this.#lowerNeurons(node, steps);
    else this.#lowerOperator(node, steps);
  }

  #lowerOperator(node: OperatorNode, steps: ForwardStep[]): void {
    const { lowering } = operatorKindOf(node);
    switch (lowering) {
      case "matmul":
        this.#lowerProduct(node, steps);
        return;
      case "reorder":
        this.#lowerReorder(node, steps);
        return;
      case "kernel":
        this.#call(node, steps);
        return;
      default:
        lowering satisfies never;
    }
  }

  #lowerProduct(node: OperatorNode, steps: ForwardStep[]): void {
    const { input, isRow } = this.#productInput(node, steps),
      { shape, units } = this.#values[input.value]!;
    const product: Product = {
      index: this.#products.length,
      node: node.id,
      inputs: units,
      units: sizeOf(this.#shapeOf(node)),
      weight: this.#tensor(node.id, "weight")!,
      bias: this.#tensor(node.id, "bias"),
      input,
      output: this.#output(node, isRow ? "one" : "each step"),
      outputGradient: undefined,
      weightsBy: isRow ? "panel" : "input",
      inputShape: this.#isInput(input.value) ? [units] : shape,
    };
    this.#products.push(product);
    steps.push({ kind: isRow ? "matmulRow" : "matmul", product: product.index });
  }

  /** Products read the step before at no cost, and the encoder's one row where its inputs stay the same; all else is a sum. */
  #productInput(node: OperatorNode, steps: ForwardStep[]): { input: Port; isRow: boolean } {
    const [edge] = node.from;
    if (node.from.length === 1) {
      const input = this.#portOf(edge!), { rows } = this.#values[input.value]!;
      const isInput = this.#isInput(input.value);
      const isRow = isInput && rows === "one" && input.delay === 0;
      if (isRow || (rows === "each step" && input.delay <= (isInput ? 0 : 1))) return { input, isRow };
    }
    return { input: { value: this.#sum(node, node.from, steps), delay: 0 }, isRow: false };
  }

  /** The same numbers in another order: nothing to do, where one channel or one position is all there is, or columns of weights can be ordered instead. */
  #lowerReorder(node: OperatorNode, steps: ForwardStep[]): void {
    const [edge] = node.from;
    const isAlias = node.from.length === 1 && edge!.delay === 0 && !this.#outputs.has(node.id) &&
      (isFlat(this.#values[this.#outputs.get(edge!.node)!]!.shape) || this.#feedsProductsAlone(node.id));
    if (isAlias) this.#outputs.set(node.id, this.#outputs.get(edge!.node)!);
    else this.#call(node, steps);
  }

  #call(node: OperatorNode, steps: ForwardStep[]): void {
    const kind = operatorKindOf(node),
      tensors = this.#structure.tensors.filter(({ node: id }) => id === node.id);
    const input = this.#operatorInput(node, steps), { rows } = this.#values[input]!;
    // The value's own shape is another one where flatten has handed it on.
    const { inputShape: shape } = this.#nodeOf(node);
    const batchSums = kind.batchSums?.(node, shape) ?? 0;
    const operator: DraftOperator = {
      index: this.#operators.length,
      node: node.id,
      kernel: capitalised(node.kind),
      geometry: kind.geometry(node, shape),
      settings: kind.settings?.(node) ?? [],
      batchSums,
      stream: kind.draws && STREAM.operators + 16 * this.#spec.nodes.indexOf(node),
      tensors: tensors.map(({ name }) => name),
      isLearned: tensors.some(isLearned),
      input,
      output: this.#output(node, rows),
      outputGradient: undefined,
      inputGradient: undefined,
    };
    this.#operators.push(operator);
    if (batchSums > 0) steps.push({ kind: "sumBatch", operator: operator.index });
    steps.push({ kind: "operate", operator: operator.index });
  }

  #lowerNeurons(node: NeuronNode, steps: ForwardStep[]): void {
    const { index, neuron, units, shape } = this.#structure.populations.find(({ id }) => id === node.id)!;
    const vector = this.#currentOf(node);
    const [edge] = node.from;
    const input = node.from.length === 1 && edge!.delay === 0 && !vector
      ? this.#outputs.get(edge!.node)!
      : this.#sum(node, node.from, steps, vector);
    const kind = kindOf(neuron);
    const constants = kernelConstantsOf(neuron).map(({ name, value }) => ({
      name,
      value,
      tensor: this.#constantOf(node, name),
    }));
    this.#populations.push({
      index,
      node: node.id,
      shape,
      units,
      neuron,
      kernel: capitalised(neuron.kind),
      learned: trainableOf(neuron).map((name) => ({
        name,
        tensor: this.#constantOf(node, name)!,
      })),
      constants,
      isPerUnit: constants.some(({ name, tensor }) => tensor !== undefined && kind.constants.includes(name)),
      isSpiking: kind.isSpiking,
      firesMany: kind.firesMany(neuron),
      input: this.#isInput(input) ? this.#sum(node, node.from, steps) : input,
      output: this.#output(node, "each step"),
      inputGradient: undefined,
      outputGradient: undefined,
      stateGradient: undefined,
      backwardFrom: "steps",
      keepsStates: true,
      rate: node.id !== this.#spec.readout.node && kind.hasSurrogate ? this.#spec.loss.rate : undefined,
    });
    steps.push({ kind: "scan", population: index });
  }

  /** The constant current of neurons, where they have one. */
  #currentOf(node: NeuronNode): SumStep["vector"] {
    const tensor = this.#constantOf(node, "current");
    if (tensor !== undefined) return { tensor };
    return node.current === 0 ? undefined : { value: node.current };
  }

  /** The tensor of a constant; undefined where it is the same for all units. */
  #constantOf({ id }: NeuronNode, name: Constant): string | undefined {
    return this.#structure.tensors.find(({ node, constant }) => node === id && constant === name)?.name;
  }

  /** What an operator reads: a value as it is, where one undelayed edge brings it; one row stays one, unless rows of earlier steps count. */
  #operatorInput(node: OperatorNode, steps: ForwardStep[]): number {
    const [edge] = node.from, value = this.#outputs.get(edge!.node)!;
    const isOne = this.#values[value]!.rows === "one";
    const isWhole = node.from.length === 1 && edge!.delay === 0 &&
      !(isOne && (operatorKindOf(node).readsBefore || this.#outputs.has(node.id)));
    return isWhole ? value : this.#sum(node, node.from, steps);
  }

  #sum(node: GraphNode, edges: readonly Edge[], steps: ForwardStep[], vector?: SumStep["vector"]): number {
    const terms = edges.map((edge) => this.#portOf(edge));
    const into = this.#value(node.id, this.#values[terms[0]!.value]!.shape);
    steps.push({ kind: "sum", terms, ...(vector && { vector }), into });
    return into;
  }

  /** Encoded inputs, which a node may hand on as they are. */
  #isInput(value: number): boolean {
    return value === this.#outputs.get("input");
  }

  #portOf({ node, delay }: Edge): Port {
    return { value: this.#outputs.get(node)!, delay };
  }

  #feedsProductsAlone(id: string): boolean {
    return this.#spec.readout.node !== id &&
      this.#spec.nodes.every((node) =>
        isNeuronNode(node) || operatorKindOf(node).lowering !== "matmul" || node.from.length > 1
          ? node.from.every((edge) => edge.node !== id)
          : true
      );
  }

  /** What a node gives; in a loop it is there before the node is lowered. */
  #output(node: GraphNode, rows: Value["rows"]): number {
    const known = this.#outputs.get(node.id);
    if (known !== undefined) return known;
    const value = this.#value(node.id, this.#shapeOf(node), rows);
    this.#outputs.set(node.id, value);
    return value;
  }

  #value(node: string, shape: Shape, rows: Value["rows"] = "each step"): number {
    const index = this.#values.length;
    this.#values.push({ index, node, shape, units: sizeOf(shape), rows });
    return index;
  }

  #shapeOf(node: GraphNode): Shape {
    return this.#nodeOf(node).shape;
  }

  #nodeOf({ id }: GraphNode): ShapedNode {
    return this.#structure.nodes.find(({ node }) => node.id === id)!;
  }

  #tensor(node: string, role: "weight" | "bias"): string | undefined {
    return this.#structure.tensors.find((tensor) => tensor.node === node && tensor.role === role)?.name;
  }
}

/** `lif` → `Lif`, as kernels are called. */
function capitalised(kind: string): string {
  return `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
}
