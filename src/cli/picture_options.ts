/** The options of how pictures of a folder are read. */
import { Command } from "@commander-js/extra-typings";
import { defined } from "../defined.ts";
import type { Samples, WantedForm } from "../data/samples.ts";
import { OptionError } from "../errors.ts";
import type { OptionsOf } from "./command.ts";
import { numberOption, wholeNumbers } from "./option_values.ts";

/** `--side` and `--grey` */
export const pictureOptions = new Command()
  .optionsGroup("Data and machine:")
  .addOption(
    numberOption(
      "--side <pixels>",
      "scale pictures of a folder to fit into squares",
      wholeNumbers(1, 4096),
      "their own size; 28 where these differ",
    ),
  )
  .option("--grey", "make grey of colours in pictures of a folder");

/** Their values. */
export type PictureOptions = OptionsOf<typeof pictureOptions>;

/** The form of pictures that the options ask for. @param network What a network asks for where they say nothing. */
export function wantedOf({ side, grey }: PictureOptions, network: WantedForm = {}): WantedForm {
  return { ...(side === undefined ? network : defined({ side })), ...(grey && { channels: 1 }) };
}

/** Checks that samples have the form that was asked for. @throws {OptionError} when an option was given in vain. */
export function checkPictures({ side, grey }: PictureOptions, { name, picture }: Samples): void {
  if (side !== undefined && (picture?.rows !== side || picture.columns !== side)) {
    throw vain(`--side ${side}`, name);
  }
  if (grey && (picture?.channels ?? 1) !== 1) throw vain("--grey", name);
}

function vain(option: string, name: string): OptionError {
  return new OptionError(
    `${option}: only PNG and JPEG pictures of a folder are changed, and ${name} has none: leave it out`,
  );
}
