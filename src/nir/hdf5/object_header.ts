/** The header of an object in the first version of the format: messages that say what it is. */
import { type Bytes, DamagedHdf5, OtherHdf5 } from "./bytes.ts";

/** Kinds of messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  continuation: 0x10,
  symbolTable: 0x11,
} as const;

/** Where a message lies. */
export interface Message {
  readonly at: number;
  readonly size: number;
}

/** The messages of an object by their kind; of several of a kind, the first. */
export type ObjectHeader = ReadonlyMap<number, Message>;

/** Of an object's header: version, a reserved byte, messages, references, size; padded. */
const PREFIX = 16;
/** Of a message: its kind, its size, flags, and three reserved bytes. */
const MESSAGE_PREFIX = 8;
/** The flag of a message that lies elsewhere. */
const SHARED = 0x02;
/** More continuations than any object has. */
const MOST_BLOCKS = 64;

/** Reads the header of the object at an address. */
export function readObjectHeader(file: Bytes, at: number): ObjectHeader {
  const version = file.u8(at);
  if (version === 0x4f) throw new OtherHdf5("an object's header of version 2");
  if (version !== 1) {
    throw new DamagedHdf5(`an object's header of version ${version} at byte ${at}: expected 1`);
  }
  const messages = new Map<number, Message>();
  let left = file.u16(at + 2);
  const blocks = [{ at: at + PREFIX, size: file.u32(at + 8) }];
  for (let block; left > 0 && (block = blocks.shift());) {
    const end = block.at + block.size;
    for (let place = block.at; left > 0 && place + MESSAGE_PREFIX <= end; left--) {
      const kind = file.u16(place), size = file.u16(place + 2), flags = file.u8(place + 4);
      const message = { at: place + MESSAGE_PREFIX, size };
      place = message.at + size;
      if (place > end) throw new DamagedHdf5(`a message at byte ${message.at} is longer than its header`);
      if (kind === MESSAGE.continuation) {
        blocks.push({ at: file.u64(message.at), size: file.u64(message.at + 8) });
        if (blocks.length > MOST_BLOCKS) throw new DamagedHdf5(`the header at byte ${at} has no end`);
      }
      if (isRead(kind) && (flags & SHARED) !== 0) throw new OtherHdf5("a message that objects share");
      if (!messages.has(kind)) messages.set(kind, message);
    }
  }
  return messages;
}

function isRead(kind: number): boolean {
  return Object.values<number>(MESSAGE).includes(kind);
}
