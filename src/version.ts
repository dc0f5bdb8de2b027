/** Which Spikelet this is. */

/** The version, as it stands in deno.json: a test holds one to the other, and bundles need not have that whole file inside. */
export const VERSION = "0.1.0";
