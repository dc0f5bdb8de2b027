/**
 * A folder that lives as long as one test needs it.
 *
 * @module
 */

/**
 * Runs a test in an empty folder of its own and removes it afterwards, whatever happens.
 *
 * @param test Is given the folder's path.
 */
export async function inTemporaryFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "spikelet-test-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
