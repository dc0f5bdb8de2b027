/**
 * TypeScript declarations of the kernels: the exports of the compiler's entries, with the names and the order of parameters.
 *
 * `asc --bindings` writes declarations too, but then compiles to other bytes, and takes a pointer to a class for an object.
 */
import { FunctionPrototype, type Program } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

/** A pass of the compiler that reads the program and does not change it. */
export class KernelDeclarations extends Transform {
  /** A module of declarations. */
  text = "";

  /** Reads the program's exports. */
  override afterInitialize({ filesByName }: Program): void {
    const kernels = new Map<string, FunctionPrototype>();
    for (const { source, exports } of filesByName.values()) {
      if (source.sourceKind !== USER_ENTRY) continue;
      for (const [name, element] of exports ?? []) {
        if (!(element instanceof FunctionPrototype)) {
          throw new Error(`${name}: the host can call functions alone`);
        }
        kernels.set(name, element);
      }
    }
    this.text = "// Written by tools/build.ts from the kernels in asm/.\n" +
      "export declare const memory: WebAssembly.Memory;\n" +
      [...kernels].map(([name, kernel]) => declare(name, kernel)).join("");
  }
}

/** `SourceKind.UserEntry`, which the compiler's package has as a type only. */
const USER_ENTRY = 1;

/** The host passes numbers only, addresses included. */
function declare(
  name: string,
  { functionTypeNode: { parameters, returnType }, declaration }: FunctionPrototype,
): string {
  const list = parameters.map((parameter) => `${parameter.name.text}: number`).join(", ");
  const result = returnType.range.toString() === "void" ? "void" : "number";
  return `/** See ${declaration.range.source.normalizedPath}. */\n` +
    `export declare function ${name}(${list}): ${result};\n`;
}
