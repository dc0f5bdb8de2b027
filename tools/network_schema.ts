/**
 * `deno task schema`: writes `schema/network.json`, the JSON schema of a network's description, from the schemas of `src/network`.
 *
 * An editor reads it for completion and hints. It covers the form of a description; `parseNetworkSpec` also checks names, edges and shapes.
 */
import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { InputError } from "../src/errors.ts";
import {
  graphSchema,
  layersSchema,
  layersWithInputSchema,
  nodeSchema,
  nodeSchemas,
} from "../src/network/graph_schema.ts";
import { NEURONS, neuronSchema } from "../src/network/neurons.ts";
import { edgeForms, edgesSchema } from "../src/network/place.ts";

/** The file, below the project's folder. */
export const SCHEMA_FILE = "schema/network.json";

/** Parts that a function chooses while parsing, each with the schemas that it chooses from. */
const CHOICES = new Map<v.GenericSchema, v.GenericSchema>([
  [nodeSchema, v.union([...nodeSchemas.values()])],
  [neuronSchema, v.union(Object.values(NEURONS).map(({ schema }): v.GenericSchema => schema))],
  [edgesSchema, v.union([edgeForms, v.pipe(v.array(edgeForms), v.minLength(1))])],
]);

const CONFIG: ConversionConfig = {
  typeMode: "input",
  // Finite numbers are all that JSON has; the other two are checks in code.
  ignoreActions: ["finite", "check", "transform"],
  overrideSchema({ valibotSchema }) {
    const choice = [...CHOICES].find(([schema]) => schema === valibotSchema)?.[1];
    return choice && withoutDialect(toJsonSchema(choice, CONFIG));
  },
};

/** A schema inside another one. */
function withoutDialect({ $schema: _, ...schema }: ReturnType<typeof toJsonSchema>) {
  return schema;
}

/** The schema as the text of its file. */
export function networkJsonSchema(): string {
  const schema = toJsonSchema(v.union([graphSchema, layersSchema, layersWithInputSchema]), CONFIG);
  return `${JSON.stringify({ title: "A spiking network of Spikelet", ...schema }, null, 2)}\n`;
}

const command = createCommand("schema", `Write ${SCHEMA_FILE} from the schemas of src/network`, "", "--check")
  .option("--check", "write nothing, and fail where the file is out of date")
  .action(async ({ check }) => {
    const text = networkJsonSchema();
    if (!check) return await Deno.writeTextFile(SCHEMA_FILE, text);
    if (await Deno.readTextFile(SCHEMA_FILE) !== text) {
      throw new InputError(`${SCHEMA_FILE}: it is out of date: run \`deno task schema\``);
    }
  });

if (import.meta.main) await runCommandLine(["schema", ...Deno.args], [command]);
