/**
 * Holds a core of the WASM engine to the float64 reference, without an engine around it: the plan and the kernels alone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { compilePlan } from "../../src/engine/plan/compile.ts";
import type { PlanOptions } from "../../src/engine/plan/plan.ts";
import { Core } from "../../src/engine/wasm/core.ts";
import type { KernelModule } from "../../src/engine/wasm/kernels.ts";
import { fromLayout, toLayout } from "../../src/engine/wasm/layout.ts";
import { STREAM } from "../../src/random.ts";
import { compareNumbers, compareTensors } from "./compare_with_reference.ts";
import type { DrawnGraph } from "./drawn_graphs.ts";
import type { GraphRun } from "./reference_graph.ts";
import { populationsOf } from "./reference_structure.ts";

/**
 * Compares all samples, there and back: so each follows a longer one and a shorter one, whose rows still lie behind its end.
 *
 * @param run What `runReference` says for the seed.
 * @param small See `CoreOptions.small`: 0 has values share memory wherever they can.
 */
export function compareCore(
  kernels: KernelModule,
  { spec, parameters, samples }: DrawnGraph,
  run: GraphRun,
  seed: number,
  options: PlanOptions,
  small?: number,
): void {
  const plan = compilePlan(spec, options);
  const core = new Core(kernels, {
    plan,
    seed,
    shards: 1,
    skipBound: 6,
    ...(small !== undefined && { small }),
  });
  const { layout } = core.memory;
  core.parameters.set(toLayout(layout, parameters));
  core.prepare();
  const there = Array.from({ length: samples.count }, (_, sample) => sample);
  for (const order of [there, there.toReversed()]) {
    core.clearGradients();
    order.forEach((sample, position) => {
      const slot = position % core.group;
      if (slot === 0) core.stage(samples, order.slice(position, position + core.group), 1);
      core.load(samples, sample, STREAM.training, 1, { scale: 1 / samples.count, slot });
      compareNumbers([core.forward()], [run.losses[sample]!], `loss of sample ${sample}`);
      compareNumbers(core.logits(), run.logits[sample]!, `logits of sample ${sample}`);
      assert.equal(core.spikes(), run.spikes[sample], `spikes of sample ${sample}`);
      if (options.recordStates) compareStates(core, spec, run, sample);
      core.backward();
    });
    const gradients = fromLayout(layout, core.gradients);
    compareTensors(gradients, run.gradient().tensors, "gradient");
    // What pads tensors stays 0, and what is fixed has no gradient.
    for (const { name, role } of plan.tensors) if (role === "fixed") gradients.get(name)!.fill(0);
    assert.deepEqual(core.gradients, toLayout(layout, gradients));
  }
}

function compareStates(core: Core, spec: DrawnGraph["spec"], run: GraphRun, sample: number): void {
  const { potentials, outputs, spikes } = core.trace();
  populationsOf(spec).forEach((node, i) => {
    const what = (part: string) => `${part} of ${node.id}, sample ${sample}`;
    const states = run.states.get(node.id)!.slice(0, core.steps).flatMap((rows) => rows[sample]!);
    compareNumbers(potentials[i]!, states.map(({ u }) => u), what("potentials"));
    compareNumbers(outputs[i]!, states.map(({ o }) => o), what("outputs"));
    assert.deepEqual([...spikes[i]!], states.map(({ spikes }) => spikes), what("spikes"));
  });
}
