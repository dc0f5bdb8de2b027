/** A network's description as a file of its own: JSON, in the form of docs/networks.md. */
import { InputError } from "../errors.ts";
import { decodeText, readBeginning, readWhole } from "../files/file_access.ts";
import { parseJson } from "../text/json.ts";
import { type NetworkSpec, parseNetworkSpec } from "./spec.ts";

/** More bytes than any description has: 64 layers take some tens of thousands. */
const LARGEST_FILE = 1_000_000;

/**
 * Reads a network's description, and fills in all defaults.
 *
 * @throws {InputError} when the file cannot be read, is not JSON (the message names line and column), or does not describe a network
 * (the message names the path inside the file).
 */
export async function readNetwork(path: string): Promise<NetworkSpec> {
  const bytes = await readWhole(path, LARGEST_FILE);
  if (isSafetensors(bytes)) {
    throw new InputError(
      `${path}: this is a safetensors file, such as a model: expected a network's description, which is JSON ` +
        "(docs/networks.md)",
    );
  }
  const advice = "expected a network's description (docs/networks.md)";
  return parseNetworkSpec(parseJson(decodeText(bytes), path, advice), path);
}

/** Whether a file is a safetensors file, such as a model. @throws {InputError} when it cannot be read. */
export async function isSafetensorsFile(path: string): Promise<boolean> {
  return isSafetensors(await readBeginning(path, 9));
}

/** Whether a file begins as a safetensors file: with the length of a header in eight bytes, then the header. */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0);
}
