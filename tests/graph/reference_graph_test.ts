import assert from "node:assert/strict";
import { assertClose } from "../asm/numbers.ts";
import { GOLDEN_GRAPHS, readGoldenGraph } from "./golden_graphs.ts";
import { runGraph, widenTensors } from "./reference_graph.ts";
import { tensorsOf } from "./reference_structure.ts";

/** Closeness to numbers that float32 has rounded. */
const CLOSE = { relative: 1e-4, absolute: 1e-5 };

for (const name of GOLDEN_GRAPHS) {
  Deno.test(`runGraph() agrees with PyTorch on ${name}: states, loss, gradients and two steps of SGD`, () => {
    const { spec, parameters, batch, learningRate, momentum, learned, floats } = readGoldenGraph(name);
    const tensors = widenTensors(parameters);
    const names = [...tensorsOf(spec)];
    assert.deepEqual([...tensors.keys()], names.map(([key]) => key), "the order of a file");
    assert.deepEqual(learned, names.filter(([, { isLearned }]) => isLearned).map(([key]) => key));
    const run = runGraph(spec, tensors, batch);
    assert.ok(run.margin > 1e-5, "no gate is decided by rounding");
    for (const [id, steps] of run.states) {
      const units = steps.flat(2);
      assertClose(units.map(({ u }) => u), floats(`${id}.state`), `${id}.state`, CLOSE);
      assertClose(units.map(({ o }) => o), floats(`${id}.output`), `${id}.output`, CLOSE);
    }
    assertClose(run.logits.flatMap((row) => [...row]), floats("logits"), "logits", CLOSE);
    assertClose(run.logProbabilities.flatMap((row) => [...row]), floats("logp"), "logp", CLOSE);
    assertClose([run.loss], floats("loss"), "loss", CLOSE);

    const velocity = new Map<string, Float64Array>();
    for (const after of ["after1", "after2"]) {
      const gradient = runGraph(spec, tensors, batch).gradient().tensors;
      for (const [key, tensor] of gradient) {
        const moment = tensor.map((value, i) => value + momentum * (velocity.get(key)?.[i] ?? 0));
        velocity.set(key, moment);
        tensors.set(key, tensors.get(key)!.map((value, i) => value - learningRate * moment[i]!));
        if (after === "after1") assertClose(tensor, floats(`grad.${key}`), `gradient of ${key}`, CLOSE);
        assertClose(tensors.get(key)!, floats(`${key}.${after}`), `${key}.${after}`, CLOSE);
      }
    }
  });
}
