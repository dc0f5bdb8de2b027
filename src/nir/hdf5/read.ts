/**
 * Reads HDF5 files of the form in which h5py writes NIR: bounded, so that a damaged file ends in one error.
 *
 * Files of the first version of the format are read here: libhdf5 as WebAssembly traps on some damaged ones, after which it cannot be
 * used any more, and lacks h5py's LZF. What is of a newer version is left to it (`library.ts`), which is loaded only then.
 */
import { InputError } from "../../errors.ts";
import { oneLine } from "../../text/one_line.ts";
import { Bytes, DamagedHdf5, OtherHdf5 } from "./bytes.ts";
import { readDataset } from "./datasets.ts";
import { readLinks } from "./groups.ts";
import { readByLibrary } from "./library.ts";
import { MESSAGE, readObjectHeader } from "./object_header.ts";
import type { Dataset, Group } from "./tree.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Groups in groups: a network's, its nodes', and graphs within graphs. */
const DEEPEST = 64;
/** More objects than a network has. */
const MOST_OBJECTS = 200_000;

/**
 * Reads all groups and datasets of a file.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @throws {InputError} when it is no HDF5 file, is damaged, or has a form that is not read.
 */
export async function readHdf5(bytes: Uint8Array, name: string): Promise<Group> {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    throw new InputError(
      `${name}: it is ${isZip ? "a ZIP archive, such as PyTorch writes" : "no HDF5 file"}: ` +
        "expected a network that `nir.write` wrote",
    );
  }
  try {
    return readOldFile(new Bytes(bytes), name);
  } catch (error) {
    if (!(error instanceof OtherHdf5)) throw error;
    return await readByLibrary(bytes, name);
  }
}

/** Reads a file of the first version. */
function readOldFile(file: Bytes, name: string): Group {
  const version = within(name, "", () => file.u8(8));
  if (version > 1) throw new OtherHdf5(`a superblock of version ${version}`);
  const root = within(name, "", () => {
    if (file.u8(13) !== 8 || file.u8(14) !== 8) throw new DamagedHdf5("addresses are not of 8 bytes");
    const extra = version === 0 ? 0 : 4;
    const end = file.u64(40 + extra);
    if (end > file.length) {
      throw new DamagedHdf5(`${file.length} bytes, but its header promises ${end}: the file is cut short`);
    }
    return file.u64(56 + extra + 8);
  });
  let objects = 0;
  const readObject = (address: number, path: readonly string[]): Group | Dataset =>
    within(name, path.join("/"), () => {
      if (path.length > DEEPEST || ++objects > MOST_OBJECTS) {
        throw new DamagedHdf5("groups lie in groups without end");
      }
      const header = readObjectHeader(file, address), table = header.get(MESSAGE.symbolTable);
      if (table) {
        const entries = new Map<string, Group | Dataset>();
        for (const link of readLinks(file, table.at)) {
          if (entries.has(link.name)) throw new DamagedHdf5(`${link.name} comes twice`);
          entries.set(link.name, readObject(link.address, [...path, link.name]));
        }
        return entries;
      }
      if (header.has(MESSAGE.linkInfo) || header.has(MESSAGE.link)) throw new OtherHdf5("a newer group");
      return readDataset(file, header);
    });
  const group = readObject(root, []);
  if (!(group instanceof Map)) throw new InputError(`${name}: its root is no group: the file is damaged`);
  return group;
}

/** Names the file and the place of a damage. */
function within<Result>(name: string, place: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DamagedHdf5)) throw error;
    const where = place === "" ? name : `${name}: ${oneLine(place)}`;
    throw new InputError(`${where}: ${oneLine(error.message)}: the file is damaged; fetch it again`);
  }
}
