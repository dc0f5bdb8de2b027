/** Pictures for the documentation, saved small. */
import { existsSync } from "node:fs";
import { count } from "../src/text/figures.ts";

const PNGQUANT = "/usr/bin/pngquant";

/** Saves a picture, with a palette where `pngquant` is installed. */
export async function save(path: string, picture: Uint8Array): Promise<void> {
  await Deno.writeFile(path, picture);
  if (existsSync(PNGQUANT)) {
    const args = ["--force", "--strip", "--nofs", "--ext", ".png", path];
    const { code } = await new Deno.Command(PNGQUANT, { args }).output();
    if (code !== 0) throw new Error(`${PNGQUANT} ${path}: exit code ${code}`);
  }
  console.log(`${path}: ${count((await Deno.stat(path)).size)} bytes`);
}
