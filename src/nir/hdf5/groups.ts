/** Groups of the first version of the format: names in a local heap, addresses in symbol tables below a B-tree. */
import { type Bytes, DamagedHdf5 } from "./bytes.ts";

/** An entry of a group. */
export interface Link {
  readonly name: string;
  /** Of its object's header. */
  readonly address: number;
}

/** Of a node of a B-tree: signature, kind, level, entries, two siblings. */
export const TREE_PREFIX = 24;
/** Of a symbol table's entry: name, address, what else is known of the object, reserved, 16 bytes of it. */
const ENTRY = 40;
/** The entry names another one instead of an object. */
const SYMBOLIC = 2;
/** More levels than a B-tree of this many nodes has. */
const MOST_LEVELS = 8;

/** Reads a group's entries. @param message The place of its symbol table message. */
export function readLinks(file: Bytes, message: number): Link[] {
  const tree = file.u64(message), heap = file.u64(message + 8);
  file.expectSignature(heap, "HEAP");
  const names = file.u64(heap + 24), end = names + file.u64(heap + 8);
  const links: Link[] = [];
  for (const table of leavesOf(file, tree)) {
    file.expectSignature(table, "SNOD");
    const entries = file.u16(table + 6);
    for (let i = 0, at = table + 8; i < entries; i++, at += ENTRY) {
      const name = file.textAt(names + file.u64(at), end);
      if (file.u32(at + 16) === SYMBOLIC) throw new DamagedHdf5(`${name} is a link to another name`);
      links.push({ name, address: file.u64(at + 8) });
    }
  }
  return links;
}

/** The addresses below a B-tree of groups, from the least name up. */
function leavesOf(file: Bytes, root: number): number[] {
  let nodes = [root];
  const top = file.u8(root + 5);
  if (top > MOST_LEVELS) throw new DamagedHdf5(`a B-tree of ${top} levels at byte ${root}`);
  for (let level = top; level >= 0; level--) {
    nodes = nodes.flatMap((node) => childrenOf(file, node, level));
    if (nodes.length > file.length) throw new DamagedHdf5(`the B-tree at byte ${root} has no end`);
  }
  return nodes;
}

function childrenOf(file: Bytes, node: number, level: number): number[] {
  file.expectSignature(node, "TREE");
  const kind = file.u8(node + 4), found = file.u8(node + 5);
  if (kind !== 0 || found !== level) {
    throw new DamagedHdf5(`the B-tree's node at byte ${node} is of kind ${kind}, level ${found}`);
  }
  // A key before each child, and one behind them all.
  return Array.from({ length: file.u16(node + 6) }, (_, i) => file.u64(node + TREE_PREFIX + 16 * i + 8));
}
