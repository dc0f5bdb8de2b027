/** What a comparison came to, for people and for machines. */
import { duration, loss, percent } from "../text/figures.ts";
import { type ComparedNetwork, NOTEBOOK, type Spread } from "../runs/compare.ts";
import { alignColumns } from "../text/columns.ts";

/** The notebook's closing table, with mean and spread; what the notebook had is beside it where it had one of these networks. */
export function table(compared: readonly ComparedNetwork[]): string[] {
  const hasNotebook = compared.some(({ model }) => NOTEBOOK[model] !== undefined);
  const row = (
    name: string,
    { runs }: ComparedNetwork,
    { mean, deviation, min, max }: Spread,
    notebook: number | undefined,
    write: (value: number) => string,
  ) => [
    name,
    write(mean),
    runs.length > 1 ? `± ${write(deviation)}` : "",
    `${write(min)} – ${write(max)}`,
    ...(hasNotebook ? [notebook === undefined ? "" : write(notebook)] : []),
  ];
  const head = ["test set", "mean", "", "lowest – highest", ...(hasNotebook ? ["notebook"] : [])];
  const body = [
    ...compared.map((network) => {
      const { model, accuracy } = network;
      return row(`${model} accuracy`, network, accuracy, NOTEBOOK[model]?.accuracy, percent);
    }),
    ...compared.flatMap((network) => {
      const { model, validation } = network;
      return validation ? [row(`${model} held back`, network, validation, undefined, percent)] : [];
    }),
    ...compared.map((network) =>
      row(`${network.model} loss`, network, network.loss, NOTEBOOK[network.model]?.loss, loss)
    ),
    ...compared.map((network) => row(`${network.model} time`, network, network.seconds, undefined, duration)),
  ];
  return [
    ...alignColumns([head, ...body], ["left", "right", "right", "right", "right"]),
    "",
    describeSeeds(compared),
    ...(hasNotebook ? ["The notebook trained each once on MNIST, for one epoch of 60,000 samples."] : []),
  ];
}

/** Over how many seeds the table is: a comparison that was stopped has more of one network than of another. */
function describeSeeds(compared: readonly ComparedNetwork[]): string {
  const [seeds = 0, ...others] = compared.map(({ runs }) => runs.length);
  if (others.some((other) => other !== seeds)) {
    const each = compared.map(({ model, runs }) => `${model} ${runs.length}`).join(", ");
    return `Mean ± standard deviation of the seeds that are done: ${each}.`;
  }
  return seeds > 1
    ? `Mean ± standard deviation of ${seeds} seeds.`
    : "One seed shows no spread: try --seeds 5.";
}

/** The same for machines. */
export function report(compared: readonly ComparedNetwork[]): Record<string, unknown> {
  return Object.fromEntries(compared.map(({ model, runs, ...spreads }) => [model, {
    ...spreads,
    runs: runs.map(({ name: _name, dir: _dir, ...run }) => run),
  }]));
}
