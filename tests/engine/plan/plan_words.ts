/**
 * Plans of small graphs, in words: a value is called after its node, the sum of a node's edges `Σnode`, a gradient `δvalue`.
 *
 * @module
 */
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import type { Draft } from "../../../src/engine/plan/draft.ts";
import type { Plan, PlanOptions, Port, Step } from "../../../src/engine/plan/plan.ts";
import type { GraphSpec } from "../../../src/network/graph.ts";
import { parseNetworkSpec } from "../../../src/network/parse_graph.ts";

/** Steps as lines; a loop's body as lines of its own. */
export type Words = readonly (string | Words)[];

/** A node as it is described; edges may be `"id@delay"`. */
export type NodeWords = Record<string, unknown> & { id: string; from?: string | string[] };

/** What a graph has beside its nodes. @default {6 steps of one number, encoder direct, the last node's maximum, which is not linear} */
export interface GraphWords {
  readonly steps?: number;
  readonly shape?: readonly number[];
  readonly encoder?: "constant" | "direct" | "noise" | "poisson";
  readonly readout?: Record<string, unknown>;
  readonly rate?: { readonly target: number; readonly weight: number };
}

/** A graph of nodes. Neurons have decay 0.5 and threshold 1, where they have them. */
export function graphOfNodes(
  nodes: readonly NodeWords[],
  { steps = 6, shape = [4], encoder = "direct", readout = {}, rate }: GraphWords = {},
): GraphSpec {
  const defaults: Record<string, unknown> = {
    lif: { decay: 0.5, threshold: 1 },
    graded: { decay: 0.5, threshold: 1, penalty: 1 },
    integrator: { decay: 0.5 },
  };
  return parseNetworkSpec({
    steps,
    input: { shape, encoder: { kind: encoder } },
    nodes: nodes.map(({ from, ...node }) => ({
      ...defaults[String(node["kind"])] ?? {},
      ...node,
      ...(from !== undefined && { from: [from].flat().map(edgeOf) }),
    })),
    readout: { reduce: "max", ...readout },
    loss: { kind: "crossEntropy", ...(rate && { rate }) },
  });
}

function edgeOf(words: string) {
  const [node, delay = "0"] = words.split("@");
  return { node, delay: Number(delay) };
}

/** Both passes of a graph's plan in words. */
export function planInWords(spec: GraphSpec, options?: PlanOptions): { forward: Words; backward: Words } {
  const plan = compilePlan(spec, options);
  return { forward: inWords(plan, plan.forward), backward: inWords(plan, plan.backward) };
}

/** Steps in words. */
export function inWords(plan: Plan | Draft, steps: readonly Step[]): Words {
  const { values, products, operators, populations, input } = plan;
  // A product that a scan adds gives its neurons' currents.
  const makers = [...products, ...operators, ...populations].filter(({ node, output }) =>
    node === values[output]!.node
  );
  const outputs = new Set(makers.map(({ output }) => output));
  const name = (index: number): string => {
    const { gradientOf, node } = values[index]!;
    if (gradientOf !== undefined) return `δ${name(gradientOf)}`;
    if (plan.forward.some((step) => step.kind === "weigh" && step.into === index)) return `weighed ${node}`;
    return index === input ? "input" : outputs.has(index) ? node : node === "input" ? "x" : `Σ${node}`;
  };
  const port = ({ value, delay }: Port) => delay === 0 ? name(value) : `${name(value)}@${delay}`;
  const product = (index: number) => products[index]!.node;
  const population = (index: number) => populations[index]!.node;
  return steps.map((step): string | Words => {
    switch (step.kind) {
      case "sum": {
        const vector = step.vector && ("tensor" in step.vector ? step.vector.tensor : step.vector.value);
        const terms = [...step.terms.map(port), ...(vector === undefined ? [] : [vector])];
        return `${name(step.into)} = ${terms.join(" + ")}`;
      }
      case "loop":
      case "loopBack":
        return inWords(plan, step.body);
      case "matmul":
      case "matmulRow":
      case "inputMatmul":
        return `${step.kind} ${product(step.product)}(${port(products[step.product]!.input)})`;
      case "operate":
        return `operate ${operators[step.operator]!.node}(${name(operators[step.operator]!.input)})`;
      case "scan":
        return `scan ${population(step.population)}(${name(populations[step.population]!.input)})`;
      default: {
        const of = [
          ..."product" in step ? [product(step.product)] : [],
          ..."operator" in step ? [operators[step.operator]!.node] : [],
          ..."population" in step ? [population(step.population)] : [],
        ];
        return [step.kind, ...of, ..."into" in step ? [`→ ${name(step.into)}`] : []].join(" ");
      }
    }
  });
}

/** The forward pass without what every one has. */
export function forwardInWords(spec: GraphSpec, options?: PlanOptions): Words {
  const everywhere = ["encode", "read", "loss"];
  return planInWords(spec, options).forward.filter((step) => !everywhere.includes(String(step)));
}

/** The backward pass behind the scan of the integrator `out`, which is read. */
export function backwardInWords(spec: GraphSpec, options?: PlanOptions): Words {
  const { backward } = planInWords(spec, options);
  return backward.slice(backward.indexOf("scanBack out") + 1);
}

/** An affine node of 4 units, whose edges are the node before where none are given. */
export function affine(id: string, from?: string | string[]): NodeWords {
  return { id, kind: "affine", units: 4, ...(from !== undefined && { from }) };
}
