/** Files by today's exporters, held to what the live models computed; and primitives that none of them has, to nir_reference.py. */
import assert from "node:assert/strict";
import * as v from "valibot";
import { parseNirOptions } from "../../src/nir/options.ts";
import { missesOf, nirJson, nirPath, verdictOf } from "./nir_files.ts";

const aboutSchema = v.object({ options: v.unknown() });
const casesSchema = v.array(v.object({ nir: v.string(), io: v.string(), options: v.unknown() }));

for (const { name } of [...Deno.readDirSync(nirPath("made"))].toSorted((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`readNir() runs ${name} to the live model's spikes and potentials`, async () => {
    const about = v.parse(aboutSchema, await nirJson(`made/${name}/about.json`));
    const options = parseNirOptions(about.options);
    const verdict = await verdictOf(`made/${name}/${name}.nir`, `made/${name}/io.safetensors`, options);
    assert.deepEqual(missesOf(verdict), []);
    assert.ok(verdict.comparisons.length >= 3, "spikes, potentials and the output are compared");
    assert.deepEqual(verdict.network.warnings, []);
  });
}

const byPreset = [
  ["norse_conv", "norse"],
  ["norse_leak", "norse"],
  ["norse_iaf_cuba", "norse"],
  ["spikingjelly_conv_if", "spikingjelly"],
  ["spikingjelly_lif", "spikingjelly"],
  ["spikingjelly_skip", "spikingjelly"],
  ["sinabs_cnn", "sinabs"],
  ["sinabs_iaf_multi", "sinabs"],
  ["sinabs_lif", "sinabs"],
  ["snntorch_leaky_subtract", "snntorch"],
  ["snntorch_synaptic", "snntorch"],
] as const;
for (const [name, as] of byPreset) {
  Deno.test(`readNir() runs ${name} likewise by the habits of ${as}`, async () => {
    const verdict = await verdictOf(`made/${name}/${name}.nir`, `made/${name}/io.safetensors`, { as });
    assert.deepEqual(missesOf(verdict), []);
  });
}

for (const { nir, io, options } of v.parse(casesSchema, await nirJson("primitives/cases.json"))) {
  Deno.test(`readNir() runs ${nir} as nir_reference.py does: ${io}`, async () => {
    const verdict = await verdictOf(`primitives/${nir}`, `primitives/${io}`, parseNirOptions(options));
    // Where inputs count as they are, potentials reach some tens: float32 has fewer digits behind the point.
    const misses = verdict.comparisons.filter(({ tensor, different, worst }) =>
      tensor.endsWith(".spikes") ? different > 0 : worst > 2e-5
    );
    assert.deepEqual(misses, []);
  });
}
