/** `verify FILE.nir --io FILE`: the network of a NIR file, held to what another framework computed. */
import { OptionError } from "../errors.ts";
import { readWhole } from "../files/file_access.ts";
import { unitName } from "../network/maps.ts";
import { structureOf } from "../network/structure.ts";
import { describeNetwork } from "../network/words.ts";
import { alignColumns } from "../text/columns.ts";
import { count, counted, short } from "../text/figures.ts";
import { firstToDiffer, type NirComparison, type NirVerdict, verifyNirCase } from "../verify/nir_case.ts";
import type { OpenEngine, VerifyOptions } from "../verify/verify.ts";
import { INVOCATION } from "./command.ts";
import { type NirFlags, nirOptionsOf, noticesOf } from "./nir_options.ts";
import { openOutput } from "./output.ts";

/** Runs the case and says where the network first differs. Sets the exit code where it does. */
export async function verifyNir(
  files: readonly string[],
  given: NirFlags & { readonly io?: string; readonly json?: true },
  engine: VerifyOptions,
  open: OpenEngine,
): Promise<void> {
  const [file = "", ...more] = files, { io } = given;
  if (more.length > 0 || !file.endsWith(".nir")) {
    throw new OptionError(
      `--io: belongs to one NIR file: expected ${INVOCATION} verify network.nir --io FILE`,
    );
  }
  if (io === undefined) {
    throw new OptionError(
      `${file}: expected --io FILE beside it, with what another framework computed (docs/nir.md)`,
    );
  }
  const verdict = await verifyNirCase(
    { bytes: await readWhole(file), name: file },
    { bytes: await readWhole(io), name: io },
    nirOptionsOf(given),
    engine,
    open,
  );
  const { network, comparisons } = verdict, passed = comparisons.every(({ different }) => different === 0);
  const { say, result } = openOutput(given);
  say(`${passed ? "PASS" : "FAIL"}  ${file}: ${describeNetwork(network.model.spec)}`);
  for (const notice of noticesOf(network)) say(notice);
  const rows = comparisons.map(({ tensor, values, different, worst }) => [
    different > 0 ? "MISS" : "",
    tensor,
    count(values),
    count(different),
    short(worst),
  ]);
  const head = ["", "tensor", "values", "different", "largest difference"];
  for (const line of alignColumns([head, ...rows], ["left", "left", "right", "right", "right"])) say(line);
  const first = firstToDiffer(comparisons);
  if (first) say(describeDifference(first, verdict));
  result({
    file,
    io,
    passed,
    options: network.options,
    assumed: network.assumed,
    warnings: network.warnings,
    comparisons,
  });
  if (!passed) Deno.exitCode = 1;
}

/** `lif1 differs first: step 12, sample 0, unit 3: 1 spike, expected 0`. */
function describeDifference({ tensor, first }: NirComparison, { network }: NirVerdict): string {
  const [, name = tensor, what = "output"] = /^(.*)\.(spikes|voltage)$/.exec(tensor) ?? [];
  const { step, sample, unit, found, expected } = first!;
  const id = network.neurons.find((each) => each.name === name)?.id ?? network.output.id;
  const population = structureOf(network.model.spec).populations.find((each) => each.id === id)!;
  const numbers = what === "spikes"
    ? `${counted(found, "spike")}, expected ${count(expected)}`
    : `${what === "voltage" ? "a potential of " : ""}${found}, expected ${expected}`;
  return `${name} differs first: step ${step}, sample ${sample}, ${
    unitName(population.shape, unit)
  }: ${numbers}`;
}
