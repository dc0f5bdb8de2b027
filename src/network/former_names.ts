/** Names in files and command lines of earlier versions, which are still read. */

/** A preset's present name: `notebook` was once `seed`, and `feed-forward` `dense`. Other names stay as they are. */
export function presentModelName(name: string): string {
  switch (name) {
    case "seed":
      return "notebook";
    case "dense":
      return "feed-forward";
    default:
      return name;
  }
}

/** The letters of tensors in spikelet/1. */
const LETTERS = new Map([["fc weight", "w"], ["fc bias", "b"], ["rec weight", "v"]]);

/**
 * A tensor's name in spikelet/1, of a network that was described by layers: `fc1.weight` was `w1`, `fc1.bias` `b1`, `rec1.weight`
 * `v1`, and `neuron1.decay` `decay1`. Other names stay as they are.
 */
export function formerTensorName(name: string): string {
  const parts = /^(fc|rec|neuron)(\d+)\.(\w+)$/.exec(name);
  if (!parts) return name;
  const [, node = "", layer = "", tensor = ""] = parts;
  return `${LETTERS.get(`${node} ${tensor}`) ?? tensor}${layer}`;
}
