/** The figure "Why spikes": the operations of this answer, beside those of the feed-forward peer. */
import { count } from "../src/text/figures.ts";
import { costsOf } from "./logic/costs.ts";
import type { Inspection } from "./logic/protocol.ts";
import { readsRecordings } from "./input_view.ts";
import { element, make } from "./elements.ts";

/** Shows what an answer took; nothing for `undefined`. */
export function showCosts(inspection: Inspection | undefined): void {
  const bars = element("costs-bars", HTMLElement), text = element("costs-text", HTMLElement);
  const hasSpikes = !inspection || inspection.spec.steps > 1;
  text.textContent = hasSpikes
    ? "Work is done where a spike arrives; a silent neuron only leaks. What this very answer took:"
    : "This network has no spikes: it uses every weight, once. What this very answer took:";
  if (!inspection) return bars.replaceChildren();
  const { ofInput, ofSpikes, ofNeurons, dense } = costsOf(inspection), { spec } = inspection;
  const reads = readsRecordings(spec);
  const own = ofInput + ofSpikes + ofNeurons, most = Math.max(own, dense);
  const bar = (share: number, kind: string) => {
    const part = make("i", { class: kind });
    part.style.width = `${(100 * share).toFixed(2)}%`;
    return part;
  };
  if (spec.steps === 1) {
    bars.replaceChildren(
      ...entry("Without spikes", `${count(dense)} multiply-adds`, [bar(dense / most, "dense")]),
    );
    return;
  }
  const leaks = `and ${count(ofNeurons)} for potentials that leak, one a neuron and step (light grey)`;
  bars.replaceChildren(
    ...entry(
      "With spikes",
      `${count(own)} operations: ${count(ofInput)} for ${
        reads ? "inputs that are not 0" : "pixels with ink"
      } (grey), ${count(ofSpikes)} additions for spikes (orange), ${leaks}`,
      [bar(ofInput / most, "ink"), bar(ofSpikes / most, "spikes"), bar(ofNeurons / most, "leaks")],
    ),
    ...entry(
      reads ? "An ordinary network of this size" : "An ordinary network of this size, without time",
      `${count(dense)} multiply-adds: every weight${reads ? " at every step" : ""}, whatever is ${
        reads ? "recorded" : "drawn"
      }`,
      [
        bar(dense / most, "dense"),
      ],
    ),
  );
}

function entry(name: string, text: string, parts: readonly HTMLElement[]): HTMLElement[] {
  return [
    make("dt", {}, name),
    make("dd", {}, make("span", { class: "parts", "aria-hidden": "true" }, ...parts), text),
  ];
}
