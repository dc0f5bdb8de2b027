/**
 * A network's description as a file of its own: JSON, in the form of docs/networks.md.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { readError, sizeOfFile } from "../file_access.ts";
import { type NetworkSpec, parseNetworkSpec } from "./spec.ts";

/** No description is longer: 64 layers take some tens of thousands of bytes. */
const LARGEST_FILE = 1_000_000;

/**
 * Reads a network's description.
 *
 * @param path The file.
 * @returns The description, with all defaults filled in.
 * @throws {InputError} when the file cannot be read, is not JSON, or does not describe a network; the message names the path
 * inside the file.
 */
export async function readNetwork(path: string): Promise<NetworkSpec> {
  const size = await sizeOfFile(path);
  if (size > LARGEST_FILE) {
    throw new InputError(
      `${path}: ${size.toLocaleString("en-US")} bytes: this is not a network's description; expected JSON`,
    );
  }
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw readError(error, path);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${path}: not JSON: ${reason}: expected a network's description (docs/networks.md)`);
  }
  return parseNetworkSpec(value, path);
}
