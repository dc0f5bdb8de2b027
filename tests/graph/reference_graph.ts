/**
 * The float64 reference of networks that are graphs (docs/networks.md). It has no plan, no kernels and no order of execution.
 *
 * It computes each quantity on demand, by node and step, and stores it. Forward, a node's input follows from outputs of earlier
 * nodes or steps. Backward, δ of an output follows from δ of the inputs that it is an edge to, at the same step or later ones. So
 * cycles, delays and branches need no special case, and backpropagation through time is the chain rule over all steps.
 *
 * Symbols: T steps, u' the potential before the reset, u after it, o the output, δ the gradient of the batch's mean loss.
 *
 * @module
 */
import { type GraphNode, type GraphSpec, isNeuronNode, type NeuronNode } from "../../src/network/graph.ts";
import { kindOf } from "../../src/network/neurons.ts";
import { type DrawKey, STREAM, uniform } from "../../src/random.ts";
import {
  constantsOf,
  firstState,
  marginOf,
  NO_GRADIENT,
  stepUnit,
  stepUnitBack,
  type UnitConstants,
  type UnitGradient,
  type UnitState,
} from "../engine/reference_neurons.ts";
import {
  type ReferenceBatch,
  referenceOperatorOf,
  type Rows,
  type RowsAt,
  sizeOf,
  type TensorOf,
} from "./reference_operators.ts";
import { ownConstantsOf, populationsOf, shapesOf, tensorsOf } from "./reference_structure.ts";

/** Tensors by their names in a file, `<id>.<name>`. */
export type GraphTensors = ReadonlyMap<string, Float64Array>;

/** Samples that are encoded already. */
export interface EncodedBatch {
  /** Of each sample, its input at every step: T steps, or fewer where sequences are of unequal lengths. */
  readonly x: readonly (readonly Float64Array[])[];
  /** Of each sample, its class. */
  readonly labels: ArrayLike<number>;
  /** It is trained on: of each sample, the key of its draws in a stream. Absent where it is measured. */
  readonly training?: (sample: number, stream: number) => DrawKey;
}

/** The gradient of the batch's mean loss. */
export interface GraphGradient {
  /** Of every learned tensor. */
  readonly tensors: Map<string, Float64Array>;
  /** Of what is put in, as {@linkcode EncodedBatch.x}. */
  readonly input: readonly (readonly Float64Array[])[];
}

/** What a network makes of a batch. */
export interface GraphRun {
  /** Of each population, its units' states, `[steps][samples][units]`. */
  readonly states: ReadonlyMap<string, readonly (readonly (readonly UnitState[])[])[]>;
  /** Of each sample. */
  readonly logits: readonly Float64Array[];
  readonly logProbabilities: readonly Float64Array[];
  readonly losses: readonly number[];
  /** Mean of the losses. */
  readonly loss: number;
  /** Spikes of all populations but the one that is read out, of each sample. */
  readonly spikes: readonly number[];
  /** How far the nearest gate is from flipping (|u' − θ| of any unit at any step), or the nearest maximum from another step. */
  readonly margin: number;
  /** Which gates were open, as text. */
  readonly gates: string;
  /** Of each sample and class, what the readout multiplies each step of its sequence by. */
  readonly shares: readonly (readonly Float64Array[])[];
  /** What a node's edges bring at a step, summed. */
  inputAt(node: GraphNode, step: number): Rows;
  /** The tensors that follow the batches of training, after this one. */
  statistics(): Map<string, Float64Array>;
  /** Goes back through all steps. */
  gradient(): GraphGradient;
}

/** Float32 tensors as float64 ones. */
export function widenTensors(tensors: ReadonlyMap<string, ArrayLike<number>>): Map<string, Float64Array> {
  return new Map([...tensors].map(([name, tensor]) => [name, Float64Array.from(tensor)]));
}

/**
 * Presents a batch.
 *
 * A sample that ends early is followed by zeros. Nothing that comes later than its end is read, or counted.
 *
 * @param frozen The same batch presented to parameters close by. It makes binary spikes smooth (see {@linkcode stepUnit}): so the
 * loss has a derivative at the frozen parameters, which is the surrogate gradient, and finite differences find it.
 */
export function runGraph(
  spec: GraphSpec,
  tensors: GraphTensors,
  { x, labels, training }: EncodedBatch,
  frozen?: GraphRun,
): GraphRun {
  const { nodes, readout, steps } = spec;
  const populations = populationsOf(spec), shapes = shapesOf(spec);
  const lengths = x.map(({ length }) => length);
  const zeros = (id: string, side: "input" | "output" = "output"): Rows => {
    const size = sizeOf(id === "input" ? spec.input.shape : shapes.get(id)![side]);
    return x.map(() => new Float64Array(size));
  };
  const tensor = ({ id }: GraphNode): TensorOf => (name) => tensors.get(`${id}.${name}`)!;
  const constants = new Map(
    populations.map((node) => [
      node.id,
      unitConstants(node, tensor(node), sizeOf(shapes.get(node.id)!.output)),
    ]),
  );

  /** What a node's edges bring, summed. */
  const inputAt = byNodeAndStep((node: GraphNode, step): Rows => {
    const sum = zeros(node.id, "input");
    if (step < 0) return sum;
    for (const edge of node.from) add(sum, outputAt(edge.node, step - edge.delay));
    return sum;
  });
  const statesAt = byNodeAndStep((node: NeuronNode, step): readonly (readonly UnitState[])[] => {
    const rows = inputAt(node, step);
    return rows.map((row, sample) =>
      Array.from(row, (input, i) => {
        const own = constants.get(node.id)![i]!;
        const past = step > 0 ? statesAt(node, step - 1)[sample]![i]! : firstState(own);
        const state = frozen?.states.get(node.id)?.[step]?.[sample]?.[i];
        return stepUnit(node, own, past, input, state);
      })
    );
  });
  const operatedAt = byNodeAndStep((node: GraphNode, step): Rows =>
    isNeuronNode(node)
      ? statesAt(node, step).map((units) => Float64Array.from(units, ({ o }) => o))
      : referenceOperatorOf(node).forward(
        node,
        tensor(node),
        inputOf(node),
        step,
        batchOf(node),
        shapes.get(node.id)!.input,
      )
  );
  const inputOf = (node: GraphNode): RowsAt => (t) => inputAt(node, t);
  const batchOf = (node: GraphNode): ReferenceBatch => {
    const stream = STREAM.operators + 16 * nodes.indexOf(node);
    return {
      lengths,
      isTraining: training !== undefined,
      draw: (sample, counter) => uniform(training!(sample, stream), counter),
      choice: frozen ? (t) => frozen.inputAt(node, t) : inputOf(node),
    };
  };
  /** What a node gives, or the input. */
  function outputAt(id: string, step: number): Rows {
    if (step < 0) return zeros(id);
    if (id === "input") return x.map((rows, sample) => rows[step] ?? zeros("input")[sample]!);
    return operatedAt(nodeOf(spec, id), step);
  }

  for (let t = 0; t < steps; t++) for (const node of nodes) outputAt(node.id, t);
  const states = new Map(
    populations.map((node) => [node.id, Array.from({ length: steps }, (_, t) => statesAt(node, t))]),
  );
  const { margin, gates, fired } = gatesOf(spec, states, lengths, frozen !== undefined);

  const reader = populations.find(({ id }) => id === readout.node)!;
  /** What the readout has of a class: 0 before its first step. */
  const sequences = lengths.map((length, sample) =>
    Array.from(constants.get(reader.id)!, (_, unit) =>
      Float64Array.from({ length }, (_, t) => {
        const state = statesAt(reader, Math.max(0, t - readout.delay))[sample]![unit]!;
        return t < readout.delay ? 0 : readout.from === "state" ? state.u : state.o;
      }))
  );
  const shares = frozen?.shares ??
    sequences.map((classes) => classes.map((sequence) => sharesOf(spec, sequence)));
  const logits = sequences.map((classes, sample) =>
    Float64Array.from(
      classes,
      (sequence, unit) => sequence.reduce((sum, value, t) => sum + shares[sample]![unit]![t]! * value, 0),
    )
  );
  const answers = logits.map((z, sample) => lossOf(spec, z, labels[sample]!));
  const hidden = populations.filter(({ id }) => id !== readout.node);
  /** Of a population that is held to a rate and one sample: how far its rate is from the target. */
  const distances = new Map(
    hidden.filter((node) => spec.loss.rate && kindOf(node).hasSurrogate).map((node) => [
      node.id,
      lengths.map((length, sample) =>
        fired.get(node.id)![sample]! / (length * constants.get(node.id)!.length) - spec.loss.rate!.target
      ),
    ]),
  );
  const losses = answers.map(({ loss }, sample) =>
    [...distances.values()].reduce((sum, away) => sum + spec.loss.rate!.weight * away[sample]! ** 2, loss)
  );
  const margins = shares.flatMap((classes, sample) =>
    classes.map((share, unit) => marginOfMaximum(spec, sequences[sample]![unit]!, share))
  );

  const choices = nodes.flatMap((node) => {
    if (isNeuronNode(node)) return [];
    const { margin } = referenceOperatorOf(node);
    const input = shapes.get(node.id)!.input;
    return margin ? Array.from({ length: steps }, (_, t) => margin(node, inputAt(node, t), input)) : [];
  });

  return {
    states,
    inputAt,
    statistics: () =>
      new Map(nodes.flatMap((node) => {
        if (isNeuronNode(node)) return [];
        const input = shapes.get(node.id)!.input, operator = referenceOperatorOf(node);
        const found = operator.statistics?.(node, tensor(node), inputOf(node), batchOf(node), input) ?? {};
        return Object.entries(found).map((
          [name, values],
        ): [string, Float64Array] => [`${node.id}.${name}`, values]);
      })),
    logits,
    logProbabilities: answers.map(({ logProbabilities }) => logProbabilities),
    losses,
    loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    spikes: lengths.map((_, sample) => hidden.reduce((sum, { id }) => sum + fired.get(id)![sample]!, 0)),
    margin: Math.min(margin, ...margins, ...choices),
    gates,
    shares,
    gradient,
  };

  /** Backpropagation through time. */
  function gradient(): GraphGradient {
    /** δ of the logits, with the batch's mean in it. */
    const read = answers.map((answer) => answer.gradient.map((value) => value / x.length));
    /** δ of what is read of the read population at a step. */
    const readAt = (step: number): Rows =>
      read.map((classes, sample) =>
        classes.map((value, unit) => value * (shares[sample]![unit]![step + readout.delay] ?? 0))
      );
    /** δ of what a node gives. */
    const outputGradientAt = byNodeAndStep((node: { readonly id: string }, step): Rows => {
      const sum = zeros(node.id);
      if (step >= steps) return sum;
      for (const above of nodes) {
        for (const edge of above.from) {
          if (edge.node === node.id) add(sum, inputGradientAt(above, step + edge.delay));
        }
      }
      if (node.id === readout.node && readout.from === "spikes") add(sum, readAt(step));
      distances.get(node.id)?.forEach((away, sample) => {
        if (step >= lengths[sample]!) return;
        const row = sum[sample]!, { weight } = spec.loss.rate!;
        const value = 2 * weight * away / (lengths[sample]! * row.length) / x.length;
        row.forEach((_, i) => row[i]! += value);
      });
      return sum;
    });
    const unitGradientsAt = byNodeAndStep((node: NeuronNode, step): readonly (readonly UnitGradient[])[] => {
      const output = outputGradientAt(node, step);
      const isRead = node.id === readout.node && readout.from === "state";
      const state = isRead ? readAt(step) : zeros(node.id);
      return statesAt(node, step).map((units, sample) =>
        units.map((unit, i) =>
          stepUnitBack(
            node,
            constants.get(node.id)![i]!,
            unit,
            step > 0 ? statesAt(node, step - 1)[sample]![i]! : firstState(constants.get(node.id)![i]!),
            output[sample]![i]!,
            state[sample]![i]!,
            step + 1 < steps ? unitGradientsAt(node, step + 1)[sample]![i]! : NO_GRADIENT,
          )
        )
      );
    });
    /** δ of a node's summed input. */
    const inputGradientAt = byNodeAndStep((node: GraphNode, step): Rows => {
      if (step >= steps) return zeros(node.id, "input");
      if (isNeuronNode(node)) {
        return unitGradientsAt(node, step).map((units) => Float64Array.from(units, ({ s }) => s));
      }
      const input = shapes.get(node.id)!.input;
      // deno-fmt-ignore
      return referenceOperatorOf(node).backward(node, tensor(node), gradientOf(node), step, inputOf(node), batchOf(node), input);
    });
    const gradientOf = (node: GraphNode): RowsAt => (t) => outputGradientAt(node, t);

    const gradients = new Map(
      [...tensorsOf(spec)].flatMap(([name, { shape, isLearned }]) =>
        isLearned ? [[name, new Float64Array(sizeOf(shape))] as const] : []
      ),
    );
    for (let t = steps - 1; t >= 0; t--) {
      for (const node of nodes) {
        const into: TensorOf = (name) => gradients.get(`${node.id}.${name}`)!;
        if (!isNeuronNode(node)) {
          const input = shapes.get(node.id)!.input;
          // deno-fmt-ignore
          referenceOperatorOf(node).accumulate(node, into, gradientOf(node), t, inputOf(node), batchOf(node), input);
          continue;
        }
        for (const units of unitGradientsAt(node, t)) {
          for (const name of LEARNED) {
            if (ownConstantsOf(node).learned.includes(name)) {
              if (name !== "start" || t === 0) units.forEach((unit, i) => into(name)[i]! += unit[name]);
            }
          }
        }
      }
    }
    const input = Array.from({ length: steps }, (_, t) => outputGradientAt({ id: "input" }, t));
    return {
      tensors: gradients,
      input: lengths.map((length, sample) => input.slice(0, length).map((rows) => rows[sample]!)),
    };
  }
}

/** The constants that have a gradient. */
const LEARNED = ["decay", "threshold", "scale", "start"] as const;

/** A node of a graph. */
export function nodeOf({ nodes }: GraphSpec, id: string): GraphNode {
  const node = nodes.find((other) => other.id === id);
  if (!node) throw new TypeError(`no node ${id}`);
  return node;
}

/** Remembers what was computed for a node and a step. */
function byNodeAndStep<Node extends { readonly id: string }, Value>(
  compute: (node: Node, step: number) => Value,
): (node: Node, step: number) => Value {
  const known = new Map<string, Map<number, Value>>();
  return (node, step) => {
    let values = known.get(node.id);
    if (!values) known.set(node.id, values = new Map());
    let value = values.get(step);
    if (value === undefined) values.set(step, value = compute(node, step));
    return value;
  };
}

function add(sum: Rows, rows: Rows): void {
  sum.forEach((row, sample) => row.forEach((_, i) => row[i]! += rows[sample]![i]!));
}

/** Of each unit, in the order channel, row, column. */
function unitConstants(node: NeuronNode, tensor: TensorOf, units: number): UnitConstants[] {
  const { learned, fixed } = ownConstantsOf(node);
  return Array.from(
    { length: units },
    (_, i) =>
      constantsOf(node, Object.fromEntries([...learned, ...fixed].map((name) => [name, tensor(name)[i]!]))),
  );
}

/** Which gates were open, how near any was to flipping, and how many were open of each population and sample. */
function gatesOf(
  spec: GraphSpec,
  states: GraphRun["states"],
  lengths: readonly number[],
  isFrozen: boolean,
): { margin: number; gates: string; fired: ReadonlyMap<string, readonly number[]> } {
  let margin = Infinity, gates = "";
  const fired = new Map(
    populationsOf(spec).map((node) => {
      const counts = lengths.map(() => 0);
      states.get(node.id)!.forEach((samples, t) =>
        samples.forEach((units, sample) => {
          if (t >= lengths[sample]! || !kindOf(node).isSpiking) return;
          for (const state of units) {
            margin = Math.min(margin, marginOf(node, state));
            gates += `${state.spikes} `;
            counts[sample]! += kindOf(node).hasSurrogate && isFrozen ? state.o : state.spikes;
          }
        })
      );
      return [node.id, counts];
    }),
  );
  return { margin, gates, fired };
}

/** What each step of the readout's sequence of one class is multiplied by, to be summed: the first of equals where a maximum is. */
function sharesOf({ readout: { reduce, begin } }: GraphSpec, sequence: Float64Array): Float64Array {
  const last = sequence.length - 1;
  const largest = sequence.reduce((best, value, t) => t > begin && value > sequence[best]! ? t : best, begin);
  return sequence.map((_, t) => {
    switch (reduce) {
      case "mean":
        return t >= begin ? 1 / (sequence.length - begin) : 0;
      case "sum":
        return t >= begin ? 1 : 0;
      case "last":
        return t === last ? 1 : 0;
      case "max":
        return t === largest ? 1 : 0;
      default:
        return reduce satisfies never;
    }
  });
}

/** How much larger the maximum is than the next smaller number. Equal ones are equal on any machine. */
function marginOfMaximum({ readout }: GraphSpec, sequence: Float64Array, shares: Float64Array): number {
  if (readout.reduce !== "max") return Infinity;
  const largest = sequence[shares.indexOf(1)]!;
  const others = sequence.slice(readout.begin).map((value) => largest - value);
  return Math.min(Infinity, ...others.filter((distance) => distance > 0));
}

/** A loss, its gradient with respect to the logits, and log-softmax. */
function lossOf({ loss }: GraphSpec, logits: Float64Array, label: number) {
  const highest = Math.max(...logits);
  const normaliser = highest + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - highest), 0));
  const logProbabilities = logits.map((z) => z - normaliser);
  switch (loss.kind) {
    case "crossEntropy":
      return {
        logProbabilities,
        loss: -logProbabilities[label]!,
        gradient: logProbabilities.map((p, n) => Math.exp(p) - Number(n === label)),
      };
    case "meanSquaredError": {
      const { correct = 1, incorrect = 0 } = loss;
      const distances = logits.map((z, n) => z - (n === label ? correct : incorrect));
      return {
        logProbabilities,
        loss: distances.reduce((sum, d) => sum + d * d, 0) / logits.length,
        gradient: distances.map((d) => 2 * d / logits.length),
      };
    }
    default:
      return loss satisfies never;
  }
}
