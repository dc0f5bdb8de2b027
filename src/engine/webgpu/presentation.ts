/**
 * Presents one chunk of samples to the network: executes a plan's operations for all of its samples and steps at once.
 *
 * Matrices have `[samples · steps]` rows, a sample's steps in their order. A sample's scan never crosses a chunk. Everything is
 * dense: a unit that stays silent costs as much as any other, for a device's time is in moving rows, not in skipping some.
 *
 * @module
 */
import { SUM_ROWS } from "../../../asm/gradient.wgsl.ts";
import {
  COUNT_SPIKES,
  CROSS_ENTROPY,
  KEEP_LOGITS,
  KEEP_SCORES,
  READ_STATES,
} from "../../../asm/readout.wgsl.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import type { PackedSamples, SampleEncoder } from "../gpu/encoding.ts";
import type { LayerPlan, Operation, Plan } from "../plan.ts";
import type { DeviceParameters } from "./device_parameters.ts";
import { kernelsOf } from "./neurons.ts";

/** What all chunks share. */
export interface Room {
  readonly backend: Backend;
  readonly plan: Plan;
  readonly parameters: DeviceParameters;
  /** Each layer's constants, f32 `[units]`. */
  readonly constants: readonly Readonly<Record<string, Tensor<"f32">>>[];
  readonly encoder: SampleEncoder;
}

/** A chunk's samples, on their way to the device. */
export interface Chunk {
  /** All of them. Those past `counted` only fill the chunk up; their gradient is 0. */
  readonly samples: number;
  readonly packed: PackedSamples;
  readonly counted: number;
  /** Parts in which gradients are summed first. */
  readonly groups: number;
  /** One a sample. */
  readonly labels: Int32Array;
  /** What a sample's gradient counts in the batch's. */
  readonly scale: number;
  /** It is the batch's first: gradients begin anew. */
  readonly isFirst: boolean;
  /** Where the batch's results go, i32 `[batch, 3]`, and its logits, f32 `[batch, classes]`, where they are wanted. */
  readonly scores: Tensor<"i32">;
  readonly logits: Tensor<"f32"> | undefined;
  /** This chunk's first place there. */
  readonly offset: number;
}

/** What a layer leaves behind for later operations. */
interface LayerState {
  currents?: Tensor<"f32">;
  /** See `scanKernel`. */
  scanned?: Tensor<"f32">;
  /** δo, `[samples · steps, units]`. */
  outputGradients?: Tensor<"f32">;
  /** See `scanBackKernel`. */
  currentGradients?: Tensor<"f32">;
}

/** One chunk's way forward and back. All of its tensors are temporary: make it within `Backend.scoped`. */
export class Presentation {
  readonly #room: Room;
  readonly #chunk: Chunk;
  readonly #layers: readonly LayerState[];
  /** Inputs of every step, `[samples · steps, inputs]`, or of all steps, `[samples, inputs]`. */
  #inputs: Tensor<"f32"> | undefined;
  #logits: Tensor<"f32"> | undefined;
  /** See `CROSS_ENTROPY`. */
  #losses: Tensor<"f32"> | undefined;

  constructor(room: Room, chunk: Chunk) {
    this.#room = room;
    this.#chunk = chunk;
    this.#layers = room.plan.layers.map(() => ({}));
  }

  /** Records the way forward; the scores are kept. */
  forward(): void {
    for (const operation of this.#room.plan.forward) this.#execute(operation);
    this.#keepScores();
  }

  /** Records the way back; gradients are added to the parameters'. */
  backward(): void {
    for (const operation of this.#room.plan.backward) this.#execute(operation);
  }

  /** For each layer what its scan left, then the logits, then what the loss left. */
  get traces(): Tensor<"f32">[] {
    return [...this.#layers.map(({ scanned }) => made(scanned)), made(this.#logits), made(this.#losses)];
  }

  #execute(operation: Operation): void {
    const { plan, parameters } = this.#room;
    switch (operation.kind) {
      case "encode":
        this.#inputs = this.#room.encoder.encode(this.#chunk.packed);
        return;
      case "choose":
      case "pack":
        return; // ways to do less on a CPU: here all units are computed, and features are in the inputs
      case "product":
      case "productRow":
        this.#multiply(plan.layers[operation.layer]!, made(this.#inputs));
        return;
      case "gather": {
        const layer = plan.layers[operation.layer]!;
        this.#multiply(layer, this.#rows(made(this.#layers[layer.index - 1]!.scanned), layer.inputs));
        return;
      }
      case "scan":
        this.#scan(plan.layers[operation.layer]!);
        return;
      case "read":
        this.#read();
        return;
      case "loss":
        this.#lose();
        return;
      case "spread":
        return; // δo is there at every step already
      case "scanBack":
      case "coefficients": // δI at every step over the inputs is the same sum as coefficients at spikes over the inputs' trace
        this.#scanBack(plan.layers[operation.layer]!);
        return;
      case "everyStep":
        return; // δI is what is multiplied with the inputs
      case "spikesBack": {
        const layer = plan.layers[operation.layer]!, below = this.#layers[layer.index - 1]!;
        const gradients = this.#rows(made(this.#layers[layer.index]!.currentGradients), layer.units);
        below.outputGradients = this.#room.backend.product(gradients, parameters.weights(layer), {
          transposeB: true,
        });
        this.#addGradients(layer, this.#rows(made(below.scanned), layer.inputs), gradients);
        return;
      }
      case "traceGradient": {
        const layer = plan.layers[operation.layer]!;
        this.#addGradients(
          layer,
          made(this.#inputs),
          this.#rows(made(this.#layers[layer.index]!.currentGradients), layer.units),
        );
        return;
      }
      case "outerGradient": {
        const layer = plan.layers[operation.layer]!;
        this.#addGradients(layer, made(this.#inputs), this.#sumsOf(layer));
        return;
      }
      default:
        operation satisfies never;
    }
  }

  #multiply(layer: LayerPlan, rows: Tensor<"f32">): void {
    this.#layers[layer.index]!.currents = this.#room.backend.product(
      rows,
      this.#room.parameters.weights(layer),
    );
  }

  #scan(layer: LayerPlan): void {
    const { backend, plan: { spec: { steps } }, parameters, constants } = this.#room;
    const { index, units, source, inputDelay, dense } = layer;
    const { samples } = this.#chunk;
    const { scan, uniforms } = kernelsOf(layer.neuron);
    this.#layers[index]!.scanned = backend.run(scan, {
      inputs: {
        currents: made(this.#layers[index]!.currents),
        bias: parameters.bias(layer),
        ...constants[index],
      },
      uniforms: {
        ...uniforms,
        steps,
        units,
        sampleStride: source === "constant" ? units : steps * units,
        stepStride: source === "constant" ? 0 : units,
        delay: inputDelay,
        record: dense ? 1 : 0,
      },
      invocations: samples * units,
      output: [(dense ? 2 * steps : steps) * samples * units + samples * units],
    });
  }

  #read(): void {
    const { backend, plan: { spec: { steps }, classes, readout: { first, last, scale } } } = this.#room;
    this.#logits = backend.run(READ_STATES, {
      inputs: { scanned: made(this.#layers.at(-1)?.scanned) },
      uniforms: { steps, classes, first, last, scale },
      invocations: this.#chunk.samples * classes,
      output: [this.#chunk.samples, classes],
    });
  }

  #lose(): void {
    const { backend, plan: { classes, readout } } = this.#room;
    const { samples, counted, labels, scale } = this.#chunk;
    this.#losses = backend.run(CROSS_ENTROPY, {
      inputs: { logits: made(this.#logits), labels: backend.upload(labels, [samples]) },
      uniforms: { classes, counted, scale: scale * readout.scale },
      invocations: samples,
      output: [(2 * classes + 2) * samples],
    });
  }

  #keepScores(): void {
    const { backend, plan: { spec: { steps }, layers, classes } } = this.#room;
    const { samples, counted, scores, logits, offset } = this.#chunk;
    if (logits) {
      backend.run(KEEP_LOGITS, {
        inputs: { logits: made(this.#logits) },
        uniforms: { begin: offset * classes },
        invocations: counted * classes,
        output: logits,
      });
    }
    backend.run(KEEP_SCORES, {
      inputs: { losses: made(this.#losses) },
      uniforms: { offset, samples, classes },
      invocations: counted,
      output: scores,
    });
    for (const { index, units } of layers.slice(0, -1)) {
      backend.run(COUNT_SPIKES, {
        inputs: { scanned: made(this.#layers[index]!.scanned) },
        uniforms: { offset, units, begin: samples * steps * units },
        invocations: counted,
        output: scores,
      });
    }
  }

  #scanBack(layer: LayerPlan): void {
    const { backend, plan: { spec: { steps }, layers, readout }, constants } = this.#room;
    const { index, units, inputDelay } = layer;
    const { samples } = this.#chunk;
    const state = this.#layers[index]!, scanned = made(state.scanned);
    const isRead = index === layers.length - 1;
    const { scanBack, uniforms } = kernelsOf(layer.neuron);
    state.currentGradients = backend.run(scanBack, {
      // What a layer has not got, its kernel does not read; something has to stand there.
      inputs: {
        scanned,
        readout: made(this.#losses),
        outputs: state.outputGradients ?? scanned,
        ...constants[index],
      },
      uniforms: {
        ...uniforms,
        steps,
        units,
        first: isRead ? readout.first : 0,
        last: isRead ? readout.last : -1,
        hasOutputs: state.outputGradients ? 1 : 0,
        delay: inputDelay,
      },
      invocations: samples * units,
      output: [(steps + 1) * samples * units],
    });
  }

  /** Adds Σ rows of inputsᵀ·gradients, group by group, and the biases' gradient. */
  #addGradients(layer: LayerPlan, inputs: Tensor<"f32">, gradients: Tensor<"f32">): void {
    const { backend, plan: { spec: { steps } }, parameters } = this.#room;
    const { samples, groups, isFirst } = this.#chunk;
    const rows = inputs.shape[0]! / groups;
    const parts = backend.product(
      backend.view(inputs, [groups, rows, layer.inputs]),
      backend.view(gradients, [groups, rows, layer.units]),
      { transposeA: true },
    );
    const sums = made(this.#layers[layer.index]!.currentGradients);
    parameters.addGradients(
      layer,
      parts,
      { sums, begin: samples * steps * layer.units, samples, groups },
      isFirst,
    );
  }

  /** Σ_t δI_t of each sample, `[samples, units]`, in a tensor of its own. */
  #sumsOf({ index, units }: LayerPlan): Tensor<"f32"> {
    const { backend, plan: { spec: { steps } } } = this.#room;
    const { samples } = this.#chunk;
    return backend.run(SUM_ROWS, {
      inputs: { values: made(this.#layers[index]!.currentGradients) },
      uniforms: { begin: samples * steps * units, rows: 1, columns: units },
      invocations: samples * units,
      output: [samples, units],
    });
  }

  /** The first part of a scan's result: one row a step of each sample. */
  #rows(tensor: Tensor<"f32">, columns: number): Tensor<"f32"> {
    return this.#room.backend.view(tensor, [this.#chunk.samples * this.#room.plan.spec.steps, columns]);
  }
}

/** What an operation before this one has left; that it has is the plan's promise. */
function made<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("an operation of the plan came before one that it needs");
  return value;
}
