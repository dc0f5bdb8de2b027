/** Types of a dataset's elements. */
import { type Bytes, DamagedHdf5, OtherHdf5 } from "./bytes.ts";

/** A type of elements, and bytes of one. */
export type Datatype =
  & (
    | { readonly kind: "whole"; readonly isSigned: boolean }
    | { readonly kind: "float" }
    /** Of a fixed length, padded. */
    | { readonly kind: "text" }
    /** In the global heap. */
    | { readonly kind: "heapText" }
  )
  & { readonly size: number };

/** Classes of types. */
const CLASS = { whole: 0, float: 1, text: 3, enumeration: 8, variable: 9 } as const;
/** Of a type: its class, three bytes of flags, its size. */
const PREFIX = 8;

/** IEEE 754's fields by size: precision, place and width of the exponent, width of the mantissa, bias. */
const FLOATS: ReadonlyMap<number, readonly number[]> = new Map([
  [4, [32, 23, 8, 23, 127]],
  [8, [64, 52, 11, 52, 1023]],
]);

/** Reads a datatype message. */
export function readDatatype(file: Bytes, at: number): Datatype {
  const kind = file.u8(at) & 0x0f, flags = file.u8(at + 1), size = file.u32(at + 4);
  const properties = at + PREFIX;
  switch (kind) {
    case CLASS.whole:
      checkOrder(flags);
      if (
        ![1, 2, 4, 8].includes(size) || file.u16(properties) !== 0 || file.u16(properties + 2) !== 8 * size
      ) {
        throw new OtherHdf5(`whole numbers of ${size} bytes`);
      }
      return { kind: "whole", isSigned: (flags & 0x08) !== 0, size };
    case CLASS.float: {
      checkOrder(flags);
      const fields = [
        file.u16(properties + 2),
        file.u8(properties + 4),
        file.u8(properties + 5),
        file.u8(properties + 7),
        file.u32(properties + 8),
      ];
      if (fields.join() !== FLOATS.get(size)?.join()) throw new OtherHdf5(`floats of ${size} bytes`);
      return { kind: "float", size };
    }
    case CLASS.text:
      return { kind: "text", size };
    case CLASS.enumeration: {
      const base = readDatatype(file, properties);
      if (base.size !== size) throw new DamagedHdf5(`an enumeration of ${size} bytes over ${base.size}`);
      return base;
    }
    case CLASS.variable:
      if ((flags & 0x0f) !== 1 || size !== 16) throw new OtherHdf5("lists of variable length");
      return { kind: "heapText", size };
    default:
      throw new OtherHdf5(`elements of class ${kind}`);
  }
}

function checkOrder(flags: number): void {
  if ((flags & 0x01) !== 0) throw new OtherHdf5("big-endian numbers");
}
