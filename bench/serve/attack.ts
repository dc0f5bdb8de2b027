/**
 * Attacks a server from a process of its own, so that its work is not counted as the server's.
 *
 *     deno run … bench/serve/attack.ts forms URL DIGITS ROUNDS SENDERS
 *     deno run … bench/serve/attack.ts silence URL CONNECTIONS
 *
 * Prints one line of JSON when it is over.
 */
import { attack, silence } from "../../tests/serve/attack.ts";

if (import.meta.main) {
  const [kind, url = "", ...rest] = Deno.args;
  if (kind === "forms") {
    const [digits = "", rounds, senders] = rest;
    const digit = (await Deno.readFile(digits)).slice(0, 784);
    const { good, forms } = await attack(url, digit, { rounds: Number(rounds), senders: Number(senders) });
    console.log(JSON.stringify({ good: Object.fromEntries(good), forms: Object.fromEntries(forms) }));
  } else {
    await silence(Number(new URL(url).port), Number(rest[0]), 15_000);
    console.log(JSON.stringify({ closed: Number(rest[0]) }));
  }
  Deno.exit();
}
