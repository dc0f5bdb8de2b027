/** The kernels of the first convolution as pictures, one a channel of what it reads. */
import { count, counted } from "../text/figures.ts";
import type { Parameters } from "../engine/engine.ts";
import type { Samples } from "../data/samples.ts";
import { firstKernels } from "../network/maps.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { signedImage } from "./images.ts";
import { layOut } from "./layout.ts";
import { html, type Markup, section } from "./markup.ts";
import { activityOfMaps, type LayerActivity } from "./recordings.ts";
import { orderUnits } from "./unit_order.ts";
import { captionOf, describeOrder, describeScale, orderedLists, scaleOf, SIGNS } from "./weights.ts";

/** The most kernels, channels of each, pictures and numbers that are shown, which bounds the page's bytes. */
const MOST_KERNELS = 144, MOST_CHANNELS = 8, MOST_PICTURES = 600, MOST_WEIGHTS = 80_000;

/**
 * The section; undefined where there is no convolution.
 *
 * @param layers The recorded layers, of which one may have a map for each kernel.
 * @param first The network's parameters before training, where they are known.
 */
export function kernelsSection(
  spec: NetworkSpec,
  parameters: Parameters,
  samples: Samples,
  layers: readonly LayerActivity[],
  first?: Parameters,
): Markup | undefined {
  const found = firstKernels(spec), weights = found && parameters.get(found.tensor.name);
  if (!weights) return undefined;
  const {
    tensor: { name, node, shape: [kernels = 0, channels = 0, rows = 0, columns = 0] },
    isOfInput,
    population,
  } = found;
  const recorded = layers.find(({ layer }) => layer === population?.index);
  const activity = recorded && population && activityOfMaps(recorded, population.shape);
  const planes = Math.min(channels, MOST_CHANNELS), size = rows * columns;
  const most = Math.max(1, Math.min(MOST_KERNELS, MOST_PICTURES / planes, MOST_WEIGHTS / (planes * size)));
  const order = orderUnits(
    { weights, units: kernels, rates: activity?.rates, first: first?.get(name) },
    Math.floor(most),
  );
  const scale = scaleOf(weights);
  const picture = (kernel: number, channel: number) => {
    const begin = (kernel * channels + channel) * size;
    const cells = layOut(weights.subarray(begin, begin + size), { of: "picture", rows, columns });
    const alt = `Kernel ${kernel}${channels === 1 ? "" : `, channel ${channel}`}`;
    return html`<img src="${signedImage(cells, scale)}" width="${8 * cells.columns}" height="${
      8 * cells.rows
    }" alt="${alt}">`;
  };
  const item = (kernel: number) =>
    html`<li><div>${Array.from({ length: planes }, (_, channel) => picture(kernel, channel))}</div><span>${
      captionOf(kernel, activity, samples)
    }</span></li>`;
  const about = activity &&
    "Below it stand its number, the class for which the units of its map fire the most, and their firing rate.";
  return section(
    "kernels",
    "Kernels of the first convolution",
    SIGNS,
    html`<p>${
      describeOrder(order, kernels, "kernel", activity !== undefined)
    } Each, of ${node}, has ${rows} × ${columns} weights. ${describeScale(scale)} ${
      channelsInWords(channels, planes, isOfInput && samples.picture?.channels === 3)
    } ${about}</p>`,
    ...orderedLists(
      order,
      "kernel",
      (kernels) =>
        html`<ul class="weights planes" style="--planes:${Math.max(planes, 1.65)}">${kernels.map(item)}</ul>`,
    ),
  );
}

/** What the pictures of a kernel are. */
function channelsInWords(channels: number, shown: number, areColours: boolean): string {
  if (channels === 1) return "";
  if (areColours) return "From the left, what it makes of red, green and blue.";
  return shown === channels
    ? `From the left, a picture for each of ${counted(channels, "channel")} that it reads.`
    : `From the left, pictures for the first ${count(shown)} of the ${
      count(channels)
    } channels that it reads.`;
}
