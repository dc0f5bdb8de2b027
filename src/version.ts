/**
 * Which Spikelet this is.
 *
 * @module
 */
import configuration from "../deno.json" with { type: "json" };

/** The version in deno.json. */
export const VERSION: string = configuration.version;
