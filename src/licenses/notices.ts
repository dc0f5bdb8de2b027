/** The notices that a bundle must contain: whose code is in it, and on what terms, each text as in its package. */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { byName, findCompiler, type Package, readPackage } from "./packages.ts";
import { VERSION } from "../version.ts";
import { absentLicense } from "./absent.ts";

/** The file of the notices in every folder that holds a bundle. */
export const NOTICES_FILE = "LICENSES.txt";

/** The terms of a part of a bundle. */
export interface Notice {
  /** Whose notice it is, with version and licence: `valibot 1.5.0 (MIT)`. */
  readonly title: string;
  /** The terms, word for word. */
  readonly text: string;
}

/** Parts of a bundle that are no package: kernels with the compiler's library in them, MNIST's digits. */
export type Ingredient = "kernels" | "digits";

const ROOT = new URL("../../", import.meta.url);

/** Names of files with terms, and with the notices that Apache's licence requires. */
const TERMS = /^(licen[cs]e|copying|notice)/i;

const LINE = "=".repeat(80);

/**
 * Writes the notices of a bundle: Spikelet's own first, then those of the packages by their names, the same terms once.
 *
 * @param packages Packages whose code is in the bundle.
 * @param ingredients Its other parts.
 * @param others Notices before those of the packages.
 * @throws {InputError} when a package contains no text of its licence and none is known: such a bundle may not be made.
 */
export async function writeNotices(
  packages: readonly Package[],
  ingredients: readonly Ingredient[],
  others: readonly Notice[] = [],
): Promise<string> {
  const own = await Deno.readTextFile(new URL("LICENSE", ROOT));
  const notices: Notice[] = [
    { title: `Spikelet ${VERSION} (MIT)`, text: own },
    ...others,
    ...(ingredients.includes("kernels") ? [await kernelsNotice()] : []),
    ...(ingredients.includes("digits") ? [DIGITS] : []),
    ...await Promise.all(packages.toSorted(byName).map(packageNotice)),
  ];
  const titles = Map.groupBy(notices, ({ text }) => text);
  return `What is in here, by whom, and on what terms.\n${
    [...titles].map(([text, those]) =>
      `\n${LINE}\n${those.map(({ title }) => `${title}\n`).join("")}${LINE}\n\n${text.trim()}\n`
    ).join("")
  }`;
}

/** @throws {InputError} when there is no text. */
async function packageNotice({ name, version, license, folder }: Package): Promise<Notice> {
  const files = [...Deno.readDirSync(folder)].filter((entry) => entry.isFile && TERMS.test(entry.name));
  const texts = await Promise.all(
    files.map((file) => file.name).toSorted().map((file) => Deno.readTextFile(join(folder, file))),
  );
  const text = texts.length > 0
    ? texts.map((each) => each.replaceAll("\r\n", "\n").trim()).join("\n\n")
    : await absentLicense(name, license);
  if (!text) {
    throw new InputError(
      `${folder}: ${name} ${version} names the licence ${license} and brings no file with its text: ` +
        "add it to src/licenses/absent.ts, as its authors publish it",
    );
  }
  return { title: `${name} ${version} (${license})`, text };
}

/** Kernels contain parts of AssemblyScript's library: `exp` and `log`, memory and its checks. */
async function kernelsNotice(): Promise<Notice> {
  const { title, text } = await packageNotice(await readPackage(findCompiler()));
  return { title: `${title}, of whose library the kernels use a part`, text };
}

const DIGITS: Notice = {
  title: "MNIST (CC BY-SA 3.0), of which the page has some digits",
  text:
    `Yann LeCun and Corinna Cortes hold the copyright of MNIST, which is derived from NIST's Special Databases 1 and 3.
It is made available under the terms of the Creative Commons Attribution-Share Alike 3.0 license,
https://creativecommons.org/licenses/by-sa/3.0/. The first digits of each set are here as they are there.`,
};
