/** What a NIR file does not say of a network, and which framework will differ. */
import type { GraphSpec } from "../../network/graph.ts";
import { areAll } from "../constants.ts";
import { NIR_DEFAULTS, type NirOptions } from "../options.ts";
import type { Drafts } from "./draft.ts";

/** What the file does not say, and who will differ. */
export function notesOf(spec: GraphSpec, drafts: Drafts, options: NirOptions): string[] {
  const notes: string[] = [], all = [...drafts.nodes.values()];
  const spiking = all.filter(({ constants }) => constants.has("v_threshold"));
  if (options.reset !== "value" && spiking.length > 0) {
    notes.push(
      `reset ${options.reset}: NIR says a reset to v_reset alone; snnTorch, Norse and SpikingJelly will reset to 0, and differ` +
        (options.reset === "subtract" ? "; Sinabs subtracts" : ""),
    );
  }
  if (options.spikes === "multi" && spiking.length > 0) {
    notes.push("several spikes a step: Sinabs alone has them; snnTorch, Norse and SpikingJelly will differ");
  }
  if (options.start !== "zero") notes.push(`potentials start at v_reset: SpikingJelly alone has that`);
  for (const { id, type, constants, loop } of spiking) {
    if (!areAll(constants.get("v_reset") ?? 0, 0)) notes.push(`${id}: snnTorch and Norse ignore its v_reset`);
    if (type === "IF") notes.push(`${id}: snnTorch reads no IF`);
    const different = ["tau", "tau_mem", "tau_syn", "v_threshold"].filter((name) =>
      typeof (constants.get(name) ?? 0) !== "number"
    );
    if (different.length > 0) {
      notes.push(
        `${id}: ${different.join(", ")} differ between units: snnTorch and SpikingJelly take one for all`,
      );
    }
    if (loop && type === "CubaLIF") notes.push(`${id}: Sinabs reads no CubaLIF`);
  }
  notes.push(...drafts.notes);
  if (notes.length === 0) {
    notes.push(
      `snnTorch, Norse and SpikingJelly run it to the same spikes; Norse has to be told dt ${options.dt}`,
    );
  } else {
    notes.push(
      `readers have to be told: ${
        Object.entries(options).filter(([name, value]) =>
          name === "dt" || value !== Object.entries(NIR_DEFAULTS).find(([key]) => key === name)?.[1]
        ).map((pair) => pair.join(" ")).join(", ")
      }`,
    );
  }
  const { kind } = spec.input.encoder;
  if (kind !== "direct") {
    notes.push(`its input is what the encoder makes (${kind}), which is not part of the file`);
  }
  notes.push(
    `its output is ${
      spec.readout.from === "spikes" ? "spikes" : "potentials"
    } at every step; here their ${spec.readout.reduce} over ${spec.steps} steps is read`,
  );
  if (spec.readout.delay > 0) {
    notes.push(`the readout's delay of ${spec.readout.delay} is not part of the file`);
  }
  return notes;
}
