/**
 * Holds every engine to autograd's numbers for networks that are graphs, and to the same bits through a saved model.
 */
import assert from "node:assert/strict";
import { decodeModel, encodeModel } from "../../src/network/model_file.ts";
import { parseReferenceCase, type ReferenceCase } from "../../src/verify/reference_case.ts";
import { normalisesBatches } from "../../src/network/structure.ts";
import { isWithin, verifyCase } from "../../src/verify/verify.ts";
import { GOLDEN_GRAPHS } from "../graph/golden_graphs.ts";
import { batchOf, bitsOf } from "./batches.ts";
import { engineTest, type StartEngine } from "./engines.ts";
import { refusalOf } from "./hybrid/refusal.ts";

for (const name of GOLDEN_GRAPHS) {
  const reference = parseReferenceCase(
    Deno.readFileSync(new URL(`../reference/graphs/${name}.safetensors`, import.meta.url)),
    name,
  );
  const { spec, samples, parameters, step } = reference;

  engineTest(`an engine agrees with PyTorch on the graph ${name}`, async (start, engine) => {
    if (engine === "hybrid" && refusalOf(spec)) return await refuses(start, reference);
    const deviations = await verifyCase(reference, {}, start);
    assert.deepEqual(deviations.filter((deviation) => !isWithin(deviation)), []);
    const names = deviations.map(({ tensor }) => tensor);
    for (const tensor of [/^loss$/, /^grad\..*weight$/, /weight\.after2$/]) {
      assert.ok(names.some((name) => tensor.test(name)), `${tensor} is compared`);
    }
    assert.equal(names.includes("logits"), !normalisesBatches(spec), "states of training are not recorded");
  });

  engineTest(`training of a re-read model has the same bits, of the graph ${name}`, async (start, engine) => {
    if (engine === "hybrid" && refusalOf(spec)) return;
    const model = decodeModel(encodeModel({ spec, parameters, metadata: {} }), "model");
    assert.deepEqual(model.spec, spec);
    const batch = batchOf(samples), outcomes = [];
    let trained = model;
    for (const { spec, parameters } of [reference, model]) {
      using engine = await start({ spec, batchSize: samples.count });
      await engine.setParameters(parameters);
      const results = [await engine.train(batch, step), await engine.train(batch, step)];
      const { logits } = await engine.classify(batch);
      trained = { ...model, parameters: await engine.getParameters() };
      outcomes.push({ results, logits, parameters: bitsOf(trained.parameters) });
    }
    assert.deepEqual(outcomes[1], outcomes[0]);
    // And what was learned is saved.
    const again = decodeModel(encodeModel(trained), "trained");
    using other = await start({ spec: again.spec, batchSize: samples.count });
    await other.setParameters(again.parameters);
    assert.deepEqual((await other.classify(batch)).logits, outcomes[0]!.logits);
  });
}

async function refuses(start: StartEngine, { spec }: ReferenceCase): Promise<void> {
  await assert.rejects(start({ spec }), { name: "EngineError", message: refusalOf(spec)! });
}
